import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Catalog, CatalogChange, CatalogKey } from '../../../engine/catalog/catalog.js';

const key = fc.array(fc.oneof(fc.integer({ min: -2, max: 2 }), fc.constantFrom('', 'a', 'b')), {
  minLength: 1,
  maxLength: 3,
});
const value = fc.oneof(
  fc.integer(),
  fc.string(),
  fc.constant(null),
  fc.boolean(),
  fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  fc.record({ a: fc.maxSafeInteger(), b: fc.array(fc.integer(), { maxLength: 3 }) }),
);
const transaction = fc.array(
  fc.record({ key, value: fc.option(value, { nil: undefined, freq: 4 }) }),
  { maxLength: 5 },
);

/** What every catalog must do; `open` makes an empty one. */
export function testCatalogContract(open: () => Promise<Catalog>): void {
  test('reads see every write handed in before, and agree with a naive map', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ transaction, awaited: fc.boolean() }), { maxLength: 12 }),
        fc.array(key, { maxLength: 4 }),
        async (steps, prefixes) => {
          const catalog = await open();
          const model = new Map<string, CatalogChange>();
          const writes: Promise<void>[] = [];
          for (const step of steps) {
            writes.push(catalog.write(step.transaction));
            for (const change of step.transaction) {
              if (change.value === undefined) model.delete(JSON.stringify(change.key));
              else model.set(JSON.stringify(change.key), change);
            }
            if (step.awaited) await Promise.all(writes);
            for (const prefix of [[], ...prefixes]) {
              expect([...catalog.range(prefix)]).toEqual(modelRange(model, prefix));
            }
            for (const name of prefixes) {
              expect(catalog.get(name)).toEqual(model.get(JSON.stringify(name))?.value);
            }
          }
          await catalog.close();
          await Promise.all(writes);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('a value is copied on the way in and on the way out', async () => {
    const catalog = await open();
    const written = { list: [1], bytes: Buffer.from('abc') };
    const write = catalog.write([{ key: ['k'], value: written }]);
    written.list.push(2);
    written.bytes.fill(0);
    const first = catalog.get(['k']) as typeof written;
    expect(first).toEqual({ list: [1], bytes: Buffer.from('abc') });
    first.list.push(3);
    first.bytes.fill(0);
    await write;
    expect(catalog.get(['k'])).toEqual({ list: [1], bytes: Buffer.from('abc') });
    await catalog.close();
  });

  test('a removed key is gone, at once and after the promise', async () => {
    const catalog = await open();
    await catalog.write([{ key: ['a'], value: 1 }]);
    const write = catalog.write([{ key: ['a'], value: undefined }]);
    expect(catalog.get(['a'])).toBeUndefined();
    await write;
    expect(catalog.get(['a'])).toBeUndefined();
    expect([...catalog.range([])]).toEqual([]);
    await catalog.close();
  });
}

function modelRange(model: Map<string, CatalogChange>, prefix: CatalogKey): CatalogChange[] {
  return [...model.values()]
    .filter((change) => prefix.every((part, at) => change.key[at] === part))
    .sort((a, b) => compareKeys(a.key, b.key));
}

function compareKeys(a: CatalogKey, b: CatalogKey): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const [left, right] = [a[at]!, b[at]!];
    if (left === right) continue;
    if (typeof left !== typeof right) return typeof left === 'number' ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return a.length - b.length;
}

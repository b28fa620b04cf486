import { expect, test } from 'vitest';
import { Unpacked } from '../../../engine/embedded/unpacked.js';
import { seededRandom } from '../../../engine/random.js';

async function* chunksOf(sizes: readonly number[], endings: string[]): AsyncGenerator<number[]> {
  let next = 0;
  try {
    for (const size of sizes) {
      await null;
      yield Array.from({ length: size }, () => next++);
    }
  } finally {
    endings.push('ended');
  }
}

test('it gives what a generator of the items would, whether calls wait for each other or not', async () => {
  for (let seed = 0; seed < 40; seed++) {
    const random = seededRandom(seed);
    const sizes = Array.from({ length: 6 }, () => Math.floor(random.next() * 4));
    const count = sizes.reduce((sum, size) => sum + size, 0);
    const items = new Unpacked(chunksOf(sizes, []), (raw: number) => raw * 2);
    const calls: Promise<IteratorResult<number, undefined>>[] = [];
    for (let call = 0; call < count + 3; call++) {
      calls.push(items.next());
      if (random.next() < 0.5) await calls.at(-1);
    }
    const found = await Promise.all(calls);
    expect(found.map(({ value, done }) => (done ? 'done' : value))).toEqual([
      ...Array.from({ length: count }, (_, at) => at * 2),
      'done',
      'done',
      'done',
    ]);
  }
});

test('an item that cannot be made ends it, and so does a return, with the generator below', async () => {
  const endings: string[] = [];
  const failing = new Unpacked(chunksOf([5], endings), (raw: number) => {
    if (raw === 2) throw new RangeError('bad');
    return raw;
  });
  expect([await failing.next(), await failing.next()].map(({ value }) => value)).toEqual([0, 1]);
  await expect(failing.next()).rejects.toThrow('bad');
  expect(await failing.next()).toEqual({ done: true, value: undefined });
  const returned = new Unpacked(chunksOf([5], endings), (raw: number) => raw);
  await returned.next();
  expect(await returned.return()).toEqual({ done: true, value: undefined });
  expect(await returned.next()).toEqual({ done: true, value: undefined });
  expect(endings).toEqual(['ended', 'ended']);
});

test('a failure of the chunks is that of the call that waits for them', async () => {
  const items = new Unpacked(
    (async function* () {
      yield [1];
      throw new RangeError('below');
    })(),
    (raw: number) => raw,
  );
  expect((await items.next()).value).toBe(1);
  await expect(items.next()).rejects.toThrow('below');
  expect((await items.next()).done).toBe(true);
});

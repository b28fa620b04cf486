import { setImmediate as nextTurn } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../../engine/catalog/memory-catalog.js';
import { ManualClock } from '../../../engine/manual-clock.js';
import { openCatalogStore } from '../../../server/metadata/catalog-store.js';
import type { MetadataStore, WatchEvent } from '../../../server/metadata/store.js';

async function newStore(catalog = new MemoryCatalog()) {
  const clock = new ManualClock();
  return { store: await openCatalogStore(catalog, { clock }), clock, catalog };
}

async function put(store: MetadataStore, key: string, value: unknown, leaseId?: string) {
  const change = leaseId === undefined ? { key, value } : { key, value, leaseId };
  const outcome = await store.transact({ changes: [change] });
  if (!outcome.committed) throw new Error('an unconditional transaction did not commit');
  return outcome.revision;
}

async function keysOf(store: MetadataStore, prefix = ''): Promise<string[]> {
  return (await store.range(prefix)).entries.map(({ key }) => key);
}

test('a condition holds for the revision that last wrote the key, and 0 means absent', async () => {
  const { store } = await newStore();
  const first = await store.transact({
    conditions: [{ key: 'a', revision: 0 }],
    changes: [{ key: 'a', value: { n: 1 } }],
  });
  expect(first).toEqual({ committed: true, revision: 1 });
  const taken = { conditions: [{ key: 'a', revision: 0 }], changes: [{ key: 'a', value: 2 }] };
  expect(await store.transact(taken)).toEqual({ committed: false });
  expect(await store.get('a')).toEqual({ key: 'a', value: { n: 1 }, revision: 1 });
  expect(await put(store, 'b', 1)).toBe(2);
  const next = { conditions: [{ key: 'a', revision: 1 }], changes: [{ key: 'a', value: 3 }] };
  expect(await store.transact(next)).toEqual({ committed: true, revision: 3 });
  expect(await store.get('none')).toBeNull();
});

test('of two transactions on the same condition that are handed in together, one commits', async () => {
  const { store } = await newStore();
  const transaction = (value: string) => ({
    conditions: [{ key: 'leader', revision: 0 }],
    changes: [{ key: 'leader', value }],
  });
  const outcomes = await Promise.all(
    ['x', 'y', 'z'].map((name) => store.transact(transaction(name))),
  );
  expect(outcomes.map(({ committed }) => committed)).toEqual([true, false, false]);
  expect((await store.get('leader'))?.value).toBe('x');
});

test('nothing can be read or watched before it is durable', async () => {
  const { store, catalog } = await newStore();
  const events: WatchEvent[] = [];
  store.watch('', (event) => {
    expect(catalog.snapshotDurable()).toContainEqual({
      key: ['metadata', 'revision'],
      value: event.revision,
    });
    events.push(event);
  });
  const transaction = put(store, 'a', 1);
  await Promise.resolve();
  await Promise.resolve();
  expect(await store.get('a')).toBeNull();
  expect(events).toEqual([]);
  await transaction;
  expect(events).toHaveLength(1);
});

test('a range is sorted by bytes and has the revision from which a watch misses nothing', async () => {
  const { store } = await newStore();
  for (const key of ['t/\u{1f600}', 't/\uffff', 't/a', 't', 'u/b', 't-a', 't/'])
    await put(store, key, 1);
  expect(await keysOf(store, 't/')).toEqual(['t/', 't/a', 't/\uffff', 't/\u{1f600}']);
  expect(await keysOf(store)).toEqual(['t', 't-a', 't/', 't/a', 't/\uffff', 't/\u{1f600}', 'u/b']);

  const { revision } = await store.range('t/');
  await put(store, 't/late', 2);
  const events: WatchEvent[] = [];
  store.watch('t/', (event) => events.push(event), { fromRevision: revision + 1 });
  expect(events).toEqual([]);
  await nextTurn();
  await put(store, 't/later', 3);
  await put(store, 'u/other', 3);
  expect(events.flatMap(({ changes }) => changes.map(({ key }) => key))).toEqual([
    't/late',
    't/later',
  ]);
});

test('a watch that begins before what is remembered throws COMPACTED', async () => {
  const { store, catalog } = await newStore();
  await Promise.all(Array.from({ length: 3000 }, (_, at) => put(store, `k${at % 7}`, at)));
  expect(() => store.watch('', () => {}, { fromRevision: 1 })).toThrow(
    expect.objectContaining({ code: 'COMPACTED' }),
  );
  const revisions: number[] = [];
  store.watch('', ({ revision }) => revisions.push(revision), { fromRevision: 2001 });
  await nextTurn();
  expect(revisions).toEqual(Array.from({ length: 1000 }, (_, at) => 2001 + at));

  await store.close();
  const reopened = await newStore(catalog);
  expect(() => reopened.store.watch('', () => {}, { fromRevision: 3000 })).toThrow(
    'no longer known',
  );
});

test('a stopped watch hears nothing more, even when it stops itself or others in a call', async () => {
  const { store } = await newStore();
  const heard: string[] = [];
  const stopFirst = store.watch('', ({ revision }) => {
    heard.push(`first ${revision}`);
    stopFirst();
    stopSecond();
  });
  const stopSecond = store.watch('', ({ revision }) => heard.push(`second ${revision}`));
  await Promise.all([put(store, 'a', 1), put(store, 'b', 1)]);
  expect(heard).toEqual(['first 1']);
});

test('keys on a lease vanish in one transaction when it is not kept alive', async () => {
  const { store, clock } = await newStore();
  const lease = await store.lease(1000);
  await put(store, 'broker/1', 'here', lease.id);
  await put(store, 'broker/2', 'here', lease.id);
  await put(store, 'other', 'stays');
  const events: WatchEvent[] = [];
  store.watch('broker/', (event) => events.push(event));
  clock.advance(900);
  await lease.keepAlive();
  clock.advance(999);
  await nextTurn();
  expect(await keysOf(store, 'broker/')).toHaveLength(2);

  clock.advance(1);
  await lease.expired;
  await nextTurn();
  await nextTurn();
  expect(await keysOf(store)).toEqual(['other']);
  expect(events).toEqual([
    {
      revision: 4,
      changes: [
        { key: 'broker/1', value: undefined },
        { key: 'broker/2', value: undefined },
      ],
    },
  ]);
  await expect(lease.keepAlive()).rejects.toMatchObject({ code: 'NO_SUCH_LEASE' });
  await expect(put(store, 'broker/1', 'again', lease.id)).rejects.toMatchObject({
    code: 'NO_SUCH_LEASE',
  });
  expect(await keysOf(store)).toEqual(['other']);
});

test('revoking a lease takes its keys, but not one that was written again without it', async () => {
  const { store } = await newStore();
  const lease = await store.lease(1000);
  const other = await store.lease(1000);
  for (const key of ['a', 'b', 'c']) await put(store, key, 1, lease.id);
  await put(store, 'a', 2);
  await put(store, 'b', 2, other.id);
  await lease.revoke();
  expect(await keysOf(store)).toEqual(['a', 'b']);
  await lease.revoke();
  await lease.expired;
  await other.revoke();
  expect(await keysOf(store)).toEqual(['a']);
});

test('a reopen keeps entries and revisions, and removes what hung on leases', async () => {
  const { store, catalog } = await newStore();
  await put(store, 'a', Buffer.from('bytes'));
  const lease = await store.lease(60_000);
  await put(store, 'b', 1, lease.id);
  await store.close();
  await lease.expired;

  const reopened = await newStore(catalog);
  expect(await reopened.store.range('')).toEqual({
    entries: [{ key: 'a', value: Buffer.from('bytes'), revision: 1 }],
    revision: 3,
  });
  const events: WatchEvent[] = [];
  reopened.store.watch('', (event) => events.push(event), { fromRevision: 3 });
  await nextTurn();
  expect(events).toEqual([{ revision: 3, changes: [{ key: 'b', value: undefined }] }]);
  expect(await put(reopened.store, 'c', 1)).toBe(4);
});

test('a failed disk rejects the transactions of the moment and every later one', async () => {
  const { store, catalog } = await newStore();
  await put(store, 'a', 1);
  catalog.failNextWrite('EIO');
  const results = await Promise.allSettled([put(store, 'a', 2), put(store, 'b', 2)]);
  for (const result of results) {
    expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORAGE_OFFLINE' } });
  }
  expect(await store.range('')).toEqual({
    entries: [{ key: 'a', value: 1, revision: 1 }],
    revision: 1,
  });
  await expect(put(store, 'c', 3)).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
});

test('a closed store refuses everything', async () => {
  const { store } = await newStore();
  await store.close();
  const closed = { code: 'STORE_CLOSED' };
  await expect(store.get('a')).rejects.toMatchObject(closed);
  await expect(store.range('')).rejects.toMatchObject(closed);
  await expect(store.transact({ changes: [] })).rejects.toMatchObject(closed);
  await expect(store.lease(1)).rejects.toMatchObject(closed);
  expect(() => store.watch('', () => {})).toThrow(expect.objectContaining(closed));
});

const KEYS = ['a', 'a/b', 'b', 'b/c'];
const step = fc.record({
  conditionKeys: fc.uniqueArray(fc.nat(3), { maxLength: 2 }),
  /** Whether each condition names the key's true revision, or one beside it. */
  isTrue: fc.array(fc.boolean(), { minLength: 2, maxLength: 2 }),
  changes: fc.uniqueArray(
    fc.record({ key: fc.nat(3), value: fc.option(fc.nat(), { nil: undefined }) }),
    { maxLength: 3, selector: ({ key }) => key },
  ),
  next: fc.constantFrom('together', 'await', 'reopen', 'crash'),
});

test('random transactions agree with a map with revisions, and watchers see each change once, in order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const model = new Map<string, { value: unknown; revision: number }>();
      let revision = 0;
      const expectedEvents: WatchEvent[] = [];
      const seen: Record<string, WatchEvent[]> = { '': [], a: [], 'b/': [] };
      const watchAll = (store: MetadataStore): void => {
        for (const [prefix, events] of Object.entries(seen)) {
          store.watch(prefix, (event) => events.push(event));
        }
      };
      let { store, catalog } = await newStore();
      watchAll(store);
      let open: Promise<void>[] = [];

      for (const { conditionKeys, isTrue, changes, next } of steps) {
        const conditions = conditionKeys.map((index, at) => {
          const key = KEYS[index]!;
          return { key, revision: (model.get(key)?.revision ?? 0) + (isTrue[at] ? 0 : 1) };
        });
        const named = changes.map(({ key, value }) => ({ key: KEYS[key]!, value }));
        const outcome = store.transact({ conditions, changes: named });

        let expected: unknown = { committed: false };
        if (conditionKeys.every((_, at) => isTrue[at])) {
          const effective = named.filter(({ key, value }) => value !== undefined || model.has(key));
          if (effective.length > 0) {
            revision++;
            expectedEvents.push({ revision, changes: effective });
          }
          for (const { key, value } of effective) {
            if (value === undefined) model.delete(key);
            else model.set(key, { value, revision });
          }
          expected = { committed: true, revision };
        }
        open.push(outcome.then((actual) => expect(actual).toEqual(expected)));
        if (next === 'together') continue;

        await Promise.all(open);
        open = [];
        expect(await store.range('')).toEqual({
          entries: [...model]
            .sort(([a], [b]) => (a < b ? -1 : 1))
            .map(([key, e]) => ({ key, ...e })),
          revision,
        });
        if (next === 'await') continue;
        if (next === 'reopen') await store.close();
        const remaining = next === 'crash' ? catalog.crash() : catalog;
        ({ store, catalog } = await newStore(remaining));
        watchAll(store);
      }
      await Promise.all(open);
      for (const [prefix, events] of Object.entries(seen)) {
        expect(events).toEqual(
          expectedEvents
            .map((event) => ({
              ...event,
              changes: event.changes.filter(({ key }) => key.startsWith(prefix)),
            }))
            .filter(({ changes }) => changes.length > 0),
        );
      }
    }),
    { numRuns: 200 },
  );
});

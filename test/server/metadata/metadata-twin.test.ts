import { expect, test } from 'vitest';
import { type Catalog, EngineError, ManualClock, MemoryCatalog } from '../../../engine/index.js';
import { silentLogger } from '../../../server/logging/silent-logger.js';
import { openCatalogStore } from '../../../server/metadata/catalog-store.js';
import { MetadataTwin } from '../../../server/metadata/metadata-twin.js';
import { turns } from '../../support/memory-broker.js';

const clock = new ManualClock();
const openTwin = async (own: Catalog, catalog: Catalog, hasSegments = false) => {
  const store = await openCatalogStore(own, { clock });
  const twin = await MetadataTwin.open({
    store,
    catalog,
    clock,
    logger: silentLogger,
    dataDir: '/data',
    hasSegments: async () => hasSegments,
  });
  return { store, twin };
};
const metadataOf = (catalog: Catalog) => [...catalog.range(['metadata'])];

test('the copy has every entry that the store has, and no other, at every close', async () => {
  const [own, catalog] = [new MemoryCatalog(), new MemoryCatalog()];
  await catalog.write([{ key: ['topic', 'events'], value: 'id' }]);
  await catalog.write([{ key: ['log', 'id', 0, 'start'], value: 5 }]);
  for (let start = 0; start < 4; start++) {
    const { store, twin } = await openTwin(own, catalog);
    for (let at = 0; at < 3; at++) {
      const key = `topics/${(start * 5 + at) % 7}`;
      await store.transact({ changes: [{ key, value: at === 2 ? undefined : { at, start } }] });
      if (at === 1) await turns();
    }
    await store.transact({ changes: [{ key: 'topics/0', value: undefined }] });
    await twin.close();
    expect(metadataOf(catalog)).toEqual(metadataOf(own));
    await store.close();
  }
  expect(catalog.get(['log', 'id', 0, 'start'])).toBe(5);
});

test('a copy that a crash left behind is made level by the next start', async () => {
  const [own, catalog] = [new MemoryCatalog(), new MemoryCatalog()];
  const first = await openTwin(own, catalog);
  await first.store.transact({ changes: [{ key: 'a', value: 1 }] });
  await first.twin.close();
  // This change was not copied.
  await first.store.transact({
    changes: [
      { key: 'b', value: 2 },
      { key: 'a', value: undefined },
    ],
  });
  const second = await openTwin(own, catalog);
  await second.twin.close();
  expect(metadataOf(catalog)).toEqual(metadataOf(own));
});

test('thousands of changes are several transactions, and the revision is in the last', async () => {
  const [own, inner] = [new MemoryCatalog(), new MemoryCatalog()];
  const sizes: number[] = [];
  const catalog: Catalog = {
    get: (key) => inner.get(key),
    range: (prefix) => inner.range(prefix),
    close: () => inner.close(),
    write: (changes) => {
      sizes.push(changes.length);
      if (sizes.length < 3) expect(inner.get(['metadata', 'revision'])).toBeUndefined();
      return inner.write(changes);
    },
  };
  const { store, twin } = await openTwin(own, catalog);
  const changes = Array.from({ length: 1200 }, (_, at) => ({ key: `topics/${at}`, value: at }));
  await store.transact({ changes });
  await twin.close();
  expect(sizes).toEqual([500, 500, 201]);
  expect(metadataOf(inner)).toEqual(metadataOf(own));
});

test('a store that is behind its copy is refused, empty or old', async () => {
  const [own, catalog] = [new MemoryCatalog(), new MemoryCatalog()];
  const { store, twin } = await openTwin(own, catalog);
  await store.transact({ changes: [{ key: 'a', value: 1 }] });
  await twin.close();
  await expect(openTwin(new MemoryCatalog(), catalog)).rejects.toMatchObject({
    code: 'CATALOG_DAMAGED',
    message: expect.stringMatching(/is missing.*odradek catalog rebuild \/data/),
  });
});

test('an empty store is refused where the catalog knows logs of a broker, and not those of programs', async () => {
  const catalog = new MemoryCatalog();
  await catalog.write([
    { key: ['log', 'A', 0, 'checkpoint'], value: {} },
    { key: ['topic', 'events'], value: 'A' },
    { key: ['log', 'B', 0, 'start'], value: 5 },
    { key: ['deleted', 'B', 0], value: true },
  ]);
  const { twin } = await openTwin(new MemoryCatalog(), catalog);
  await twin.close();
  await catalog.write([{ key: ['log', 'C', 0, 'checkpoint'], value: {} }]);
  await expect(openTwin(new MemoryCatalog(), catalog)).rejects.toThrow('is missing');
});

test('two empty catalogs beside logs are refused, and not those of a new directory or of programs', async () => {
  await expect(openTwin(new MemoryCatalog(), new MemoryCatalog(), true)).rejects.toMatchObject({
    code: 'CATALOG_DAMAGED',
    message: expect.stringContaining('odradek catalog rebuild /data'),
  });
  const programs = new MemoryCatalog();
  await programs.write([{ key: ['topic', 'events'], value: 'A' }]);
  await (await openTwin(new MemoryCatalog(), programs, true)).twin.close();
  await (await openTwin(new MemoryCatalog(), new MemoryCatalog())).twin.close();
});

test('a full disk puts the copy off, and no transaction of the store waits for it', async () => {
  const [own, inner] = [new MemoryCatalog(), new MemoryCatalog()];
  let isFull = true;
  const catalog: Catalog = {
    get: (key) => inner.get(key),
    range: (prefix) => inner.range(prefix),
    close: () => inner.close(),
    write: async (changes) => {
      if (isFull) throw new EngineError('STORAGE_FULL', 'no room');
      await inner.write(changes);
    },
  };
  const { store, twin } = await openTwin(own, catalog);
  expect(await store.transact({ changes: [{ key: 'a', value: 1 }] })).toMatchObject({
    committed: true,
  });
  await turns();
  isFull = false;
  clock.advance(5_000);
  await turns();
  expect(metadataOf(inner)).toEqual(metadataOf(own));
  await twin.close();
});

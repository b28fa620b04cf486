import { expect, test } from 'vitest';
import { MemoryCatalog } from '../../../engine/catalog/memory-catalog.js';
import { testCatalogContract } from './catalog-contract.js';

testCatalogContract(async () => new MemoryCatalog());

test('a write is durable when its promise resolves, and not before a later turn', async () => {
  const catalog = new MemoryCatalog();
  const write = catalog.write([{ key: ['a'], value: 1 }]);
  await Promise.resolve();
  expect(catalog.snapshotDurable()).toEqual([]);
  await write;
  expect(catalog.snapshotDurable()).toEqual([{ key: ['a'], value: 1 }]);
});

test('a crash leaves whole transactions only, in the order of their writes', async () => {
  const catalog = new MemoryCatalog();
  await catalog.write([{ key: ['a'], value: 1 }]);
  void catalog.write([
    { key: ['a'], value: 2 },
    { key: ['b'], value: 2 },
  ]);
  void catalog.write([{ key: ['a'], value: undefined }]);
  await Promise.resolve();

  expect([...catalog.crash(1).range([])]).toEqual([
    { key: ['a'], value: 2 },
    { key: ['b'], value: 2 },
  ]);

  const other = new MemoryCatalog();
  await other.write([{ key: ['a'], value: 1 }]);
  void other.write([{ key: ['a'], value: 2 }]);
  await Promise.resolve();
  expect([...other.crash().range([])]).toEqual([{ key: ['a'], value: 1 }]);
});

test('a crashed catalog never reports anything as durable', async () => {
  const catalog = new MemoryCatalog();
  let isResolved = false;
  void catalog.write([{ key: ['a'], value: 1 }]).then(() => {
    isResolved = true;
  });
  await Promise.resolve();
  const after = catalog.crash();
  await after.write([{ key: ['b'], value: 1 }]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(isResolved).toBe(false);
  expect(after.snapshotDurable()).toEqual([{ key: ['b'], value: 1 }]);
});

test('after an injected failure every write rejects and nothing more becomes durable', async () => {
  const catalog = new MemoryCatalog();
  await catalog.write([{ key: ['a'], value: 1 }]);
  catalog.failNextWrite('EIO');
  const failure = { code: 'STORAGE_OFFLINE', cause: { code: 'EIO' } };
  await expect(catalog.write([{ key: ['a'], value: 2 }])).rejects.toMatchObject(failure);
  await expect(catalog.write([{ key: ['b'], value: 2 }])).rejects.toMatchObject(failure);
  await catalog.close();
  expect(catalog.snapshotDurable()).toEqual([{ key: ['a'], value: 1 }]);
});

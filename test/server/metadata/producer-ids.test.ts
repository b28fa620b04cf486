import { describe, expect, test, vi } from 'vitest';
import { ManualClock, MemoryCatalog, seededRandom } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { openCatalogStore } from '../../../server/metadata/catalog-store.js';
import { ProducerIds } from '../../../server/metadata/producer-ids.js';
import type { MetadataStore } from '../../../server/metadata/store.js';
import { turns } from '../../support/memory-broker.js';

async function newStore(): Promise<MetadataStore> {
  return openCatalogStore(new MemoryCatalog(), { clock: new ManualClock() });
}

describe('producer ids', () => {
  test('no id twice, over blocks and over brokers that share a store', async () => {
    const store = await newStore();
    const brokers = [
      new ProducerIds(store, seededRandom(1)),
      new ProducerIds(store, seededRandom(1)),
    ];
    const count = 2 * SERVER_LIMITS.producerIdBlockCount + 1;
    const ids = await Promise.all(
      Array.from({ length: 2 * count }, (_, at) => brokers[at % 2]!.next()),
    );
    expect(new Set(ids).size).toBe(2 * count);
    expect(Math.max(...ids) - Math.min(...ids)).toBeLessThan(
      2 * count + SERVER_LIMITS.producerIdBlockCount,
    );
  });

  test('the block is durable before its first id is handed out', async () => {
    const store = await newStore();
    let commit = (): void => {};
    const gate = new Promise<void>((resolve) => {
      commit = resolve;
    });
    const transact = store.transact.bind(store);
    vi.spyOn(store, 'transact').mockImplementationOnce(async (transaction) => {
      await gate;
      return transact(transaction);
    });
    const ids = new ProducerIds(store, seededRandom(1));
    let handedOut = 0;
    const waiting = [1, 2, 3].map(() => ids.next().then(() => handedOut++));
    await turns();
    expect(handedOut).toBe(0);
    commit();
    await Promise.all(waiting);
    expect(handedOut).toBe(3);
  });

  test('a store that fails hands out nothing, and the next try may work', async () => {
    const store = await newStore();
    vi.spyOn(store, 'transact').mockRejectedValueOnce(new Error('disk'));
    const ids = new ProducerIds(store, seededRandom(1));
    await expect(Promise.all([ids.next(), ids.next()])).rejects.toThrow('disk');
    expect(await ids.next()).toBeGreaterThan(0);
  });

  test('each cluster begins at a multiple of 2^32 of its own, below 2^52', async () => {
    const starts = new Set<number>();
    for (let seed = 1; seed <= 50; seed++) {
      const start = await new ProducerIds(await newStore(), seededRandom(seed)).next();
      expect(start % 2 ** 32).toBe(0);
      expect(start).toBeLessThan(2 ** 52);
      starts.add(start);
    }
    expect(starts.size).toBe(50);
    expect(Math.max(...starts)).toBeGreaterThan(2 ** 51);
  });

  test('a cluster goes on where it was, whatever is random', async () => {
    const store = await newStore();
    const first = await new ProducerIds(store, seededRandom(1)).next();
    const next = await new ProducerIds(store, seededRandom(2)).next();
    expect(next).toBe(first + SERVER_LIMITS.producerIdBlockCount);
  });
});

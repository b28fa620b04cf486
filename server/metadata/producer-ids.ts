import { PRODUCER_IDS_KEY, type ProducerIdsRecord } from './records.js';
import type { MetadataStore } from './store.js';

/** Ids taken from the store at a time. A crash loses what is left of a block, and no more. */
export const PRODUCER_ID_BLOCK_COUNT = 1000;

/**
 * Hands out producer ids, each once and never again (KIP-98): a reused id would make de-duplication drop real data. A block is
 * durable before its first id is handed out.
 */
export class ProducerIds {
  readonly #store: MetadataStore;
  #nextId = 0;
  /** Exclusive. */
  #endId = 0;
  #taking: Promise<void> | null = null;

  constructor(store: MetadataStore) {
    this.#store = store;
  }

  /** Resolves with an id that nobody has had. Rejects if the store failed. */
  async next(): Promise<number> {
    while (this.#nextId === this.#endId) {
      // All who wait share one block.
      this.#taking ??= this.#takeBlock().finally(() => {
        this.#taking = null;
      });
      await this.#taking;
    }
    return this.#nextId++;
  }

  async #takeBlock(): Promise<void> {
    for (;;) {
      const entry = await this.#store.get(PRODUCER_IDS_KEY);
      const nextId = entry === null ? 0 : (entry.value as ProducerIdsRecord).nextId;
      const endId = nextId + PRODUCER_ID_BLOCK_COUNT;
      const outcome = await this.#store.transact({
        conditions: [{ key: PRODUCER_IDS_KEY, revision: entry?.revision ?? 0 }],
        changes: [{ key: PRODUCER_IDS_KEY, value: { nextId: endId } }],
      });
      if (!outcome.committed) continue;
      this.#nextId = nextId;
      this.#endId = endId;
      return;
    }
  }
}

import type { Random } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import { PRODUCER_IDS_KEY, type ProducerIdsRecord } from './records.js';
import type { MetadataStore } from './store.js';

/**
 * The ids of a cluster begin at a multiple of the first number, below the second. All of them are
 * whole numbers that JavaScript holds exactly.
 */
const START_STEP = 2 ** 32;
const START_END = 2 ** 52;

/**
 * Hands out producer ids, each once and never again (KIP-98): a reused id would make de-duplication
 * drop real data. A block is durable before its first id is handed out. Where no block is known,
 * ids begin at a random multiple of 2^32: the logs of a directory whose metadata was lost, or of
 * another cluster, know other ids.
 */
export class ProducerIds {
  readonly #store: MetadataStore;
  readonly #random: Random;
  #nextId = 0;
  /** Exclusive. */
  #endId = 0;
  #taking: Promise<void> | null = null;

  constructor(store: MetadataStore, random: Random) {
    this.#store = store;
    this.#random = random;
  }

  /** Resolves with an id that no producer has had. Rejects if the store failed. */
  async next(): Promise<number> {
    while (this.#nextId === this.#endId) {
      // All waiting callers share one block.
      this.#taking ??= this.#takeBlock().finally(() => {
        this.#taking = null;
      });
      await this.#taking;
    }
    return this.#nextId++;
  }

  #start(): number {
    return Math.floor(this.#random.next() * (START_END / START_STEP)) * START_STEP;
  }

  async #takeBlock(): Promise<void> {
    for (;;) {
      const entry = await this.#store.get(PRODUCER_IDS_KEY);
      const nextId = entry === null ? this.#start() : (entry.value as ProducerIdsRecord).nextId;
      const endId = nextId + SERVER_LIMITS.producerIdBlockCount;
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

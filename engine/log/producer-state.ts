import { EngineError } from '../errors.js';

/** One batch of an idempotent producer. Sequences are inclusive and wrap from 2^31 - 1 to 0. */
export interface ProducerBatch {
  readonly epoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /** Wall time of the append, not of the records: a producer that replays old history is not forgotten for it. */
  readonly timestampMs: number;
}

/** What a checkpoint keeps of a producer: its batches, oldest first. */
export type ProducerSnapshot = readonly [producerId: number, batches: readonly ProducerBatch[]][];

/** Clients may have five requests in flight, so any of the last five batches may come again (KIP-98). */
const BATCHES_KNOWN = 5;
/** As many more are kept behind those: the five in flight may all fail to be written, and then the ones before count again. */
const BATCHES_KEPT = 2 * BATCHES_KNOWN;
const SEQUENCES = 2 ** 31;

export function lastSequenceOf(baseSequence: number, recordCount: number): number {
  return (baseSequence + recordCount - 1) % SEQUENCES;
}

/**
 * What each idempotent producer has written to one log: enough to recognise a batch that comes again, and a gap.
 * Rebuilt from the log behind the last checkpoint.
 */
export class ProducerStates {
  readonly #producers = new Map<number, ProducerBatch[]>();

  constructor(snapshot: ProducerSnapshot = []) {
    for (const [producerId, batches] of snapshot) this.#producers.set(producerId, [...batches]);
  }

  get count(): number {
    return this.#producers.size;
  }

  /**
   * Judges a batch that is about to be appended. Returns the original when it came before, null when it is new.
   * A producer that is not known may begin anywhere (KIP-360).
   *
   * @throws EngineError STALE_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE, DUPLICATE_SEQUENCE (came before, but too long ago to know its offset)
   */
  check(
    producerId: number,
    epoch: number,
    baseSequence: number,
    lastSequence: number,
  ): ProducerBatch | null {
    const batches = this.#producers.get(producerId);
    const last = batches?.at(-1);
    if (!batches || !last) return null;
    if (epoch < last.epoch) {
      throw new EngineError(
        'STALE_PRODUCER_EPOCH',
        `producer ${producerId} now has epoch ${last.epoch}, the batch has ${epoch}`,
      );
    }
    if (epoch > last.epoch) {
      if (baseSequence === 0) return null;
      throw new EngineError(
        'OUT_OF_ORDER_SEQUENCE',
        `producer ${producerId} begins epoch ${epoch} at sequence ${baseSequence}, not 0`,
      );
    }
    for (const batch of batches.slice(-BATCHES_KNOWN)) {
      const same = batch.baseSequence === baseSequence && batch.lastSequence === lastSequence;
      if (same && batch.epoch === epoch) return batch;
    }
    if (baseSequence === (last.lastSequence + 1) % SEQUENCES) return null;
    const behind = (last.lastSequence - lastSequence + SEQUENCES) % SEQUENCES;
    throw new EngineError(
      behind < SEQUENCES / 2 && batches.length >= BATCHES_KNOWN
        ? 'DUPLICATE_SEQUENCE'
        : 'OUT_OF_ORDER_SEQUENCE',
      `producer ${producerId} sent sequence ${baseSequence} after ${last.lastSequence}`,
    );
  }

  /** Notes a batch that was appended. Batches come in offset order. */
  add(producerId: number, batch: ProducerBatch): void {
    const batches = this.#producers.get(producerId);
    if (!batches) {
      this.#producers.set(producerId, [batch]);
      return;
    }
    // Recovery reads batches again that the snapshot already has.
    if (batches.length > 0 && batches.at(-1)!.lastOffset >= batch.lastOffset) return;
    batches.push(batch);
    if (batches.length > BATCHES_KEPT) batches.shift();
  }

  /** Each producer with the last offset of its newest batch. */
  newestOffsets(): [producerId: number, lastOffset: number][] {
    return [...this.#producers].map(([id, batches]) => [id, batches.at(-1)!.lastOffset]);
  }

  /** Forgets batches at and above `offset`: they were cut off the log. */
  truncateEnd(offset: number): void {
    for (const [producerId, batches] of this.#producers) {
      while (batches.length > 0 && batches.at(-1)!.lastOffset >= offset) batches.pop();
      if (batches.length === 0) this.#producers.delete(producerId);
    }
  }

  /** Forgets producers whose newest batch is older than `beforeMs`. */
  expire(beforeMs: number): void {
    for (const [producerId, batches] of this.#producers) {
      if (batches.at(-1)!.timestampMs < beforeMs) this.#producers.delete(producerId);
    }
  }

  /** State as of `endOffset` (exclusive): a batch above it may yet be lost, and then must not count as seen. */
  snapshot(endOffset: number): ProducerSnapshot {
    const snapshot: [number, ProducerBatch[]][] = [];
    for (const [producerId, batches] of this.#producers) {
      const below = batches.filter((batch) => batch.lastOffset < endOffset);
      if (below.length > 0) snapshot.push([producerId, below.slice(-BATCHES_KNOWN)]);
    }
    return snapshot;
  }
}

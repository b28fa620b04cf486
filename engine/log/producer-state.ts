import { EngineError } from '../errors.js';
import type { KnownProducer } from './partition-log.js';

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

/** Where a producer stands: what its next batch must be. */
export interface NextBatch {
  readonly epoch: number;
  readonly sequence: number;
}

/** What is known of one producer. */
export interface ProducerState {
  readonly next: NextBatch;
  /** Wall time at which it was last heard of. */
  readonly heardMs: number;
  /** Its last batches, oldest first; none where all were refused or cut off the log. */
  readonly batches: readonly ProducerBatch[];
}

/** What a checkpoint keeps of each producer. */
export type ProducerSnapshot = readonly [producerId: number, state: ProducerState][];

interface Producer {
  epoch: number;
  /** Of the batch that it must send next. */
  nextSequence: number;
  heardMs: number;
  readonly batches: ProducerBatch[];
}

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
  readonly #producers = new Map<number, Producer>();

  constructor(snapshot: ProducerSnapshot = []) {
    for (const [producerId, { next, heardMs, batches }] of snapshot) {
      const { epoch, sequence } = next;
      const producer = { epoch, nextSequence: sequence, heardMs, batches: [...batches] };
      this.#producers.set(producerId, producer);
    }
  }

  get count(): number {
    return this.#producers.size;
  }

  /**
   * Judges a batch that is about to be appended. Returns the original when it came before, null when it is new.
   * A producer that is not known may begin anywhere (KIP-360).
   *
   * @throws EngineError STALE_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE (neither the next batch nor one of the last five)
   */
  check(
    producerId: number,
    epoch: number,
    baseSequence: number,
    lastSequence: number,
  ): ProducerBatch | null {
    const producer = this.#producers.get(producerId);
    if (producer === undefined) return null;
    if (epoch === producer.epoch) {
      if (baseSequence === producer.nextSequence) return null;
      const original = findBatch(producer, baseSequence, lastSequence);
      if (original !== null) return original;
    } else if (epoch < producer.epoch) {
      throw new EngineError(
        'STALE_PRODUCER_EPOCH',
        `producer ${producerId} now has epoch ${producer.epoch}, the batch has ${epoch}`,
      );
    } else if (baseSequence === 0) return null;
    const expected = epoch === producer.epoch ? producer.nextSequence : 0;
    throw new EngineError(
      'OUT_OF_ORDER_SEQUENCE',
      `producer ${producerId} sent sequence ${baseSequence} in epoch ${epoch}, ${expected} is next`,
    );
  }

  /** Notes a batch that was appended. Batches come in offset order. */
  add(producerId: number, batch: ProducerBatch): void {
    const producer = this.#producers.get(producerId);
    if (producer === undefined) {
      this.#producers.set(producerId, {
        epoch: batch.epoch,
        nextSequence: sequenceAfter(batch),
        heardMs: batch.timestampMs,
        batches: [batch],
      });
      return;
    }
    const { batches } = producer;
    // Recovery reads batches again that the snapshot already has.
    if (batches.length > 0 && batches.at(-1)!.lastOffset >= batch.lastOffset) return;
    producer.epoch = batch.epoch;
    producer.nextSequence = sequenceAfter(batch);
    producer.heardMs = batch.timestampMs;
    batches.push(batch);
    if (batches.length > BATCHES_KEPT) batches.shift();
  }

  /**
   * Notes a batch that was refused although its producer will send it again: of a producer that is not known no other one is taken
   * until it comes, or the epoch rises. A known one has its place already.
   */
  expect(producerId: number, next: NextBatch, nowMs: number): void {
    if (this.#producers.has(producerId)) return;
    const { epoch, sequence } = next;
    this.#producers.set(producerId, { epoch, nextSequence: sequence, heardMs: nowMs, batches: [] });
  }

  /**
   * Takes back a batch that was noted and not written, with all of its producer from `startOffset` on. Called for each of them, oldest
   * first: the first one is what the producer must send again, where nothing of it is left.
   */
  takeBack(producerId: number, first: NextBatch, startOffset: number): void {
    const producer = this.#producers.get(producerId);
    if (producer !== undefined) cutProducer(producer, startOffset, first);
  }

  /** Those of which batches are remembered; live, so that a slow reader sees later states. */
  *known(): Iterable<KnownProducer> {
    for (const [producerId, { epoch, batches }] of this.#producers) {
      const last = batches.at(-1);
      if (last === undefined) continue;
      const { lastSequence, timestampMs } = last;
      yield { producerId, epoch, lastSequence, lastAppendMs: timestampMs };
    }
  }

  /** Each producer with the last offset of its newest batch. */
  newestOffsets(): [producerId: number, lastOffset: number][] {
    const newest: [number, number][] = [];
    for (const [producerId, { batches }] of this.#producers) {
      if (batches.length > 0) newest.push([producerId, batches.at(-1)!.lastOffset]);
    }
    return newest;
  }

  /** Producers with a batch at or above `offset`, but none below it that is remembered. */
  beganBehind(offset: number): number[] {
    const found: number[] = [];
    for (const [producerId, { batches }] of this.#producers) {
      if (batches.length > 0 && batches[0]!.lastOffset >= offset) found.push(producerId);
    }
    return found;
  }

  /**
   * Forgets batches at and above `offset`: they were cut off the log. `firstCut` has the first one of each producer that has nothing
   * left, as far as it is known: what it must send next.
   */
  truncateEnd(offset: number, firstCut: ReadonlyMap<number, NextBatch>): void {
    for (const [producerId, producer] of this.#producers) {
      cutProducer(producer, offset, firstCut.get(producerId));
    }
  }

  /** Forgets producers that were last heard of before `beforeMs`. */
  expire(beforeMs: number): void {
    for (const [producerId, { heardMs }] of this.#producers) {
      if (heardMs < beforeMs) this.#producers.delete(producerId);
    }
  }

  /**
   * State as of `endOffset` (exclusive): a batch above it may yet be lost, and then must not count as seen. `firstAbove` as
   * `truncateEnd` has it.
   */
  snapshot(endOffset: number, firstAbove: ReadonlyMap<number, NextBatch> = NONE): ProducerSnapshot {
    return [...this.#producers].map(([producerId, producer]) => {
      const { epoch, nextSequence, heardMs } = producer;
      const then = { epoch, nextSequence, heardMs, batches: [...producer.batches] };
      cutProducer(then, endOffset, firstAbove.get(producerId));
      const next = { epoch: then.epoch, sequence: then.nextSequence };
      return [producerId, { next, heardMs, batches: then.batches.slice(-BATCHES_KNOWN) }];
    });
  }
}

const NONE: ReadonlyMap<number, NextBatch> = new Map();

/** What a producer sends after a batch, in the same epoch. */
export function nextAfter(batch: ProducerBatch): NextBatch {
  return { epoch: batch.epoch, sequence: sequenceAfter(batch) };
}

function sequenceAfter({ lastSequence }: ProducerBatch): number {
  return (lastSequence + 1) % SEQUENCES;
}

/** The batch with these sequences among the last five of the producer's epoch. */
function findBatch(
  { batches, epoch }: Producer,
  baseSequence: number,
  lastSequence: number,
): ProducerBatch | null {
  for (let at = batches.length - 1; at >= Math.max(0, batches.length - BATCHES_KNOWN); at--) {
    const batch = batches[at]!;
    const isSame = batch.baseSequence === baseSequence && batch.lastSequence === lastSequence;
    if (isSame && batch.epoch === epoch) return batch;
  }
  return null;
}

/**
 * Forgets a producer's batches at and above `offset`. It stays known by the one before; where there is none, what it sends next is the
 * first that went: `firstCut`, or the oldest of those that are remembered.
 */
function cutProducer(producer: Producer, offset: number, firstCut: NextBatch | undefined): void {
  const { batches } = producer;
  let oldest: ProducerBatch | undefined;
  while (batches.length > 0 && batches.at(-1)!.lastOffset >= offset) oldest = batches.pop();
  if (oldest === undefined) return;
  const last = batches.at(-1);
  producer.epoch = last?.epoch ?? firstCut?.epoch ?? oldest.epoch;
  producer.nextSequence = last ? sequenceAfter(last) : (firstCut?.sequence ?? oldest.baseSequence);
}

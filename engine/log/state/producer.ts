import { LIMITS } from '../../limits.js';

/** One batch of an idempotent producer. Sequences are inclusive and wrap from 2^31 - 1 to 0. */
export interface ProducerBatch {
  readonly epoch: number;
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  /**
   * Wall time of the append, not of the records: a producer that replays old history is not
   * forgotten for it.
   */
  readonly timestampMs: number;
}

/** The next batch that a producer must send. */
export interface NextBatch {
  readonly epoch: number;
  readonly sequence: number;
}

/** The stored state of one producer. */
export interface ProducerState {
  readonly next: NextBatch;
  /** Wall time of its last append, or of the refusal of its first batch. */
  readonly heardMs: number;
  /** Its last batches, oldest first; none where all were refused or cut off the log. */
  readonly batches: readonly ProducerBatch[];
}

/** Producers in the form in which they are stored together. */
export type ProducerSnapshot = readonly (readonly [producerId: number, state: ProducerState])[];

const SEQUENCES = 2 ** 31;

export function lastSequenceOf(baseSequence: number, recordCount: number): number {
  return (baseSequence + recordCount - 1) % SEQUENCES;
}

/** The batch that a producer sends after this one, in the same epoch. */
export function nextAfter(batch: ProducerBatch): NextBatch {
  return { epoch: batch.epoch, sequence: sequenceAfter(batch) };
}

export function sequenceAfter({ lastSequence }: ProducerBatch): number {
  return (lastSequence + 1) % SEQUENCES;
}

/**
 * Whether `one` of two states of a producer is the later one: by its batches, since a clock may go
 * back; by the time where one state has no batches.
 */
export function isLater(
  one: Pick<ProducerState, 'heardMs' | 'batches'>,
  other: Pick<ProducerState, 'heardMs' | 'batches'>,
): boolean {
  const [mine, theirs] = [one.batches.at(-1), other.batches.at(-1)];
  if (mine && theirs && mine.lastOffset !== theirs.lastOffset) {
    return mine.lastOffset > theirs.lastOffset;
  }
  return one.heardMs > other.heardMs;
}

/** The batch with these sequences among the last five of the producer's epoch. */
export function findProducerBatch(
  { batches, epoch }: Producer,
  baseSequence: number,
  lastSequence: number,
): ProducerBatch | null {
  for (
    let at = batches.length - 1;
    at >= Math.max(0, batches.length - LIMITS.producerBatchesKnown);
    at--
  ) {
    const batch = batches[at]!;
    const isSame = batch.baseSequence === baseSequence && batch.lastSequence === lastSequence;
    if (isSame && batch.epoch === epoch) return batch;
  }
  return null;
}

/** Whether the producer has written at or above `offset`. */
export function hasWrittenFrom({ batches }: Producer, offset: number): boolean {
  return batches.length > 0 && batches.at(-1)!.lastOffset >= offset;
}

/** Producers that are stored together. */
export class ProducerPage {
  /** From 0 on, without a gap. */
  readonly number: number;
  /** In no particular order. */
  readonly producers: Producer[] = [];
  /** Whether a producer of it has changed since the page was last written. */
  isDirty = false;

  constructor(number: number) {
    this.number = number;
  }

  changed(): void {
    this.isDirty = true;
  }

  written(): void {
    this.isDirty = false;
  }
}

/** One producer in memory. */
export class Producer {
  readonly id: number;
  /** The page that it is stored in. */
  readonly page: ProducerPage;
  epoch: number;
  /** The sequence of the batch that it must send next. */
  nextSequence: number;
  heardMs: number;
  /** The last ones, oldest first. */
  readonly batches: ProducerBatch[];

  /** `batches` belong to it from now on. */
  constructor(
    id: number,
    page: ProducerPage,
    next: NextBatch,
    heardMs: number,
    batches: ProducerBatch[],
  ) {
    this.id = id;
    this.page = page;
    this.epoch = next.epoch;
    this.nextSequence = next.sequence;
    this.heardMs = heardMs;
    this.batches = batches;
  }

  /** Notes a batch that was appended. */
  note(batch: ProducerBatch): void {
    const { batches } = this;
    this.epoch = batch.epoch;
    this.nextSequence = sequenceAfter(batch);
    this.heardMs = batch.timestampMs;
    batches.push(batch);
    if (batches.length > LIMITS.producerBatchesKept) batches.shift();
  }

  /**
   * Forgets its batches at and above `offset`. It stays known by the batch before; where there is
   * none, it must next send the first removed batch: `firstCut`, or the oldest of the remembered
   * ones.
   */
  cut(offset: number, firstCut: NextBatch | undefined): void {
    const { batches } = this;
    let oldest: ProducerBatch | undefined;
    while (batches.length > 0 && batches.at(-1)!.lastOffset >= offset) oldest = batches.pop();
    if (oldest === undefined) return;
    const last = batches.at(-1);
    this.epoch = last?.epoch ?? firstCut?.epoch ?? oldest.epoch;
    this.nextSequence = last ? sequenceAfter(last) : (firstCut?.sequence ?? oldest.baseSequence);
  }

  /** Its stored state as of `endOffset` (exclusive); `firstAbove` as in `cut`. */
  stateAt(endOffset: number, firstAbove: NextBatch | undefined): ProducerState {
    const { id, page, epoch, nextSequence, heardMs, batches } = this;
    const then = new Producer(id, page, { epoch, sequence: nextSequence }, heardMs, [...batches]);
    then.cut(endOffset, firstAbove);
    return {
      next: { epoch: then.epoch, sequence: then.nextSequence },
      heardMs,
      batches: then.batches.slice(-LIMITS.producerBatchesKnown),
    };
  }
}

import {
  baseOffset,
  batchSize,
  HEADER_SIZE,
  lastOffset,
  leaderEpoch,
} from '../../engine/batch/header.js';
import { type RecordView, walkRecords } from '../../engine/batch/records.js';

/**
 * One batch as the log must give it back, byte for byte. `bytes` is the appender's buffer, which
 * the log stamps.
 */
export interface ModelBatch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly bytes: Buffer;
}

interface ModelProducer {
  epoch: number;
  /** Batches of this epoch, oldest first: all that may come again, and the newest. */
  batches: { base: number; last: number; baseOffset: number; lastOffset: number }[];
  /**
   * False once batches were cut off the log: how many of the rest are remembered is not promised.
   */
  isCertain: boolean;
  /** The sequence that the producer must send next; null where it is unknown. */
  next: number | null;
  /**
   * Whether it had an epoch before: where all of the last one is cut off, that one counts again.
   */
  readonly isRenewed: boolean;
}

const DUPLICATES_KNOWN = 5;
const SEQUENCES = 2 ** 31;

/** Records of a batch without compression. */
export function recordsOf(bytes: Buffer): RecordView[] {
  return [...walkRecords(bytes.subarray(HEADER_SIZE), bytes)];
}

/**
 * A partition log as naive as can be: every batch in one array, every question answered by looking
 * at all of them.
 */
export class ModelLog {
  batches: ModelBatch[] = [];
  /** First readable offset. */
  start = 0;
  /** Next offset to assign. */
  end = 0;
  epochs: { epoch: number; startOffset: number }[] = [];
  readonly producers = new Map<number, ModelProducer>();

  append(bytes: Buffer, records: number, epoch: number): ModelBatch {
    const batch = { baseOffset: this.end, lastOffset: this.end + records - 1, bytes };
    this.batches.push(batch);
    if (epoch > (this.epochs.at(-1)?.epoch ?? -1)) {
      const before = this.epochs.filter(({ startOffset }) => startOffset < this.end);
      this.epochs = [...before, { epoch, startOffset: this.end }];
    }
    this.end += records;
    return batch;
  }

  /** Batches of which a reader may see a record. */
  get readable(): ModelBatch[] {
    return this.batches.filter((batch) => batch.lastOffset >= this.start);
  }

  /** Every readable record with its batch's epoch. */
  records(): (RecordView & { epoch: number })[] {
    return this.readable.flatMap(({ bytes }) =>
      recordsOf(bytes)
        .filter((record) => record.offset >= this.start)
        .map((record) => ({ ...record, epoch: leaderEpoch(bytes) })),
    );
  }

  /**
   * Where a truncation to `offset` ends: the begin of the batch that holds it, but not below the
   * log start.
   */
  boundary(offset: number): number {
    const batch = this.batches.find(({ lastOffset }) => lastOffset >= offset);
    return batch ? Math.max(batch.baseOffset, this.start) : this.end;
  }

  truncate(offset: number): void {
    if (offset >= this.end) return;
    const end = this.boundary(offset);
    const next = new Map([...this.producers].map(([id, producer]) => [id, nextAt(producer, end)]));
    this.#cut(end);
    for (const [id, producer] of this.producers) producer.next = next.get(id)!;
    if (this.end === this.start) this.epochs = [];
  }

  #cut(end: number): void {
    this.end = end;
    this.batches = this.batches.filter((batch) => batch.lastOffset < end);
    this.epochs = this.epochs.filter(({ startOffset }) => startOffset < end);
    this.start = Math.min(this.start, end);
    for (const producer of this.producers.values()) {
      const kept = producer.batches.filter((batch) => batch.lastOffset < end);
      if (kept.length < producer.batches.length) {
        producer.isCertain = false;
        producer.next = null;
      }
      producer.batches = kept;
    }
  }

  /** What is left after a crash: the batches that end at or below `end`. */
  survive(batches: readonly ModelBatch[], end: number): void {
    this.batches = [...batches];
    this.#cut(end);
  }

  startAt(offset: number): void {
    this.start = Math.max(this.start, offset);
  }

  /** Epochs of the readable part: the one that holds the start begins there. */
  get knownEpochs(): { epoch: number; startOffset: number }[] {
    const holds = this.epochs.findLastIndex(({ startOffset }) => startOffset <= this.start);
    const [first, ...rest] = this.epochs.slice(Math.max(0, holds));
    if (!first) return [];
    return [{ ...first, startOffset: Math.max(first.startOffset, this.start) }, ...rest];
  }

  /** `present` is the epoch of a leader, whether or not it has written. */
  endOfEpoch(asked: number, present: number): { leaderEpoch: number; endOffset: number } {
    const epochs = this.knownEpochs;
    const latest = epochs.at(-1)?.epoch ?? -1;
    if (asked < 0 || asked > Math.max(latest, present)) return { leaderEpoch: -1, endOffset: -1 };
    if (asked === present) return { leaderEpoch: asked, endOffset: this.end };
    const next = epochs.find(({ epoch }) => epoch > asked);
    const floor = epochs.findLast(({ epoch }) => epoch <= asked);
    return { leaderEpoch: floor?.epoch ?? asked, endOffset: next?.startOffset ?? this.end };
  }

  /** What the log must say to a producer's batch: the original, 'append', or an error's code. */
  judge(
    id: number,
    epoch: number,
    base: number,
    last: number,
  ): { baseOffset: number; lastOffset: number } | 'append' | string {
    const producer = this.producers.get(id);
    if (!producer) return 'append';
    if (epoch < producer.epoch) return 'STALE_PRODUCER_EPOCH';
    if (epoch > producer.epoch) return base === 0 ? 'append' : 'OUT_OF_ORDER_SEQUENCE';
    const known = producer.batches.slice(-DUPLICATES_KNOWN);
    const original = known.find((batch) => batch.base === base && batch.last === last);
    if (original) return original;
    return base === producer.next ? 'append' : 'OUT_OF_ORDER_SEQUENCE';
  }

  noteProducer(id: number, epoch: number, base: number, batch: ModelBatch): void {
    let producer = this.producers.get(id);
    if (!producer || producer.epoch !== epoch) {
      const isRenewed = producer !== undefined;
      producer = { epoch, batches: [], isCertain: true, next: null, isRenewed };
      this.producers.set(id, producer);
    }
    const count = batch.lastOffset - batch.baseOffset + 1;
    const last = (base + count - 1) % SEQUENCES;
    producer.next = (last + 1) % SEQUENCES;
    producer.batches.push({
      base,
      last,
      baseOffset: batch.baseOffset,
      lastOffset: batch.lastOffset,
    });
  }
}

/** What a producer must send next once the log ends at `end`. */
function nextAt({ batches, next, isRenewed }: ModelProducer, end: number): number | null {
  const cut = batches.find(({ lastOffset }) => lastOffset >= end);
  if (cut === undefined || next === null) return next;
  return cut === batches[0] && isRenewed ? null : cut.base;
}

/** Cuts bytes that were read into batches; throws where they do not end with a whole one. */
export function splitBatches(bytes: Buffer): ModelBatch[] {
  const batches: ModelBatch[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = at + HEADER_SIZE <= bytes.length ? batchSize(bytes, at) : Number.NaN;
    if (!(size >= HEADER_SIZE && at + size <= bytes.length)) {
      throw new Error(`no whole batch at byte ${at} of ${bytes.length} that were read`);
    }
    const batch = bytes.subarray(at, at + size);
    batches.push({ baseOffset: baseOffset(batch), lastOffset: lastOffset(batch), bytes: batch });
    at += size;
  }
  return batches;
}

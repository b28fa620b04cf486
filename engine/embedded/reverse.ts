import { baseOffset, lastOffset } from '../batch/header.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PartitionLog } from '../log/partition-log.js';
import { throwIfAborted } from './abort.js';
import type { EventReader } from './event-reader.js';
import type { EventRecord } from './event-record.js';
import {
  checkedBatches,
  decodeInSlices,
  extentOf,
  readBatchBytes,
  unpackBatch,
} from './stored-batches.js';

/**
 * The records from the one before `to` down to `from` (inclusive). A log is read forwards, so this
 * reads it in blocks, the last one first, and unpacks one batch at a time. Throws as a reader
 * forwards does.
 */
export async function* recordsBackwards<Value>(
  log: PartitionLog,
  from: number | Promise<number>,
  to: number | Promise<number>,
  { slices, decode }: EventReader<Value>,
  signal: AbortSignal | undefined,
): AsyncGenerator<EventRecord<Value>, void> {
  const work = slices.begin();
  const lowest = await from;
  const blocks = new Blocks(log, lowest, signal);
  for (let end = await to; end > lowest; ) {
    throwIfAborted(signal);
    // The log may have been truncated meanwhile.
    end = Math.min(end, log.highWatermark);
    if (end <= lowest) return;
    const block = await blocks.before(end);
    for (const batch of block.batches.reverse()) {
      const records = await decodeInSlices(await unpackBatch(batch, slices), slices);
      for (const record of records.reverse()) {
        const pause = work.did(1, 'records');
        if (pause !== null) await pause;
        if (record.offset >= end) continue;
        if (record.offset < lowest || record.offset < block.start) break;
        throwIfAborted(signal);
        yield decode(record);
      }
    }
    end = block.start;
  }
}

/** Checked batches, in offset order, and the offset from which on they are all that there is. */
interface Block {
  readonly start: number;
  readonly batches: Buffer[];
}

/** The blocks of a log, from high to low. */
class Blocks {
  readonly #log: PartitionLog;
  readonly #lowest: number;
  readonly #signal: AbortSignal | undefined;
  /** Beginnings of blocks that were come by and forgotten: the highest is last. */
  #starts: number[] = [];

  constructor(log: PartitionLog, lowest: number, signal: AbortSignal | undefined) {
    this.#log = log;
    this.#lowest = lowest;
    this.#signal = signal;
  }

  /** The block that ends before `end`. Where it has more bytes than it may, its last part. */
  async before(end: number): Promise<Block> {
    const log = this.#log;
    let start = await this.#startBefore(end);
    let batches: Buffer[] = [];
    let bytes = 0;
    for (let at = start; at < end; ) {
      const endBefore = log.logEndOffset;
      const read = await readBatchBytes(log, at, LIMITS.embeddedFollowBytes, this.#signal);
      if (read === null || read.length === 0) break;
      if (bytes > 0 && bytes + read.length > LIMITS.embeddedReverseBytesMax) {
        this.#starts.push(start);
        start = at;
        batches = [];
        bytes = 0;
      }
      bytes += read.length;
      for (const batch of checkedBatches(read, at, extentOf(log, endBefore))) {
        at = lastOffset(batch) + 1;
        if (baseOffset(batch) < end) batches.push(batch);
      }
    }
    const base = batches[0] === undefined ? start : baseOffset(batches[0]);
    // The log may begin in the middle of a batch.
    return { start: Math.max(Math.min(start, base), log.logStartOffset), batches };
  }

  async #startBefore(end: number): Promise<number> {
    const { layout, logStartOffset } = this.#log;
    this.#starts = this.#starts.filter((start) => start < end);
    const start = this.#starts.pop() ?? (await layout.blockBefore(end, LIMITS.embeddedFollowBytes));
    const readable = Math.max(start, this.#lowest, logStartOffset);
    if (readable < end) return readable;
    throw new EngineError(
      'OFFSET_OUT_OF_RANGE',
      `the records below offset ${end} were deleted before they were read`,
      { offset: end - 1 },
    );
  }
}

import { baseOffset, batchSize, isControl, lastOffset, recordCount } from '../batch/header.js';
import { decompressRecords, type RecordView, readRecords, walkRecords } from '../batch/records.js';
import { scanBatchAt } from '../batch/validate.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PartitionLog, ReadRequest } from '../log/partition-log.js';
import { HeaderOrder, UNKNOWN_EPOCHS } from '../log/segments/header-order.js';
import type { TurnSlices } from '../turn-slices.js';
import { untilAborted } from './abort.js';

/**
 * One batch read back: its records, decoded one after another, and where the next batch can begin.
 */
export interface StoredBatch {
  /** The records, each decoded when it is asked for. None for a control batch. */
  readonly records: Iterable<RecordView>;
  /** Decodes all records at once, which is faster where all are wanted. */
  readonly decode: () => RecordView[];
  readonly recordCount: number;
  /** Offset behind the batch's last offset. */
  readonly nextOffset: number;
  /** Memory that the unpacked batch takes. */
  readonly unpackedBytes: number;
}

/**
 * Whole batches from the one that holds `offset` on, at most `maxBytes` of them but at least one;
 * null where the readable part of the log ends. Bytes that are not in memory are read on a thread.
 *
 * Throws OFFSET_OUT_OF_RANGE, CORRUPT_BATCH, LOG_CLOSED, STORAGE_OFFLINE; rejects with the same,
 * and ABORTED once the signal fires.
 */
export function readBatchBytes(
  log: PartitionLog,
  offset: number,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<Buffer> | null {
  const request: ReadRequest = {
    offset,
    maxBytes,
    minOneBatch: true,
    isolation: 'high-watermark',
  };
  const warming = log.warm(request, () => !signal?.aborted);
  if (warming !== null) return readWarm(log, request, warming, signal);
  try {
    return bytesOf(log, request);
  } catch (error) {
    if (isRebuilding(error)) return readWarm(log, request, null, signal);
    throw error;
  }
}

/** Waits for an index that is being rebuilt. Empty where a log has become shorter meanwhile. */
async function readWarm(
  log: PartitionLog,
  request: ReadRequest,
  first: Promise<void> | null,
  signal: AbortSignal | undefined,
): Promise<Buffer> {
  for (let warming = first; ; warming = log.warm(request, () => !signal?.aborted)) {
    await untilAborted(warming ?? Promise.resolve(), signal);
    try {
      return (await bytesOf(log, request)) ?? Buffer.alloc(0);
    } catch (error) {
      if (!isRebuilding(error)) throw error;
    }
  }
}

function bytesOf(log: PartitionLog, request: ReadRequest): Promise<Buffer> | null {
  const { slice } = log.read(request);
  return slice === null ? null : slice.bytes().finally(() => slice.release());
}

function isRebuilding(error: unknown): boolean {
  return error instanceof EngineError && error.code === 'INDEX_REBUILDING';
}

/** The facts of a log about its offsets. */
export interface LogExtent {
  readonly layout: Pick<PartitionLog['layout'], 'hasGaps'>;
  readonly logEndOffset: number;
}

/**
 * The extent of a log from which bytes were read since it ended at `endBefore`, and which may have
 * been truncated meanwhile.
 */
export function extentOf({ layout, logEndOffset }: PartitionLog, endBefore: number): LogExtent {
  return { layout, logEndOffset: Math.max(endBefore, logEndOffset) };
}

/**
 * Decodes batches, unpacking one at a time, in `slices` where that is done on this thread, each
 * once it is checked (`checkedBatches`).
 */
export async function* storedBatches(
  bytes: Buffer,
  firstOffset: number,
  slices: TurnSlices | null = null,
  log: LogExtent | null = null,
): AsyncGenerator<StoredBatch, void> {
  for (const batch of checkedBatches(bytes, firstOffset, log)) {
    yield await unpackBatch(batch, slices);
  }
}

/**
 * The batches, each once it is checked: its CRC, and that the offsets, which the CRC does not
 * cover, go on where the batch before ended: the log itself looks only at the headers where a read
 * begins and ends. `log` tells what is known of the offsets.
 *
 * Throws CORRUPT_BATCH, with the first offset that a good batch could have had.
 */
export function* checkedBatches(
  bytes: Buffer,
  firstOffset: number,
  log: LogExtent | null,
): Generator<Buffer, void> {
  const isGapless = log?.layout.hasGaps === false;
  const order = new HeaderOrder().begin({ isGapless }, -1, UNKNOWN_EPOCHS, log?.logEndOffset);
  let expectedOffset = firstOffset;
  for (let at = 0; at < bytes.length; ) {
    if (scanBatchAt(bytes, at, bytes.length - at) !== batchSize(bytes, at)) {
      throw damagedBatch(expectedOffset, 'its bytes do not match their checksum');
    }
    const batch = bytes.subarray(at, at + batchSize(bytes, at));
    const header = { bytes, at, baseOffset: baseOffset(batch), lastOffset: lastOffset(batch) };
    if (!order.fits(header)) throw damagedBatch(expectedOffset, 'its offsets do not fit its place');
    at += batch.length;
    expectedOffset = lastOffset(batch) + 1;
    yield batch;
  }
}

function damagedBatch(offset: number, reason: string): EngineError {
  const message = `the batch that holds offset ${offset} is damaged: ${reason}`;
  return new EngineError('CORRUPT_BATCH', message, { offset });
}

/** Unpacks one checked batch. A control batch has no records. */
export async function unpackBatch(batch: Buffer, slices: TurnSlices | null): Promise<StoredBatch> {
  const nextOffset = lastOffset(batch) + 1;
  if (isControl(batch)) {
    return { records: [], decode: () => [], recordCount: 0, nextOffset, unpackedBytes: 0 };
  }
  const payload = await decompressRecords(batch, LIMITS.decompressedBatchBytesMax, slices);
  return {
    records: walkRecords(payload, batch),
    decode: () => readRecords(payload, batch),
    recordCount: recordCount(batch),
    nextOffset,
    unpackedBytes: payload.length,
  };
}

/** Every record of a batch, decoded in slices where there are many. */
export async function decodeInSlices(
  batch: StoredBatch,
  slices: TurnSlices,
): Promise<RecordView[]> {
  const work = slices.begin();
  if (batch.recordCount <= LIMITS.turnRecordsMax) {
    const records = batch.decode();
    const pause = work.did(records.length, 'records');
    if (pause !== null) await pause;
    return records;
  }
  const records: RecordView[] = [];
  for (const record of batch.records) {
    records.push(record);
    const pause = work.did(1 + record.headers.length, 'records');
    if (pause !== null) await pause;
  }
  return records;
}

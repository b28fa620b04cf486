import { crc32c } from '../../batch/crc32c.js';
import {
  ATTRIBUTES_AT,
  baseOffset,
  batchSize,
  crc,
  HEADER_SIZE,
  lastOffset,
} from '../../batch/header.js';
import { scanBatchAt } from '../../batch/validate.js';
import type { Disk, DiskFile } from '../../disk/disk.js';
import { hasErrno } from '../../disk/errno.js';
import { EngineError, type EngineErrorCode } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import { HeaderOrder } from '../../log/segments/header-order.js';
import { LeaderEpochs } from '../../log/state/leader-epochs.js';
import type { BadBatch, SourceSegment } from '../job-runner.js';
import type { Pacer } from '../pacer.js';

/**
 * Ends a job that reads a log when it meets bytes that are no good batch: a result of the job, not
 * an error.
 */
export class BadBatchFound extends Error {
  readonly bad: BadBatch;

  constructor(bad: BadBatch) {
    super(bad.reason);
    this.bad = bad;
  }
}

const BAD_CODES: readonly EngineErrorCode[] = [
  'CORRUPT_BATCH',
  'BATCH_TOO_LARGE',
  'UNKNOWN_CODEC',
  'CODEC_UNAVAILABLE',
];

/**
 * The error to throw after looking into a batch failed: a BadBatchFound when the batch is to blame,
 * else the error itself.
 */
export function blamedOn(
  error: unknown,
  { baseOffset: segmentBase }: SourceSegment,
  { bytes, position }: ReadBatch,
): unknown {
  if (!(error instanceof EngineError) || !BAD_CODES.includes(error.code)) return error;
  const { message: reason } = error;
  return new BadBatchFound({ segmentBase, position, offset: baseOffset(bytes), reason });
}

/** A whole batch whose length, magic, CRC and offsets are right. */
export interface ReadBatch {
  /** A view on a buffer that the next batch may overwrite. */
  readonly bytes: Buffer;
  readonly position: number;
  /** Whether nothing follows it in its segment. */
  readonly isLast: boolean;
}

/**
 * Reads a segment batch by batch, each whole and with its CRC checked. Memory is bounded by the
 * larger of 1 MiB and the largest batch.
 *
 * @throws BadBatchFound at the first bytes that are none, or cannot be read
 */
export async function* readBatches(
  disk: Disk,
  source: SourceSegment,
  pacer: Pacer,
): AsyncGenerator<ReadBatch, void> {
  const { path, baseOffset: segmentBase, sizeBytes } = source;
  const order = new HeaderOrder().begin(
    source,
    segmentBase,
    new LeaderEpochs(source.epochs),
    source.endOffset,
  );
  const file = await disk.open(path, 'read');
  try {
    let window: Buffer = Buffer.allocUnsafe(
      Math.min(LIMITS.jobReadBytes, Math.max(sizeBytes, HEADER_SIZE)),
    );
    let windowFrom = 0;
    let filled = 0;
    let position = 0;
    let expectedOffset = segmentBase;
    const bad = (reason: string): BadBatchFound =>
      new BadBatchFound({ segmentBase, position, offset: expectedOffset, reason });
    while (position < sizeBytes) {
      let at = position - windowFrom;
      let available = filled - at;
      const size = available < HEADER_SIZE ? HEADER_SIZE : batchSize(window, at);
      if (size < HEADER_SIZE || position + size > sizeBytes) throw bad('a length is wrong');
      if (available < size) {
        if (size > window.length) {
          // Only a checksum proves a length: without the check a damaged length would cost as much
          // memory as the segment has bytes.
          if (!(await isSound(file, position, size, window, pacer, bad))) {
            throw bad('a checksum does not match');
          }
          window = Buffer.allocUnsafe(size);
        }
        const into = window.subarray(0, Math.min(window.length, sizeBytes - position));
        const count = await readInto(file, into, position, bad);
        await pacer.spent(count);
        if (count < size) throw bad('the file ends inside of a batch');
        windowFrom = position;
        filled = count;
        at = 0;
        available = count;
        // The window may have been filled for the header only.
        if (batchSize(window) > available) continue;
      }
      const whole = scanBatchAt(window, at, available);
      if (typeof whole !== 'number') throw bad('a checksum does not match');
      const bytes = window.subarray(at, at + whole);
      const header = { bytes, at: 0, baseOffset: baseOffset(bytes), lastOffset: lastOffset(bytes) };
      if (!order.fits(header)) throw bad('its offsets or its leader epoch do not fit');
      yield { bytes, position, isLast: position + whole === sizeBytes };
      position += whole;
      expectedOffset = lastOffset(bytes) + 1;
    }
    // A rewrite would turn the missing segment into a gap that looks like records that were
    // compacted away.
    if (expectedOffset < source.endOffset) throw bad('a segment behind it is missing');
  } finally {
    await file.close();
  }
}

/** Whether the CRC of a batch that is larger than the window is right, computed piece by piece. */
async function isSound(
  file: DiskFile,
  position: number,
  size: number,
  window: Buffer,
  pacer: Pacer,
  bad: (reason: string) => BadBatchFound,
): Promise<boolean> {
  if ((await readInto(file, window.subarray(0, HEADER_SIZE), position, bad)) < HEADER_SIZE) {
    return false;
  }
  const stored = crc(window);
  let sum = 0;
  for (let at = ATTRIBUTES_AT; at < size; ) {
    const into = window.subarray(0, Math.min(window.length, size - at));
    const count = await readInto(file, into, position + at, bad);
    if (count === 0) return false;
    await pacer.spent(count);
    sum = crc32c(into.subarray(0, count), sum);
    at += count;
  }
  return sum === stored;
}

/** An unreadable sector is a fault of this log, not of the whole disk. */
async function readInto(
  file: DiskFile,
  into: Buffer,
  position: number,
  bad: (reason: string) => BadBatchFound,
): Promise<number> {
  try {
    return await file.read(into, position);
  } catch (error) {
    if (hasErrno(error, 'EIO')) throw bad('the disk cannot read it (EIO)');
    throw error;
  }
}

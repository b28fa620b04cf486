import { crc32c } from '../../batch/crc32c.js';
import {
  ATTRIBUTES_AT,
  baseOffset,
  batchSize,
  crc,
  HEADER_SIZE,
  lastOffset,
  MAGIC_V2,
  magic,
} from '../../batch/header.js';
import { scanBatchAt } from '../../batch/validate.js';
import type { Disk, DiskFile } from '../../disk/disk.js';
import { LIMITS } from '../../limits.js';
import { HeaderOrder } from '../../log/segments/header-order.js';
import { LeaderEpochs } from '../../log/state/leader-epochs.js';
import type { Jobs } from '../job-runner.js';

/** A good batch at a position, or null where there is none. */
type Found = { readonly size: number; readonly nextOffset: number } | null;

/**
 * Reads a segment below `endPosition` (exclusive) through a window of 1 MiB, whatever size its
 * batches have, and stops at the first batch whose length, magic, CRC, offsets or leader epoch is
 * wrong: some of these lie outside the CRC, but the place of the batch shows which values are
 * possible. A file that ends early is bad where it ends. `expectedOffset` is the first offset that
 * the bad batch could have had. Rejects with the disk's error.
 */
export async function scrubSegment(
  disk: Disk,
  input: Jobs['scrub']['input'],
): Promise<Jobs['scrub']['output']> {
  const file = await disk.open(input.path, 'read');
  try {
    const window = new Window(file, input.endPosition);
    const order = new HeaderOrder().begin(
      input,
      input.baseOffset,
      new LeaderEpochs(input.epochs),
      input.endOffset,
    );
    let position = 0;
    let expectedOffset = input.baseOffset;
    let batches = 0;
    while (position < input.endPosition) {
      const found = await batchAt(window, position, order);
      if (!found) return { batches, nextOffset: expectedOffset, bad: { position, expectedOffset } };
      position += found.size;
      expectedOffset = found.nextOffset;
      batches++;
    }
    return { batches, nextOffset: expectedOffset, bad: null };
  } finally {
    await file.close();
  }
}

async function batchAt(window: Window, position: number, order: HeaderOrder): Promise<Found> {
  if ((await window.show(position, HEADER_SIZE)) < HEADER_SIZE) return null;
  const { bytes } = window;
  let at = position - window.position;
  const size = batchSize(bytes, at);
  if (size < HEADER_SIZE || position + size > window.endPosition) return null;
  const last = lastOffset(bytes, at);
  if (!order.fits({ bytes, at, baseOffset: baseOffset(bytes, at), lastOffset: last })) return null;
  const nextOffset = last + 1;

  if (size > LIMITS.jobReadBytes) {
    return (await isLargeBatchSound(window, position, size)) ? { size, nextOffset } : null;
  }
  const available = await window.show(position, size);
  at = position - window.position;
  return scanBatchAt(bytes, at, Math.min(available, size)) === size ? { size, nextOffset } : null;
}

/**
 * As `scanBatchAt`, for a batch that is larger than the window: its CRC is computed piece by piece.
 */
async function isLargeBatchSound(window: Window, position: number, size: number): Promise<boolean> {
  const headerAt = position - window.position;
  const stored = crc(window.bytes, headerAt);
  if (magic(window.bytes, headerAt) !== MAGIC_V2) return false;
  let sum = 0;
  for (let from = position + ATTRIBUTES_AT; from < position + size; ) {
    const available = await window.show(from, 1);
    if (available === 0) return false;
    const count = Math.min(available, position + size - from);
    const at = from - window.position;
    sum = crc32c(window.bytes.subarray(at, at + count), sum);
    from += count;
  }
  return sum === stored;
}

/** The part of a file that is in memory. */
class Window {
  readonly bytes: Buffer;
  readonly endPosition: number;
  /** Position in the file of the first byte. */
  position = 0;
  #filled = 0;
  readonly #file: DiskFile;

  constructor(file: DiskFile, endPosition: number) {
    this.#file = file;
    this.bytes = Buffer.allocUnsafe(Math.min(LIMITS.jobReadBytes, endPosition));
    this.endPosition = endPosition;
  }

  /**
   * Makes sure that `wanted` bytes (at most the window's size) from `position` on are there, unless
   * the file or `endPosition` comes first. Returns how many there are; more than wanted is usual.
   */
  async show(position: number, wanted: number): Promise<number> {
    const shown = this.position + this.#filled - position;
    if (position >= this.position && shown >= wanted) return shown;

    this.position = position;
    this.#filled = 0;
    const room = Math.min(LIMITS.jobReadBytes, this.endPosition - position);
    while (this.#filled < room) {
      const into = this.bytes.subarray(this.#filled, room);
      const count = await this.#file.read(into, position + this.#filled);
      if (count === 0) break;
      this.#filled += count;
    }
    return this.#filled;
  }
}

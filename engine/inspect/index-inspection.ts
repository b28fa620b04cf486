import { readTimestamp, type Timestamp } from '../batch/timestamp.js';
import type { DiskFile } from '../disk/disk.js';
import { LIMITS } from '../limits.js';
import { OFFSET_INDEX_ENTRY_SIZE } from '../log/segments/offset-index.js';
import { TIME_INDEX_ENTRY_SIZE } from '../log/segments/time-index.js';

/** One entry of an `.index` or `.timeindex` file. */
export interface InspectedEntry {
  /** Its place in the file, from 0. */
  readonly slot: number;
  /** Relative to the base offset of the segment, which the file's name tells. */
  readonly relativeOffset: number;
  /**
   * `.index`: where the batch that ends with that offset begins in the `.log`. `.timeindex`:
   * milliseconds.
   */
  readonly value: Timestamp;
  /** Why the entry is impossible, or null. */
  readonly problem: string | null;
}

/** The bytes of an index file behind its entries. */
export interface IndexEnd {
  /** Zeros that Kafka puts behind the entries of an index that is in use. */
  readonly unusedBytes: number;
  /** Bytes behind the last whole entry; damage, if there are any. */
  readonly leftOverBytes: number;
}

/**
 * Which of a segment's two indexes, by its file's extension: offset to position, or timestamp to
 * offset.
 */
export type IndexKind = 'index' | 'timeindex';

/**
 * Walks an index file in pieces; offsets and values rise strictly. Returns what follows the
 * entries. Rejects with what the disk throws.
 */
export async function* inspectIndex(
  file: DiskFile,
  kind: IndexKind,
): AsyncGenerator<InspectedEntry, IndexEnd> {
  const entrySize = kind === 'index' ? OFFSET_INDEX_ENTRY_SIZE : TIME_INDEX_ENTRY_SIZE;
  const size = await file.size();
  const leftOverBytes = size % entrySize;
  const end = size - leftOverBytes;
  const chunk = Buffer.allocUnsafe(LIMITS.inspectedIndexEntries * entrySize);
  let lastOffset = -1;
  let lastValue: Timestamp = kind === 'index' ? -1 : Number.NEGATIVE_INFINITY;
  for (let position = 0; position < end; ) {
    const count = await file.read(
      chunk.subarray(0, Math.min(chunk.length, end - position)),
      position,
    );
    for (let at = 0; at + entrySize <= count; at += entrySize) {
      const slot = (position + at) / entrySize;
      const { relativeOffset, value } = readEntry(chunk, at, kind);
      if (slot > 0 && relativeOffset === 0 && value === 0) {
        return { unusedBytes: end - position - at, leftOverBytes };
      }
      const rises = relativeOffset > lastOffset && value > lastValue;
      const problem = rises ? null : 'it does not rise above the entry before it';
      yield { slot, relativeOffset, value, problem };
      lastOffset = relativeOffset;
      lastValue = value;
    }
    if (count < entrySize) break;
    position += count - (count % entrySize);
  }
  return { unusedBytes: 0, leftOverBytes };
}

function readEntry(
  chunk: Buffer,
  at: number,
  kind: IndexKind,
): { relativeOffset: number; value: Timestamp } {
  return kind === 'index'
    ? { relativeOffset: chunk.readInt32BE(at), value: chunk.readInt32BE(at + 4) }
    : { relativeOffset: chunk.readInt32BE(at + 8), value: readTimestamp(chunk, at) };
}

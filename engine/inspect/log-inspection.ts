import { type CodecName, codecById } from '../batch/compression.js';
import { crc32c } from '../batch/crc32c.js';
import {
  ATTRIBUTES_AT,
  baseOffset,
  baseSequence,
  baseTimestamp,
  batchSize,
  codecId,
  crc,
  HEADER_SIZE,
  isControl,
  isTransactional,
  lastOffset,
  leaderEpoch,
  MAGIC_V2,
  magic,
  maxTimestamp,
  producerEpoch,
  producerId,
  recordCount,
  type TimestampType,
  timestampType,
} from '../batch/header.js';
import { decompressRecords, type RecordView, walkRecords } from '../batch/records.js';
import type { Timestamp } from '../batch/timestamp.js';
import type { DiskFile } from '../disk/disk.js';
import { LIMITS } from '../limits.js';
import { showsDamage } from '../log/recovery/tail-evidence.js';

/** One batch of a segment file, by its header. Numbers beyond 2^53 read as infinite. */
export interface InspectedBatch {
  readonly kind: 'batch';
  /** Byte position in the file. */
  readonly position: number;
  /** Bytes of the whole batch. */
  readonly size: number;
  readonly baseOffset: number;
  /** Inclusive. */
  readonly lastOffset: number;
  readonly recordCount: number;
  /** Null for an id that no codec has. */
  readonly codec: CodecName | null;
  readonly leaderEpoch: number;
  readonly timestampType: TimestampType;
  /** Milliseconds since the Unix epoch, like the next; -1: none. */
  readonly baseTimestampMs: Timestamp;
  readonly maxTimestampMs: Timestamp;
  /** -1: none; then epoch and sequence say nothing. */
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly transactional: boolean;
  readonly control: boolean;
  readonly crcMatches: boolean;
  /** Any other problem of the batch, or null. */
  readonly problem: string | null;
  /**
   * The records, unpacked now and decoded one after another as they are asked for. It must be
   * called before the inspection goes on. Rejects, or throws while iterating, EngineError
   * CORRUPT_BATCH, BATCH_TOO_LARGE, UNKNOWN_CODEC, CODEC_UNAVAILABLE.
   */
  records(): Promise<Iterable<RecordView>>;
}

/** Bytes that are no batch. The inspection ends there. */
export interface InspectedDamage {
  readonly kind: 'damage';
  /** Byte in the file at which they begin. */
  readonly position: number;
  /** Bytes from there to the end of the file. */
  readonly size: number;
  /**
   * The file ends inside a batch, as after a crash: the log cuts off that batch when it is opened.
   */
  readonly torn: boolean;
  /** What is wrong, in words. */
  readonly problem: string;
}

/**
 * Walks a segment's `.log` file from `from`, where a batch begins, and checks every batch. Reads in
 * pieces: memory does not grow with file or batch, except by
 * `records()`. Bytes appended while it runs are not looked at. Rejects with what the disk throws.
 */
export async function* inspectLog(
  file: DiskFile,
  from = 0,
): AsyncGenerator<InspectedBatch | InspectedDamage, void> {
  const end = await file.size();
  const chunkBytes = Math.min(LIMITS.inspectedChunkBytes, Math.max(HEADER_SIZE, end));
  const chunk = Buffer.allocUnsafe(chunkBytes);
  let nextOffset = Number.NEGATIVE_INFINITY;
  for (let position = from; position < end; ) {
    const headerSize = await file.read(chunk.subarray(0, HEADER_SIZE), position);
    const header = Buffer.from(chunk.subarray(0, headerSize));
    const damage = damageAt(header, position, end);
    if (damage !== null) {
      // An open does not cut off a batch of which only the length is wrong, or a batch before whole
      // ones.
      const isTorn =
        damage.torn && !(await showsDamage(file, position, end, Math.max(0, nextOffset)));
      yield { ...damage, torn: isTorn };
      return;
    }
    const size = batchSize(header);
    const crcMatches = (await crcOf(file, position, size, chunk)) === crc(header);
    const problem = problemOf(header, nextOffset);
    yield {
      kind: 'batch',
      position,
      size,
      baseOffset: baseOffset(header),
      lastOffset: lastOffset(header),
      recordCount: recordCount(header),
      codec: codecById(codecId(header))?.name ?? null,
      leaderEpoch: leaderEpoch(header),
      timestampType: timestampType(header),
      baseTimestampMs: baseTimestamp(header),
      maxTimestampMs: maxTimestamp(header),
      producerId: producerId(header),
      producerEpoch: producerEpoch(header),
      baseSequence: baseSequence(header),
      transactional: isTransactional(header),
      control: isControl(header),
      crcMatches,
      problem,
      records: () => readRecords(file, position, size),
    };
    nextOffset = lastOffset(header) + 1;
    position += size;
  }
}

/** The checks that say where the next batch is. */
function damageAt(header: Buffer, position: number, end: number): InspectedDamage | null {
  const size = end - position;
  const damage = (problem: string, torn: boolean): InspectedDamage => ({
    kind: 'damage',
    position,
    size,
    torn,
    problem,
  });
  if (header.length < HEADER_SIZE) {
    return damage('the file ends inside the header of a batch', true);
  }
  if (magic(header) !== MAGIC_V2) {
    return damage(`no record batch of format v2 begins here (magic ${magic(header)})`, false);
  }
  const claimed = batchSize(header);
  if (claimed < HEADER_SIZE) {
    return damage(`a batch claims a size of ${claimed} bytes, less than its header has`, false);
  }
  return claimed > size
    ? damage(`a batch of ${claimed} bytes begins here, and the file ends before it does`, true)
    : null;
}

/**
 * The impossible value in a header, apart from its checksum. Compaction leaves gaps, but offsets
 * never go back.
 */
function problemOf(header: Buffer, nextOffset: number): string | null {
  if (!Number.isFinite(baseOffset(header)) || baseOffset(header) < 0) {
    return 'its base offset is impossible';
  }
  if (baseOffset(header) < nextOffset) return `its offsets are not above those before it`;
  if (lastOffset(header) < baseOffset(header)) return 'its last offset lies before its first';
  if (recordCount(header) < 0) return 'its record count is negative';
  if (recordCount(header) > lastOffset(header) - baseOffset(header) + 1) {
    return 'it counts more records than offsets';
  }
  return null;
}

async function crcOf(
  file: DiskFile,
  position: number,
  size: number,
  chunk: Buffer,
): Promise<number> {
  let checksum = 0;
  for (let at = ATTRIBUTES_AT; at < size; ) {
    const into = chunk.subarray(0, Math.min(chunk.length, size - at));
    const count = await file.read(into, position + at);
    if (count === 0) return -1;
    checksum = crc32c(into.subarray(0, count), checksum);
    at += count;
  }
  return checksum;
}

async function readRecords(
  file: DiskFile,
  position: number,
  size: number,
): Promise<Iterable<RecordView>> {
  const batch = Buffer.allocUnsafe(size);
  const count = await file.read(batch, position);
  const payload = await decompressRecords(batch.subarray(0, count), LIMITS.inspectedBatchBytesMax);
  return walkRecords(payload, batch);
}

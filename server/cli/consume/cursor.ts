import { batchSize, EngineError, type RecordView, storedBatches } from '../../../engine/index.js';
import { ErrorCode, errorInfo } from '../../protocol/error-codes.js';
import { shown } from '../answers.js';
import { CliError } from '../cli-error.js';
import { CLI_LIMITS } from '../limits.js';
import type { TopicPartitions } from '../topic-partitions.js';

/** A batch begins with its offset and its length. */
const BATCH_PREFIX_BYTES = 12;
const BATCH_HEADER_BYTES = 61;

/** A record and where it is from. */
export interface ReadRecord {
  readonly topic: string;
  readonly partition: number;
  readonly record: RecordView;
}

/** Where reading of one partition stands. */
export interface Cursor {
  readonly topic: TopicPartitions;
  readonly partition: number;
  /** The first offset that is not read. */
  readonly end: number;
  /** The offset behind the last record that was yielded. */
  position: number;
  /** It had nothing more when it was last read. */
  isAtEnd: boolean;
  /** It is damaged, or cannot be read, and is not read any more. */
  isFailed: boolean;
  /** How often in a row it could not be read. */
  failures: number;
}

/** Whether the next fetch asks for it; with `untilEnd` not where it was at the end. */
export function isWanted({ isFailed, isAtEnd, position, end }: Cursor, untilEnd: boolean): boolean {
  return !isFailed && position < end && !(untilEnd && isAtEnd);
}

/** What a fetch asks for: each topic once, in the order of its first cursor. */
export function byTopic(cursors: readonly Cursor[]) {
  const topics = new Map<TopicPartitions, Cursor[]>();
  for (const cursor of cursors) {
    const others = topics.get(cursor.topic);
    if (others === undefined) topics.set(cursor.topic, [cursor]);
    else others.push(cursor);
  }
  return [...topics].map(([{ name, topicId }, those]) => ({
    topic: name,
    topicId,
    partitions: those.map(({ partition, position }) => ({
      partition,
      fetchOffset: position,
      partitionMaxBytes: CLI_LIMITS.fetchPartitionBytes,
    })),
  }));
}

/** Moves the cursor. Returns false where damage ends the records. */
export async function* recordsOf(
  cursor: Cursor,
  records: Buffer,
): AsyncGenerator<ReadRecord, boolean> {
  const { topic, partition, end, position: from } = cursor;
  try {
    for await (const batch of storedBatches(wholeBatches(records), from)) {
      for (const record of batch.records) {
        // A batch is sent whole, also when reading begins or ends in its middle.
        if (record.offset < from) continue;
        if (record.offset >= end) break;
        cursor.position = record.offset + 1;
        yield { topic: topic.name, partition, record };
      }
      cursor.position = Math.min(end, Math.max(from, batch.nextOffset));
      if (cursor.position >= end) return true;
    }
    return true;
  } catch (error) {
    if (error instanceof EngineError && error.code === 'CORRUPT_BATCH') return false;
    throw error;
  }
}

/** What a partition is told by that is damaged where its cursor stands. */
export function damageError({ topic, partition, position }: Cursor): CliError {
  const name = shown(topic.name);
  return new CliError(
    `${name}-${partition} cannot be read from offset ${position} on, as a batch there, or before it in its file, is damaged: ` +
      `stop the broker and run "odradek repair-log DIR/${name}-${partition} --execute" (DIR: its log.dirs), ` +
      `or read on behind the damage with "odradek consume ${name} --partition ${partition} --from OFFSET" (the broker's log, or "odradek scrub", names where)`,
  );
}

/** What a partition is told by that its broker cannot read. */
export function offlineError(topic: TopicPartitions, partition: number): CliError {
  const name = `${shown(topic.name)}-${partition}`;
  const { message } = errorInfo(ErrorCode.KAFKA_STORAGE_ERROR);
  return new CliError(
    `${name} cannot be read: ${message} (KAFKA_STORAGE_ERROR); the log lines of the broker say why, and "odradek scrub DIR/${name}" (DIR: its log.dirs)`,
  );
}

/**
 * Apache Kafka cuts an answer at its limit; the cut-off batch is asked for again. Bytes with an
 * impossible batch size stay, so that the check of checksums finds them.
 */
function wholeBatches(bytes: Buffer): Buffer {
  let end = 0;
  while (end + BATCH_PREFIX_BYTES <= bytes.length) {
    const size = batchSize(bytes, end);
    if (size < BATCH_HEADER_BYTES) return bytes;
    if (end + size > bytes.length) break;
    end += size;
  }
  return bytes.subarray(0, end);
}

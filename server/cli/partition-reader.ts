import { setTimeout as sleep } from 'node:timers/promises';
import { batchSize, EngineError, type RecordView, storedBatches } from '../../engine/index.js';
import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { Fetch } from '../protocol/messages/fetch.js';
import { check, shown } from './answers.js';
import { CliError } from './cli-error.js';
import type { Client } from './client.js';
import { CLI_LIMITS } from './limits.js';
import { endOffsets, firstOffsets, type Start } from './start-position.js';
import type { TopicPartitions } from './topic-partitions.js';

/** A batch begins with its offset and its length. */
const BATCH_PREFIX_BYTES = 12;
const BATCH_HEADER_BYTES = 61;

/** A record and its partition. */
export interface ReadRecord {
  readonly partition: number;
  readonly record: RecordView;
}

/** Reads partitions of one topic on one connection, each from its own offset on. */
export class PartitionReader {
  readonly #client: Client;
  readonly #topic: TopicPartitions;
  readonly #positions: Map<number, number>;
  /** Partitions that were read to their end. */
  readonly #ended = new Set<number>();
  /** How often in a row a partition could not be read. */
  readonly #offline = new Map<number, number>();
  /** The error of the first partition that is damaged or cannot be read. */
  #damage: CliError | null = null;

  /** `positions`: the offset to begin with, for each partition to be read. */
  constructor(client: Client, topic: TopicPartitions, { positions, offline }: Start) {
    this.#client = client;
    this.#topic = topic;
    this.#positions = new Map(positions);
    for (const partition of offline) this.#noteOffline(partition);
  }

  /** The offset behind the last record that was yielded, by partition. */
  get positions(): ReadonlyMap<number, number> {
    return this.#positions;
  }

  /**
   * The first partition that is damaged or cannot be read, as an error; it is not read any more.
   */
  get damage(): CliError | null {
    return this.#damage;
  }

  /** Whether every partition was at its end, or damaged, when it was last read. */
  get atEnd(): boolean {
    return [...this.#positions.keys()].every((each) => this.#ended.has(each));
  }

  /**
   * Fetches once, waiting up to `waitMs` for records, and yields the records that came. With
   * `untilEnd` partitions that were at their end are not asked again. Damage ends its partition,
   * behind the last sound record, and is kept as `damage`; the caller decides whether to go on.
   */
  async *read(waitMs: number, untilEnd: boolean): AsyncGenerator<ReadRecord, void> {
    const { name, topicId } = this.#topic;
    const wanted = [...this.#positions.keys()].filter(
      (each) => !untilEnd || !this.#ended.has(each),
    );
    if (wanted.length === 0) return void (await sleep(waitMs));
    const { errorCode, topics } = await this.#client.request(Fetch, {
      maxWaitMs: waitMs,
      minBytes: waitMs === 0 ? 0 : 1,
      maxBytes: CLI_LIMITS.fetchBytes,
      topics: [
        {
          topic: name,
          topicId,
          partitions: wanted.map((partition) => ({
            partition,
            fetchOffset: this.#positions.get(partition)!,
            partitionMaxBytes: CLI_LIMITS.fetchPartitionBytes,
          })),
        },
      ],
      forgottenTopicsData: [],
    });
    check(errorCode, null, `cannot read topic ${shown(name)}`);
    for (const answer of topics[0]?.partitions ?? []) {
      const { partitionIndex: partition } = answer;
      const isOffline = answer.errorCode === ErrorCode.KAFKA_STORAGE_ERROR;
      const times = isOffline ? (this.#offline.get(partition) ?? 0) + 1 : 0;
      this.#offline.set(partition, times);
      if (times >= CLI_LIMITS.offlineAttemptsMax) this.#noteOffline(partition);
      else if (answer.errorCode === ErrorCode.CORRUPT_MESSAGE) this.#noteDamage(partition);
      else if (answer.errorCode !== ErrorCode.NONE) {
        await this.#recover(partition, answer.errorCode);
      } else {
        const isSound = yield* this.#recordsOf(partition, answer.records ?? Buffer.alloc(0));
        if (!isSound) this.#noteDamage(partition);
        else if (this.#positions.get(partition)! >= answer.highWatermark)
          this.#ended.add(partition);
        else this.#ended.delete(partition);
      }
      // The partition comes last in the next fetch, so that one with many records does not keep the
      // other partitions from being read.
      const position = this.#positions.get(partition)!;
      this.#positions.delete(partition);
      this.#positions.set(partition, position);
    }
  }

  /** Returns false where damage ends the records. */
  async *#recordsOf(partition: number, records: Buffer): AsyncGenerator<ReadRecord, boolean> {
    const from = this.#positions.get(partition)!;
    try {
      for await (const batch of storedBatches(wholeBatches(records), from)) {
        for (const record of batch.records) {
          // A batch is sent whole, also when reading begins in its middle.
          if (record.offset < from) continue;
          this.#positions.set(partition, record.offset + 1);
          yield { partition, record };
        }
        this.#positions.set(partition, Math.max(from, batch.nextOffset));
      }
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.code === 'CORRUPT_BATCH') return false;
      throw error;
    }
  }

  #noteDamage(partition: number): void {
    const name = shown(this.#topic.name);
    this.#ended.add(partition);
    this.#damage ??= new CliError(
      `${name}-${partition} cannot be read from offset ${this.#positions.get(partition)} on, as a batch there, or before it in its file, is damaged: ` +
        `stop the broker and run "odradek repair-log DIR/${name}-${partition} --execute" (DIR: its log.dirs), ` +
        `or read on behind the damage with "odradek consume ${name} --partition ${partition} --from OFFSET" (the broker's log, or "odradek scrub", names where)`,
    );
  }

  #noteOffline(partition: number): void {
    const name = `${shown(this.#topic.name)}-${partition}`;
    const { message } = errorInfo(ErrorCode.KAFKA_STORAGE_ERROR);
    this.#ended.add(partition);
    this.#damage ??= new CliError(
      `${name} cannot be read: ${message} (KAFKA_STORAGE_ERROR); the log lines of the broker say why, and "odradek scrub DIR/${name}" (DIR: its log.dirs)`,
    );
  }

  /** Goes on where that is possible, and says so; otherwise throws. */
  async #recover(partition: number, errorCode: number): Promise<void> {
    const { name } = this.#topic;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const offset = this.#positions.get(partition)!;
      const first = (await firstOffsets(this.#client, name, [partition])).get(partition)!;
      const end = (await endOffsets(this.#client, name, [partition])).get(partition)!;
      if (offset > end) {
        throw new CliError(
          `${shown(name)}-${partition} has no offset ${offset}: it holds ${first} up to ${end}, where the next record goes`,
        );
      }
      process.stderr.write(
        `odradek: ${shown(name)}-${partition} begins with offset ${first} now: ${offset} and what follows are deleted\n`,
      );
      this.#positions.set(partition, first);
    } else if (errorInfo(errorCode).retriable) await sleep(CLI_LIMITS.retryPauseMs);
    else check(errorCode, null, `cannot read ${shown(name)}-${partition}`);
  }
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

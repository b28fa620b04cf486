import { setTimeout as sleep } from 'node:timers/promises';
import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { Fetch } from '../protocol/messages/fetch.js';
import { check, shown } from './answers.js';
import { CliError } from './cli-error.js';
import type { Answer, Client } from './client.js';
import {
  byTopic,
  type Cursor,
  damageError,
  isWanted,
  offlineError,
  type ReadRecord,
  recordsOf,
} from './consume/cursor.js';
import type { Ends } from './consume/read-range.js';
import { CLI_LIMITS } from './limits.js';
import { endOffsets, firstOffsets, type Start } from './start-position.js';
import { isThere, type TopicPartitions } from './topic-partitions.js';

type PartitionAnswer = Answer<typeof Fetch>['topics'][number]['partitions'][number];

/** Error codes of a topic that may have been deleted. */
const PERHAPS_DELETED: ReadonlySet<number> = new Set([
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
]);

/** Reads partitions of topics on one connection, each from its own offset on. */
export class PartitionReader {
  readonly #client: Client;
  /** The next fetch asks for them in this order. */
  #cursors: readonly Cursor[] = [];
  readonly #deleted: TopicPartitions[] = [];
  /** The error of the first partition that is damaged or cannot be read. */
  #damage: CliError | null = null;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Reads these partitions, too, up to `ends`, where that says an offset. */
  add(topic: TopicPartitions, { positions, offline }: Start, ends: Ends | null = null): void {
    const added = [...positions].map(
      ([partition, position]): Cursor => ({
        topic,
        partition,
        end: ends?.get(partition) ?? Number.POSITIVE_INFINITY,
        position,
        isAtEnd: false,
        isFailed: false,
        failures: 0,
      }),
    );
    this.#cursors = [...this.#cursors, ...added];
    for (const partition of offline) this.#damage ??= offlineError(topic, partition);
  }

  /** The offset behind the last record that was yielded, by topic and partition. */
  get positions(): ReadonlyMap<string, ReadonlyMap<number, number>> {
    const byTopic = new Map<string, Map<number, number>>();
    for (const { topic, partition, position } of this.#cursors) {
      const positions = byTopic.get(topic.name) ?? new Map<number, number>();
      byTopic.set(topic.name, positions.set(partition, position));
    }
    return byTopic;
  }

  /**
   * The first partition that is damaged or cannot be read, as an error; it is not read any more.
   */
  get damage(): CliError | null {
    return this.#damage;
  }

  /**
   * Whether every partition was read as far as it is to be, or is damaged; with `untilEnd` also one
   * that was at its end when it was last read.
   */
  isThrough(untilEnd: boolean): boolean {
    return !this.#cursors.some((each) => isWanted(each, untilEnd));
  }

  /** Topics that were found deleted since the last call; they are not read any more. */
  takeDeleted(): TopicPartitions[] {
    return this.#deleted.splice(0);
  }

  /**
   * Fetches once, waiting up to `waitMs` for records, and yields the records that came. With
   * `untilEnd` partitions that were at their end are not asked again. Damage ends its partition,
   * behind the last sound record, and is kept as `damage`; the caller decides whether to go on.
   */
  async *read(waitMs: number, untilEnd: boolean): AsyncGenerator<ReadRecord, void> {
    const wanted = this.#cursors.filter((each) => isWanted(each, untilEnd));
    if (wanted.length === 0) return void (await sleep(waitMs));
    const { errorCode, topics } = await this.#client.request(Fetch, {
      maxWaitMs: waitMs,
      minBytes: waitMs === 0 ? 0 : 1,
      maxBytes: CLI_LIMITS.fetchBytes,
      topics: byTopic(wanted),
      forgottenTopicsData: [],
    });
    check(errorCode, null, `cannot read ${shown(wanted[0]!.topic.name)}`);
    const named = new Map(wanted.map(({ topic }) => [topic.topicId, topic.name]));
    const byPlace = new Map(wanted.map((each) => [placeOf(each.topic.name, each.partition), each]));
    const moved = new Set<Cursor>();
    try {
      for (const { topic, topicId, partitions } of topics) {
        // Versions from 13 on name a topic by its id alone.
        const name = topic === '' ? named.get(topicId) : topic;
        for (const answer of partitions) {
          const cursor = byPlace.get(placeOf(name ?? '', answer.partitionIndex));
          if (cursor === undefined) continue;
          const before = cursor.position;
          yield* this.#take(cursor, answer);
          if (cursor.position > before) moved.add(cursor);
        }
      }
    } finally {
      // They come last in the next fetch, so that those with many records do not keep the others
      // from being read.
      const others = this.#cursors.filter((each) => !moved.has(each));
      this.#cursors = [...others, ...this.#cursors.filter((each) => moved.has(each))];
    }
  }

  async *#take(cursor: Cursor, answer: PartitionAnswer): AsyncGenerator<ReadRecord, void> {
    const isOffline = answer.errorCode === ErrorCode.KAFKA_STORAGE_ERROR;
    cursor.failures = isOffline ? cursor.failures + 1 : 0;
    if (cursor.failures >= CLI_LIMITS.offlineAttemptsMax) {
      this.#failed(cursor, offlineError(cursor.topic, cursor.partition));
    } else if (answer.errorCode === ErrorCode.CORRUPT_MESSAGE) {
      this.#failed(cursor, damageError(cursor));
    } else if (answer.errorCode !== ErrorCode.NONE) {
      await this.#recover(cursor, answer.errorCode);
    } else {
      const isSound = yield* recordsOf(cursor, answer.records ?? Buffer.alloc(0));
      if (!isSound) this.#failed(cursor, damageError(cursor));
      else cursor.isAtEnd = cursor.position >= answer.highWatermark;
    }
  }

  #failed(cursor: Cursor, error: CliError): void {
    cursor.isFailed = true;
    this.#damage ??= error;
  }

  /** Goes on where that is possible, and says so; otherwise throws. */
  async #recover(cursor: Cursor, errorCode: number): Promise<void> {
    const { topic, partition, position } = cursor;
    const { name } = topic;
    if (errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) {
      const first = (await firstOffsets(this.#client, name, [partition])).get(partition)!;
      const end = (await endOffsets(this.#client, name, [partition])).get(partition)!;
      if (position > end) {
        throw new CliError(
          `${shown(name)}-${partition} has no offset ${position}: it holds ${first} up to ${end}, where the next record goes`,
        );
      }
      process.stderr.write(
        `odradek: ${shown(name)}-${partition} begins with offset ${first} now: ${position} and what follows are deleted\n`,
      );
      cursor.position = first;
    } else if (PERHAPS_DELETED.has(errorCode) && !(await isThere(this.#client, topic))) {
      const isKnown = !this.#cursors.some((each) => each.topic === topic);
      this.#cursors = this.#cursors.filter((each) => each.topic !== topic);
      if (!isKnown) this.#deleted.push(topic);
    } else if (errorInfo(errorCode).retriable) await sleep(CLI_LIMITS.retryPauseMs);
    else check(errorCode, null, `cannot read ${shown(name)}-${partition}`);
  }
}

function placeOf(topic: string, partition: number): string {
  return `${topic}-${partition}`;
}

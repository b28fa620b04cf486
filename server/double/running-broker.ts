import type { EventLog } from '../../engine/index.js';
import type { Duration } from '../testing/duration.js';
import type { Faults } from '../testing/faults.js';
import type { RequestFilter, TrackedRequest } from '../testing/request-log.js';
import type { BrokerRecord } from './broker-record.js';
import type {
  GroupCondition,
  RecordsCondition,
  RequestsCondition,
  SettledGroup,
} from './conditions.js';
import type { RecordsQuery } from './records.js';
import type { TopicLogOptions } from './topic-log.js';
import type { UntilOptions } from './until.js';

/** The time of one broker: the machine's time, plus the time by which it was advanced. */
export interface BrokerClock {
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /**
   * Moves the broker's time on, as if its machine had slept: retention, session timeouts and all
   * other work that fell due run once, now, and have run when it resolves. Connections keep to real
   * time, so that no client is cut off for being idle. Rejects with a RangeError for a value that
   * is no duration.
   */
  advance(by: Duration): Promise<void>;
}

/** A broker that serves, from `startBroker`. */
export interface RunningBroker {
  /** The address for clients, `host:port`. */
  readonly bootstrap: string;
  /** The port that it listens on, never 0; the same after a restart. */
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  /**
   * The id of the cluster, 22 characters of base64url: it belongs to the data directory and never
   * changes.
   */
  readonly clusterId: string;
  /** The broker's time, to be advanced. */
  readonly clock: BrokerClock;
  /** Orders faults for the next requests. */
  readonly faults: Faults;
  /**
   * The records of a topic, by partition and then by offset, as clients see them now. Rejects
   * UNKNOWN_TOPIC, INVALID_OPTION, INVALID_JSON, TOO_MANY_RECORDS.
   */
  records(
    topic: string,
    query?: RecordsQuery & { readonly encoding?: 'utf8' | undefined },
  ): Promise<BrokerRecord[]>;
  records(
    topic: string,
    query: RecordsQuery & { readonly encoding: 'buffer' },
  ): Promise<BrokerRecord<Buffer, Buffer>[]>;
  records<Value = unknown>(
    topic: string,
    query: RecordsQuery & { readonly encoding: 'json' },
  ): Promise<BrokerRecord<Value>[]>;
  /**
   * The log of a partition (0 unless said), to read and to append in this process: what clients
   * have produced is in it, and what it appends, with acks=all, clients read. Records, followers,
   * `last` and cursors are those of the embedded log (docs/embedding.md). It ends when the topic is
   * deleted, and with the broker, at `kill` and `restart` too. Settings are the topic's; what cuts
   * a log is refused (READ_ONLY).
   *
   * Throws UNKNOWN_TOPIC, INVALID_OPTION, BROKER_DOWN, BROKER_CLOSED. Its appends reject
   * APPEND_REFUSED for what a producer would be refused, such as too few replicas in sync.
   */
  log(topic: string, partition?: number, options?: TopicLogOptions): EventLog;
  log(topic: string, partition: number, options: TopicLogOptions<'utf8'>): EventLog<string>;
  log<Value>(
    topic: string,
    partition: number,
    options: TopicLogOptions<'json'>,
  ): EventLog<Value, Value>;
  /**
   * The records that were appended since the start or the last reset, by topic: what the broker
   * began with, and what retention, compaction and deletions have removed, is not among them.
   * Topics without any are left out. Nothing is kept for it: it reads the logs. Rejects
   * TOO_MANY_RECORDS.
   */
  produced(): Promise<Record<string, BrokerRecord[]>>;
  /**
   * The last ten thousand requests of clients that fit the filter, in the order in which they
   * began; `reset` forgets them.
   */
  requests(filter?: RequestFilter): TrackedRequest[];
  /**
   * Waits until a topic holds records, and resolves with all of them. Looks again after each
   * request and each append, without polling. Rejects UNTIL_TIMEOUT, saying what was seen instead,
   * and BROKER_CLOSED.
   */
  until(condition: RecordsCondition, options?: UntilOptions): Promise<BrokerRecord[]>;
  /** Waits until clients have sent requests, and resolves with those. */
  until(condition: RequestsCondition, options?: UntilOptions): Promise<TrackedRequest[]>;
  /** Waits until a consumer group is stable, or has committed what a topic holds. */
  until(condition: GroupCondition, options?: UntilOptions): Promise<SettledGroup>;
  /** Waits until the function returns something truthy, and resolves with that. */
  until<T>(
    condition: (broker: RunningBroker) => T | Promise<T>,
    options?: UntilOptions,
  ): Promise<T>;
  /**
   * Makes the broker as it was at its start: topics and groups that clients have made, settings
   * that they have changed, faults, tracked requests and the time by which the clock was advanced
   * are gone, and the topics of `startBroker` are there again. Port and connections stay; members
   * of groups are told to join again. Rejects RESET_REFUSED for a broker with a `dataDir`,
   * BROKER_DOWN, BROKER_CLOSED.
   */
  reset(): Promise<void>;
  /**
   * Ends the broker as `kill -9` would: connections are cut, nothing more is written, and the stop
   * does not count as clean, so that the next start recovers. What was written stays, as it does
   * when a process is killed; that is all that was answered. Resolves when the port is free.
   */
  kill(): Promise<void>;
  /**
   * Starts the broker again with its data, on the same port; one that still runs is stopped first.
   * Resolves when it serves. Clock, faults and tracked requests stay as they are. Rejects with
   * ListenError if another program has taken the port meanwhile.
   */
  restart(): Promise<void>;
  /** From now on the process stays as long as the broker is open. */
  ref(): this;
  /**
   * From now on an open broker does not keep the process: its folder goes when the process exits.
   * Calls that wait, such as `until` and `close`, keep it until they are over.
   */
  unref(): this;
  /**
   * Ends everything and resolves when nothing is left: no handle, no file descriptor, no temporary
   * folder. May be called again.
   */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

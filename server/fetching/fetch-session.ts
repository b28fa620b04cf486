import type { Partition } from '../partition/partition.js';
import type { RequestOf, ResponseOf } from '../protocol/api.js';
import type { Fetch } from '../protocol/messages/fetch.js';

type TopicWish = RequestOf<typeof Fetch>['topics'][number];
type ForgottenTopic = RequestOf<typeof Fetch>['forgottenTopicsData'][number];
export type PartitionWish = TopicWish['partitions'][number];
export type TopicAnswer = ResponseOf<typeof Fetch>['topics'][number];

/** The answer for a topic while it is built. */
export type TopicNews = TopicAnswer & { partitions: PartitionAnswer[] };
export type PartitionAnswer = TopicAnswer['partitions'][number];

/** Asks for every partition, and for a session if there is room for one. */
export const INITIAL_EPOCH = 0;
/** Asks for every partition, without a session; a session that the request names ends. */
export const FINAL_EPOCH = -1;
/** Stands for no session, in requests and answers. */
export const NO_SESSION = 0;

/**
 * A topic as clients name it: by name up to version 12, by id from 13 on; the other field has its
 * default.
 */
export interface TopicName {
  readonly topic: string;
  readonly topicId: string;
}

/**
 * One partition of a session: the wish of its client, and the offsets that the client was told
 * last.
 */
export interface SessionPartition {
  readonly session: FetchSession;
  readonly topic: TopicName;
  wish: PartitionWish;
  /**
   * -1 before the first answer, and after an error: once the error is over, the client is told
   * again.
   */
  toldHighWatermark: number;
  toldLogStartOffset: number;
  /**
   * The partition whose moves make this one worth a look; null where none was found.
   * `FetchSessions` keeps it.
   */
  watched: Partition | null;
  /**
   * At the last read no record lay between the wished offset (inclusive) and this one (exclusive).
   */
  emptyUpTo: number;
}

/** The result of one look at a partition. */
export interface Finding {
  readonly entry: SessionPartition;
  readonly answer: PartitionAnswer;
  /** Bytes of records in the answer. */
  readonly recordBytes: number;
}

/**
 * The epoch of the request after that of `epoch`: 1 comes after the largest, because 0 begins a
 * session.
 */
export function nextEpoch(epoch: number): number {
  return epoch === 2 ** 31 - 1 ? 1 : epoch + 1;
}

/**
 * The topic in the form in which one session names it, which is the same for all of its requests.
 */
function keyOf(topic: TopicName, usesTopicIds: boolean): string {
  return usesTopicIds ? topic.topicId : topic.topic;
}

interface SessionTopic {
  readonly name: TopicName;
  readonly partitions: Map<number, SessionPartition>;
}

/**
 * The partitions that a client fetches again and again, so that a request names only changes
 * (KIP-227). This class only keeps the list: it reads nothing, and others decide when a partition
 * is looked at.
 *
 * A partition is either on the list of those to look at, or has nothing new for its client until it
 * moves. So the cost of a fetch depends on the partitions that have changed, not on all partitions
 * of the session. The list keeps its order, and a partition that gave records goes to its end: none
 * starves when an answer is full.
 */
export class FetchSession {
  /** Never `NO_SESSION`. */
  readonly id: number;
  /** Whether the session is a follower's, for which sessions of consumers make room. */
  readonly isPrivileged: boolean;
  readonly usesTopicIds: boolean;
  /** Monotonic. */
  readonly createdMs: number;
  lastUsedMs: number;
  /** The epoch of the next request. */
  epoch = nextEpoch(INITIAL_EPOCH);
  readonly #topics = new Map<string, SessionTopic>();
  readonly #toLookAt = new Set<SessionPartition>();
  #size = 0;

  constructor(options: {
    readonly id: number;
    readonly isPrivileged: boolean;
    readonly usesTopicIds: boolean;
    readonly nowMs: number;
  }) {
    this.id = options.id;
    this.isPrivileged = options.isPrivileged;
    this.usesTopicIds = options.usesTopicIds;
    this.createdMs = options.nowMs;
    this.lastUsedMs = options.nowMs;
  }

  /** Number of its partitions. */
  get size(): number {
    return this.#size;
  }

  /** The partitions that may have something for the client, in the order in which they are read. */
  get toLookAt(): ReadonlySet<SessionPartition> {
    return this.#toLookAt;
  }

  *partitions(): Iterable<SessionPartition> {
    for (const { partitions } of this.#topics.values()) yield* partitions.values();
  }

  find(topic: TopicName, partition: number): SessionPartition | undefined {
    return this.#topics.get(keyOf(topic, this.usesTopicIds))?.partitions.get(partition);
  }

  /**
   * Takes in the partitions that a request names: new partitions come last, known ones keep their
   * place. Where a partition is named twice, the last wish counts.
   */
  add(topics: readonly TopicWish[]): void {
    for (const named of topics) {
      const topic = this.#topicOf(named);
      for (const wish of named.partitions) {
        let entry = topic.partitions.get(wish.partition);
        if (entry === undefined) {
          entry = {
            session: this,
            topic: topic.name,
            wish,
            toldHighWatermark: -1,
            toldLogStartOffset: -1,
            watched: null,
            emptyUpTo: -1,
          };
          topic.partitions.set(wish.partition, entry);
          this.#size += 1;
        } else entry.wish = wish;
        this.#toLookAt.add(entry);
      }
    }
  }

  /** Drops partitions; unknown ones are skipped. Returns the dropped partitions. */
  forget(topics: readonly ForgottenTopic[]): SessionPartition[] {
    const forgotten: SessionPartition[] = [];
    for (const named of topics) {
      const key = keyOf(named, this.usesTopicIds);
      const partitions = this.#topics.get(key)?.partitions;
      for (const number of named.partitions) {
        const entry = partitions?.get(number);
        if (entry === undefined) continue;
        partitions?.delete(number);
        this.#toLookAt.delete(entry);
        this.#size -= 1;
        forgotten.push(entry);
      }
      if (partitions?.size === 0) this.#topics.delete(key);
    }
    return forgotten;
  }

  /** The partition has moved: it may have something for the client now. */
  moved(entry: SessionPartition): void {
    this.#toLookAt.add(entry);
  }

  /**
   * Remembers the offsets of an answer that lists every partition, when the session begins with it.
   */
  told(topics: readonly TopicAnswer[]): void {
    for (const topic of topics) {
      for (const answer of topic.partitions) {
        const entry = this.find(topic as TopicName, answer.partitionIndex);
        if (entry !== undefined) tell(entry, answer);
      }
    }
  }

  /**
   * The incremental answer: only the findings that are news to the client. Remembers them as told,
   * and takes partitions that are read to their end off the list until they move. The answer is put
   * behind the topics that `topics` already holds.
   */
  answer(
    findings: readonly Finding[],
    readsCommitted: boolean,
    topics: TopicNews[] = [],
  ): TopicNews[] {
    for (const { entry, answer, recordBytes } of findings) {
      const isNews = recordBytes > 0 || isNewsWithoutRecords(entry, answer);
      tell(entry, answer);
      if (recordBytes > 0) {
        this.#toLookAt.delete(entry);
        this.#toLookAt.add(entry);
      } else if (isReadToItsEnd(entry, answer, readsCommitted)) this.#toLookAt.delete(entry);
      if (!isNews) continue;
      const last = topics.at(-1);
      if (
        last !== undefined &&
        last.topicId === entry.topic.topicId &&
        last.topic === entry.topic.topic
      ) {
        last.partitions.push(answer);
      } else topics.push({ ...entry.topic, partitions: [answer] });
    }
    return topics;
  }

  #topicOf(named: TopicName): SessionTopic {
    const key = keyOf(named, this.usesTopicIds);
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      const name = { topic: named.topic, topicId: named.topicId };
      topic = { name, partitions: new Map() };
      this.#topics.set(key, topic);
    }
    return topic;
  }
}

/**
 * Errors and diverging epochs are always news; offsets are when they are not those that the client
 * knows.
 */
function isNewsWithoutRecords(entry: SessionPartition, answer: PartitionAnswer): boolean {
  return (
    answer.errorCode !== 0 ||
    answer.divergingEpoch !== undefined ||
    answer.highWatermark !== entry.toldHighWatermark ||
    answer.logStartOffset !== entry.toldLogStartOffset
  );
}

function tell(entry: SessionPartition, answer: PartitionAnswer): void {
  entry.toldHighWatermark = answer.errorCode === 0 ? answer.highWatermark : -1;
  entry.toldLogStartOffset = answer.logStartOffset ?? -1;
}

function isReadToItsEnd(
  { wish, watched }: SessionPartition,
  answer: PartitionAnswer,
  readsCommitted: boolean,
): boolean {
  if (answer.errorCode !== 0 || answer.divergingEpoch !== undefined || watched === null)
    return false;
  const end = (readsCommitted ? answer.lastStableOffset : answer.highWatermark) ?? -1;
  return end >= 0 && wish.fetchOffset >= end;
}

import type { Clock, Timer } from '../../engine/index.js';
import { ApiError } from '../api-error.js';
import type { Logger } from '../logging/log.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { ErrorName } from '../protocol/error-codes.js';
import type { GroupEntry } from './group-entry.js';
import { isTidyId } from './group-id.js';
import { type GroupRegistry, writeError } from './group-registry.js';
import { commit, type Speaker } from './membership.js';
import { type CommittedOffset, expiredOffsets, type GroupOffsets } from './offsets.js';
import { OFFSETS_TOPIC, type OffsetsTopic } from './offsets-topic.js';
import type { GroupRecord } from './records.js';
import { CONSUMER_PROTOCOL, subscribedTopics } from './subscription.js';

/** A partition's offset as a client commits it. */
export interface NewOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** -1 if the client does not say. */
  readonly leaderEpoch: number;
  readonly metadata: string | null;
}

/** What a string of a record can hold, whatever the setting allows. */
const STRING_BYTES_MAX = 32_767;

export interface OffsetStoreOptions {
  readonly groups: GroupRegistry;
  readonly topic: OffsetsTopic;
  readonly metadata: MetadataView;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Characters, inclusive. */
  readonly metadataLengthMax: number;
  readonly retentionMs: number;
  readonly retentionCheckIntervalMs: number;
}

/** Committed offsets: taken, given, forgotten. What is answered is in the log, as safe as the log's promise says. */
export class OffsetStore {
  readonly #options: OffsetStoreOptions;
  #timer: Timer | null = null;
  #stopListening: () => void = () => {};

  constructor(options: OffsetStoreOptions) {
    this.#options = options;
  }

  /** After the groups were loaded: forgets what belongs to no topic any more, and lets offsets expire from then on. */
  start(): void {
    const { groups, metadata } = this.#options;
    for (const entry of groups.all()) {
      const orphans = [...entry.offsets.topics()].filter(
        (topic) => metadata.image.topic(topic) === undefined,
      );
      for (const topic of orphans) this.#forgetTopic(entry, topic);
    }
    this.#stopListening = metadata.onChange(({ topics }) => {
      for (const [name, { before, after }] of topics) {
        if (before === undefined || before.id === after?.id) continue;
        if (name === OFFSETS_TOPIC) void groups.forgetAll();
        else for (const entry of groups.all()) this.#forgetTopic(entry, name);
      }
    });
    this.#schedule();
  }

  stop(): void {
    this.#stopListening();
    this.#timer?.cancel();
  }

  /**
   * Commits offsets, in the turn of the call. Resolves with the error of each, in their order, when the log's promise holds. Throws
   * ApiError if the group refuses them all.
   *
   * @param retentionMs the client's own wish (up to v4), or -1
   */
  commit(
    groupId: string,
    speaker: Speaker,
    offsets: readonly NewOffset[],
    retentionMs: number,
  ): Promise<ErrorName[]> {
    const { groups, clock } = this.#options;
    checkId(groupId);
    const present = groups.find(groupId);
    if (present === undefined && speaker.generation >= 0) {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    const entry = present ?? groups.findOrAdd(groupId);
    const refusal = groups.runQuietly(entry, (step) => commit(step, speaker));
    if (refusal !== 'NONE') throw new ApiError(refusal, 'the group does not take the commit');

    const nowMs = clock.wallMs();
    const expireTimestamp = expiryOf(nowMs, retentionMs);
    const errors = offsets.map((offset) => this.#problemOf(offset));
    const records = offsets.flatMap((offset, at) =>
      errors[at] === 'NONE' ? [recordOf(groupId, offset, nowMs, expireTimestamp)] : [],
    );
    return this.#write(entry, records).then(
      () => errors,
      (error: unknown) => {
        const code = writeError(error, 'INVALID_COMMIT_OFFSET_SIZE');
        return errors.map((each) => (each === 'NONE' ? code : each));
      },
    );
  }

  #problemOf({ topic, partition, offset, metadata }: NewOffset): ErrorName {
    const partitions = this.#options.metadata.image.topic(topic)?.partitions;
    if (partitions?.[partition] === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    const text = metadata ?? '';
    const isTooLarge =
      text.length > this.#options.metadataLengthMax || Buffer.byteLength(text) > STRING_BYTES_MAX;
    if (isTooLarge) return 'OFFSET_METADATA_TOO_LARGE';
    // The reader clamps what no number holds exactly; to store such an offset would be to change it.
    if (Math.abs(offset) >= Number.MAX_SAFE_INTEGER) return 'INVALID_COMMIT_OFFSET_SIZE';
    return 'NONE';
  }

  /**
   * The offsets of a group, null if there is none; whatever was committed before the call is in them, unless it failed. Rejects with
   * ApiError while the group is not available.
   */
  async fetch(groupId: string): Promise<GroupOffsets | null> {
    const { groups, topic } = this.#options;
    checkId(groupId);
    groups.find(groupId);
    await topic.settled(groupId);
    return groups.find(groupId)?.offsets ?? null;
  }

  /**
   * Forgets offsets (KIP-496). Resolves with the error of each when that is in the log. Rejects ApiError GROUP_ID_NOT_FOUND, and
   * NON_EMPTY_GROUP for members that are no consumers.
   */
  async delete(
    groupId: string,
    wanted: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<ErrorName[]> {
    const { groups, topic } = this.#options;
    await topic.settled(groupId);
    const entry = groups.find(groupId);
    if (entry === undefined || entry.group.state === 'Dead') {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    const { group, offsets } = entry;
    if (group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL) {
      throw new ApiError('NON_EMPTY_GROUP', 'the group has members');
    }
    const read = group.state === 'Empty' ? new Set<string>() : subscribedTopics(group);
    const errors = wanted.map(({ topic: name, partition }): ErrorName => {
      const partitions = this.#options.metadata.image.topic(name)?.partitions;
      if (partitions?.[partition] === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
      return read === null || read.has(name) ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE';
    });
    const gone = wanted.filter(
      ({ topic: name, partition }, at) =>
        errors[at] === 'NONE' && offsets.get(name, partition) !== undefined,
    );
    try {
      await this.#write(
        entry,
        gone.map((each) => tombstoneOf(groupId, each)),
      );
      return errors;
    } catch (error) {
      const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
      return errors.map((each) => (each === 'NONE' ? code : each));
    }
  }

  /** Tombstones for all offsets of a group, and for the group. Resolves when they are in the log, and nothing of it is in memory. */
  async deleteAll(entry: GroupEntry): Promise<void> {
    const { topic, groups } = this.#options;
    await topic.settled(entry.id);
    const records = tombstonesOf(entry);
    if (entry.group.isStored) records.push(groupTombstone(entry));
    await this.#write(entry, records);
    groups.forget(entry);
  }

  /** At once, so that a topic of the same name starts without; commits under way are taken back behind them. */
  #forgetTopic(entry: GroupEntry, topic: string): void {
    const gone = new Set<number>();
    for (const { partition } of [...entry.offsets.ofTopic(topic)]) {
      gone.add(partition);
      entry.offsets.delete(topic, partition);
    }
    for (const records of entry.writes) {
      for (const record of records) {
        if (record.kind === 'offset' && record.topic === topic) gone.add(record.partition);
      }
    }
    if (gone.size === 0) return;
    const records = [...gone].map((partition) => tombstoneOf(entry.id, { topic, partition }));
    void this.#writeOrWarn(entry, records);
  }

  #schedule(): void {
    const { clock, retentionCheckIntervalMs } = this.#options;
    this.#timer = clock.schedule(retentionCheckIntervalMs, () => {
      this.#schedule();
      return this.#expire();
    });
  }

  /** Lets offsets go whose time is over, and with its last offset an empty group. */
  async #expire(): Promise<void> {
    const { groups, clock, retentionMs } = this.#options;
    const writes: Promise<void>[] = [];
    for (const entry of groups.all()) {
      const { group, offsets } = entry;
      // What is being committed is in use; the next round sees it.
      if (group.state === 'Dead' || entry.writes.size > 0) continue;
      const expired = expiredOffsets(group, offsets, clock.wallMs(), retentionMs);
      const records = expired.map((each) => tombstoneOf(entry.id, each));
      const isOver = group.state === 'Empty' && group.pending.size === 0;
      if (isOver && group.isStored && expired.length === offsets.count) {
        group.isStored = false;
        records.push(groupTombstone(entry));
      }
      if (records.length > 0) writes.push(this.#writeOrWarn(entry, records));
    }
    await Promise.all(writes);
  }

  #writeOrWarn(entry: GroupEntry, records: readonly GroupRecord[]): Promise<void> {
    return this.#write(entry, records).catch((error: unknown) => {
      const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
      this.#options.logger.warn(
        { group: entry.id, code },
        'offsets that are to be forgotten could not be written; the next start finds them again',
      );
    });
  }

  /** Writes records of offsets, and takes them into memory when they are in the log. */
  async #write(entry: GroupEntry, records: readonly GroupRecord[]): Promise<void> {
    const { topic, groups, clock } = this.#options;
    try {
      if (records.length === 0) return;
      entry.writes.add(records);
      await topic.write(entry.id, records, clock.wallMs(), () => {
        for (const record of records) apply(entry.offsets, record);
      });
    } finally {
      entry.writes.delete(records);
      groups.forgetIfUnused(entry);
    }
  }
}

function checkId(groupId: string): void {
  if (!isTidyId(groupId)) throw new ApiError('INVALID_GROUP_ID', 'the group id is not valid');
}

/**
 * -1 for the broker's own retention. A wish beyond what a record's number can say is as good as for
 * ever.
 */
function expiryOf(nowMs: number, retentionMs: number): number {
  return retentionMs < 0 ? -1 : Math.min(nowMs + retentionMs, Number.MAX_SAFE_INTEGER);
}

function apply(offsets: GroupOffsets, record: GroupRecord): void {
  if (record.kind !== 'offset') return;
  if (record.value === null) offsets.delete(record.topic, record.partition);
  else offsets.set(record.topic, record.partition, record.value);
}

function recordOf(
  group: string,
  { topic, partition, offset, leaderEpoch, metadata }: NewOffset,
  commitTimestamp: number,
  expireTimestamp: number,
): GroupRecord {
  const value = { offset, leaderEpoch, metadata: metadata ?? '', commitTimestamp, expireTimestamp };
  return { kind: 'offset', group, topic, partition, value };
}

function tombstoneOf(
  group: string,
  { topic, partition }: Pick<CommittedOffset, 'topic' | 'partition'>,
): GroupRecord {
  return { kind: 'offset', group, topic, partition, value: null };
}

function tombstonesOf({ id, offsets }: GroupEntry): GroupRecord[] {
  return [...offsets.all()].map((offset) => tombstoneOf(id, offset));
}

function groupTombstone({ id }: GroupEntry): GroupRecord {
  return { kind: 'group', group: id, value: null };
}

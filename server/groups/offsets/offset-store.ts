import type { Clock, Timer, TurnSlices } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { Logger } from '../../logging/log.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import { ApiError } from '../../protocol/api-error.js';
import type { ErrorName } from '../../protocol/error-codes.js';
import { ZERO_UUID } from '../../protocol/schema.js';
import { isTidyId } from '../classic/group-id.js';
import { commit, type Speaker } from '../classic/membership.js';
import { CONSUMER_PROTOCOL, subscribedTopics } from '../classic/subscription.js';
import type { GroupEntry } from '../group-entry.js';
import type { GroupLimits, GroupRegistry } from '../group-registry.js';
import { OFFSETS_TOPIC, type OffsetsTopic } from '../offsets-topic.js';
import type { GroupRecord, OffsetValue } from '../records.js';
import { writeError } from '../write-error.js';
import type { CommittedTopics } from './committed-topics.js';
import { type CommittedOffset, expiredOffsets, type GroupOffsets } from './offsets.js';
import { StaleOffsets } from './stale-offsets.js';
import { Tombstones } from './tombstones.js';

/** A partition's offset as a client commits it. */
export interface NewOffset {
  readonly partitionIndex: number;
  readonly committedOffset: number;
  /** -1 if the client does not say. */
  readonly committedLeaderEpoch: number;
  readonly committedMetadata: string | null;
}

/** What a client commits for a topic. */
export interface NewOffsets {
  readonly name: string;
  readonly partitions: readonly NewOffset[];
}

/** What became of a commit. */
export interface CommitOutcome {
  /** What is wrong with each of the offsets, in their order; fewer if the write failed early. */
  readonly errors: readonly ErrorName[];
  /** Why those that nothing is wrong with were not written; null if they were. */
  readonly failure: ErrorName | null;
}

/** What a string of a record can hold, whatever the setting allows. */
const STRING_BYTES_MAX = 32_767;

export interface OffsetStoreOptions {
  readonly groups: GroupRegistry;
  readonly topic: OffsetsTopic;
  readonly committed: CommittedTopics;
  readonly slices: TurnSlices;
  readonly limits: GroupLimits;
  readonly metadata: MetadataView;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Characters, inclusive. */
  readonly metadataLengthMax: number;
  readonly retentionMs: number;
  readonly retentionCheckIntervalMs: number;
}

/**
 * Committed offsets: taken, given, forgotten. What is answered is in the log of every in-sync
 * replica, as safe as the log's promise says.
 */
export class OffsetStore {
  readonly #options: OffsetStoreOptions;
  readonly #tombstones: Tombstones;
  readonly #stale: StaleOffsets;
  #timer: Timer | null = null;
  #isStopped = false;
  #isExpiring = false;
  #isExpiryDue = false;
  #stopListening: () => void = () => {};

  constructor(options: OffsetStoreOptions) {
    this.#options = options;
    this.#tombstones = new Tombstones(options);
    this.#stale = new StaleOffsets({ ...options, tombstones: this.#tombstones });
  }

  /**
   * After the groups were loaded: forgets what belongs to no topic any more, and lets offsets
   * expire from then on.
   */
  start(): void {
    const { groups, metadata, committed } = this.#options;
    for (const topic of committed.topics()) this.#stale.add(topic);
    this.#stopListening = metadata.onChange(({ topics }) => {
      for (const [name, { before, after }] of topics) {
        if (before === undefined || before.id === after?.id) continue;
        if (name === OFFSETS_TOPIC) void groups.forgetAll();
        else this.#stale.add(name);
      }
    });
    this.#schedule();
  }

  stop(): void {
    this.#stopListening();
    this.#stale.stop();
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /**
   * Commits offsets, in the turn of the call. Resolves when every in-sync replica has them. Rejects
   * with ApiError if the group refuses them all.
   *
   * @param retentionMs the client's own wish (up to v4), or -1
   */
  async commit(
    groupId: string,
    speaker: Speaker,
    topics: readonly NewOffsets[],
    retentionMs: number,
  ): Promise<CommitOutcome> {
    const { groups, clock } = this.#options;
    checkId(groupId);
    const present = groups.find(groupId);
    if (present === undefined && speaker.generation >= 0) {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    if (present === undefined && groups.isFull) {
      throw new ApiError('POLICY_VIOLATION', 'the broker has as many groups as it may have');
    }
    const entry = present ?? groups.findOrAdd(groupId);
    const refusal = groups.runQuietly(entry, (step) => commit(step, speaker));
    if (refusal !== 'NONE') throw new ApiError(refusal, 'the group does not take the commit');

    const nowMs = clock.wallMs();
    const errors: ErrorName[] = [];
    const records = this.#recordsOf(entry, topics, nowMs, expiryOf(nowMs, retentionMs), errors);
    try {
      await this.#write(entry, records);
      return { errors, failure: null };
    } catch (error) {
      return { errors, failure: writeError(error, 'INVALID_COMMIT_OFFSET_SIZE') };
    }
  }

  /** The records of a commit, and in `errors` what is wrong with each of its offsets. */
  async #recordsOf(
    { id: group, offsets: present }: GroupEntry,
    topics: readonly NewOffsets[],
    commitTimestamp: number,
    expireTimestamp: number,
    errors: ErrorName[],
  ): Promise<GroupRecord[]> {
    const { committed, slices } = this.#options;
    const work = slices.begin();
    const records: GroupRecord[] = [];
    for (const { name: topic, partitions } of topics) {
      const beside = work.did(1);
      if (beside !== null) await beside;
      for (const offset of partitions) {
        const problem = this.#problemOf(topic, offset, present, present.count + records.length);
        errors.push(problem);
        if (problem === 'NONE') {
          const { partitionIndex: partition, committedLeaderEpoch, committedMetadata } = offset;
          present.deleteStale(topic, partition);
          const value: OffsetValue = {
            offset: offset.committedOffset,
            leaderEpoch: committedLeaderEpoch,
            metadata: committedMetadata ?? '',
            commitTimestamp,
            expireTimestamp,
            topicId: committed.idOf(topic) ?? ZERO_UUID,
          };
          records.push({ kind: 'offset', group, topic, partition, value });
        }
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    }
    return records;
  }

  /** `count`: offsets that the group has by then. */
  #problemOf(
    topic: string,
    { partitionIndex: partition, committedOffset: offset, committedMetadata: metadata }: NewOffset,
    present: GroupOffsets,
    count: number,
  ): ErrorName {
    const { committed, limits } = this.#options;
    const partitions = this.#options.metadata.image.topic(topic)?.partitions;
    if (partitions?.[partition] === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION';
    const isFull = count >= limits.groupOffsetsMax || committed.offsetCount >= limits.offsetsMax;
    if (isFull && present.get(topic, partition) === undefined) return 'POLICY_VIOLATION';
    const text = metadata ?? '';
    const isTooLarge =
      text.length > this.#options.metadataLengthMax || Buffer.byteLength(text) > STRING_BYTES_MAX;
    if (isTooLarge) return 'OFFSET_METADATA_TOO_LARGE';
    // The reader clamps what no number holds exactly; to store such an offset would be to change
    // it.
    if (Math.abs(offset) >= Number.MAX_SAFE_INTEGER) return 'INVALID_COMMIT_OFFSET_SIZE';
    return 'NONE';
  }

  /**
   * The offsets of a group, null if there is none; whatever was committed before the call is in
   * them, unless it failed. Rejects with ApiError while the group is not available.
   */
  async fetch(groupId: string): Promise<GroupOffsets | null> {
    const { groups, topic } = this.#options;
    checkId(groupId);
    groups.find(groupId);
    await topic.settled(groupId);
    return groups.find(groupId)?.offsets ?? null;
  }

  /**
   * Forgets offsets (KIP-496). Resolves with the error of each when that is in the log. Rejects
   * ApiError GROUP_ID_NOT_FOUND, and NON_EMPTY_GROUP for members that are no consumers.
   */
  async delete(
    groupId: string,
    wanted: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<ErrorName[]> {
    const { groups, topic, slices } = this.#options;
    await topic.settled(groupId);
    const entry = groups.find(groupId);
    if (entry === undefined || entry.group.state === 'Dead') {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    const { group, offsets } = entry;
    if (group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL) {
      throw new ApiError('NON_EMPTY_GROUP', 'the group has members');
    }
    const read =
      group.state === 'Empty' ? new Set<string>() : await subscribedTopics(group, slices);
    const work = slices.begin();
    const errors: ErrorName[] = [];
    const gone: GroupRecord[] = [];
    for (const { topic: name, partition } of wanted) {
      const partitions = this.#options.metadata.image.topic(name)?.partitions;
      const isKnown = partitions?.[partition] !== undefined;
      const isRead = read === null || read.has(name);
      if (!isKnown) errors.push('UNKNOWN_TOPIC_OR_PARTITION');
      else errors.push(isRead ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE');
      if (isKnown && !isRead && offsets.get(name, partition) !== undefined) {
        gone.push(tombstoneOf(groupId, { topic: name, partition }));
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    try {
      await this.#write(entry, gone);
      return errors;
    } catch (error) {
      const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
      return errors.map((each) => (each === 'NONE' ? code : each));
    }
  }

  /**
   * Tombstones for all offsets of a group, and for the group. Resolves when they are in the log,
   * and nothing of it is in memory.
   */
  async deleteAll(entry: GroupEntry): Promise<void> {
    const { topic, groups } = this.#options;
    await topic.settled(entry.id);
    const records = await this.#tombstonesOf(entry);
    if (entry.group.isStored) records.push(groupTombstone(entry));
    await this.#write(entry, records);
    groups.forget(entry);
  }

  async #tombstonesOf({ id, offsets }: GroupEntry): Promise<GroupRecord[]> {
    const work = this.#options.slices.begin();
    const records: GroupRecord[] = [];
    for (const offset of offsets.stored()) {
      records.push(tombstoneOf(id, offset));
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    return records;
  }

  #schedule(): void {
    const { clock, retentionCheckIntervalMs } = this.#options;
    this.#timer = clock.schedule(retentionCheckIntervalMs, () => {
      this.#schedule();
      return this.#expire();
    });
  }

  /** One pass at a time: one that is due meanwhile follows it. */
  async #expire(): Promise<void> {
    this.#isExpiryDue = true;
    if (this.#isExpiring) return;
    this.#isExpiring = true;
    try {
      while (this.#isExpiryDue && !this.#isStopped) {
        this.#isExpiryDue = false;
        await this.#expireAll();
      }
    } finally {
      this.#isExpiring = false;
    }
  }

  /** Lets offsets go whose time is over, and with its last offset an empty group. */
  async #expireAll(): Promise<void> {
    const { groups, slices } = this.#options;
    const work = slices.begin();
    for (const entry of groups.all()) {
      if (this.#isStopped) return;
      const { group, offsets } = entry;
      if (group.state === 'Stable') await this.#expireRead(entry);
      else if (group.state === 'Empty') this.#forgetExpired(entry, null);
      const pause = work.did(1 + Math.ceil(offsets.count / SERVER_LIMITS.offsetsPassedPerElement));
      if (pause === null && this.#tombstones.count < SERVER_LIMITS.tombstonesAtOnce) continue;
      this.#tombstones.flush();
      if (pause !== null) await pause;
    }
    this.#tombstones.flush();
  }

  /** The same for one group that has members: they go on to read what they have subscribed to. */
  async #expireRead(entry: GroupEntry): Promise<void> {
    const { clock, slices, retentionMs } = this.#options;
    const { group, offsets } = entry;
    // What members read is worth a look only if something may be over.
    const old = expiredOffsets(group, offsets, new Set(), clock.wallMs(), retentionMs);
    if (old.length === 0) return;
    this.#tombstones.flush();
    this.#forgetExpired(entry, await subscribedTopics(group, slices));
    this.#tombstones.flush();
  }

  #forgetExpired(entry: GroupEntry, read: ReadonlySet<string> | null): void {
    const { groups, clock, retentionMs } = this.#options;
    const { group, offsets } = entry;
    // What is being committed is in use; the next round sees it.
    if (entry.writing > 0) return;
    for (const { topic, partition } of expiredOffsets(
      group,
      offsets,
      read,
      clock.wallMs(),
      retentionMs,
    )) {
      offsets.delete(topic, partition);
      this.#tombstones.add(tombstoneOf(entry.id, { topic, partition }));
    }
    if (group.state !== 'Empty' || group.pending.size > 0 || offsets.count > 0) return;
    if (group.isStored) {
      group.isStored = false;
      this.#tombstones.add(groupTombstone(entry));
    }
    groups.forgetIfUnused(entry);
  }

  /**
   * Writes records of offsets, and takes them into memory when all in-sync replicas have them; also
   * when that is after the answer, which is then REQUEST_TIMED_OUT.
   */
  async #write(
    entry: GroupEntry,
    records: readonly GroupRecord[] | Promise<readonly GroupRecord[]>,
  ): Promise<void> {
    const { topic, groups, clock } = this.#options;
    entry.writing += 1;
    const apply = (): Promise<void> => this.#apply(entry, records);
    await topic.write(entry.id, records, clock.wallMs(), apply, () => {
      entry.writing -= 1;
      groups.forgetIfUnused(entry);
    });
  }

  async #apply(
    { offsets }: GroupEntry,
    records: readonly GroupRecord[] | Promise<readonly GroupRecord[]>,
  ): Promise<void> {
    const { committed, slices } = this.#options;
    const work = slices.begin();
    for (const record of await records) {
      if (record.kind !== 'offset') continue;
      const { topic, partition, value } = record;
      if (value === null) offsets.delete(topic, partition);
      else {
        offsets.set(topic, partition, value);
        // The topic may have been deleted while this was written.
        if (committed.idOf(topic) !== value.topicId) this.#stale.add(topic);
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
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

function tombstoneOf(
  group: string,
  { topic, partition }: Pick<CommittedOffset, 'topic' | 'partition'>,
): GroupRecord {
  return { kind: 'offset', group, topic, partition, value: null };
}

function groupTombstone({ id }: GroupEntry): GroupRecord {
  return { kind: 'group', group: id, value: null };
}

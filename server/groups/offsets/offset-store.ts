import type { Clock, TurnSlices } from '../../../engine/index.js';
import { ApiError } from '../../protocol/api-error.js';
import type { ErrorName } from '../../protocol/error-codes.js';
import { isTidyId } from '../classic/group-id.js';
import { commit, type Speaker } from '../classic/membership.js';
import { CONSUMER_PROTOCOL, subscribedTopics } from '../classic/subscription.js';
import type { GroupEntry } from '../group-entry.js';
import { type GroupShards, shardOfNew } from '../group-shards.js';
import type { GroupRecord } from '../records.js';
import { writeError } from '../write-error.js';
import { type CommitRules, expiryOf, type NewOffsets, recordsOfCommit } from './new-offsets.js';
import type { GroupOffsets } from './offsets.js';
import { tombstoneOf } from './tombstones.js';

/** The outcome of a commit. */
export interface CommitOutcome {
  /** The error of each of the offsets, in their order; fewer if the write failed early. */
  readonly errors: readonly ErrorName[];
  /** Why the valid offsets were not written; null if they were. */
  readonly failure: ErrorName | null;
}

/** Partitions whose offsets are to be forgotten. */
type Wanted = readonly { readonly topic: string; readonly partition: number }[];

export interface OffsetStoreOptions extends CommitRules {
  readonly shards: GroupShards;
  readonly clock: Clock;
  readonly slices: TurnSlices;
}

/**
 * Commits, fetches and deletes offsets. An answered commit is in the log of every in-sync replica,
 * as safe as the log's promise says. Rejects with ApiError COORDINATOR_LOAD_IN_PROGRESS or
 * NOT_COORDINATOR where the shard of the group does not serve.
 */
export class OffsetStore {
  readonly #options: OffsetStoreOptions;

  constructor(options: OffsetStoreOptions) {
    this.#options = options;
  }

  /**
   * Commits offsets, within the call. Resolves when every in-sync replica has them. Rejects with
   * ApiError if the group refuses all of them.
   *
   * @param retentionMs the client's own wish (up to v4), or -1
   */
  async commit(
    groupId: string,
    speaker: Speaker,
    topics: readonly NewOffsets[],
    retentionMs: number,
  ): Promise<CommitOutcome> {
    const { shards, clock } = this.#options;
    checkId(groupId);
    const found = shards.find(groupId);
    if (found?.registry.find(groupId) === undefined && speaker.generation >= 0) {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    const { registry, events, offsets } = found ?? (await shardOfNew(shards, groupId));
    if (registry.find(groupId) === undefined && registry.isFull) {
      throw new ApiError('POLICY_VIOLATION', 'the broker has as many groups as it may have');
    }
    const entry = registry.findOrAdd(groupId);
    const refusal = events.runQuietly(entry, (step) => commit(step, speaker));
    if (refusal !== 'NONE') throw new ApiError(refusal, 'the group does not take the commit');

    const nowMs = clock.wallMs();
    const times = { commitTimestamp: nowMs, expireTimestamp: expiryOf(nowMs, retentionMs) };
    const errors: ErrorName[] = [];
    const records = recordsOfCommit(this.#options, registry, entry, topics, times, errors);
    try {
      await offsets.write(entry, records);
      return { errors, failure: null };
    } catch (error) {
      return { errors, failure: writeError(error, 'INVALID_COMMIT_OFFSET_SIZE') };
    }
  }

  /**
   * The offsets of a group, null if there is no group; all commits before the call are in them,
   * unless they failed. They stay as they are when the shard is not led any more.
   */
  async fetch(groupId: string): Promise<GroupOffsets | null> {
    const { shards } = this.#options;
    checkId(groupId);
    await shards.find(groupId)?.offsets.settled(groupId);
    return shards.find(groupId)?.registry.find(groupId)?.offsets ?? null;
  }

  /**
   * Forgets offsets (KIP-496). Resolves with the error of each when that is in the log. Rejects
   * ApiError GROUP_ID_NOT_FOUND, and NON_EMPTY_GROUP for members that are no consumers.
   */
  async delete(groupId: string, wanted: Wanted): Promise<ErrorName[]> {
    const { shards } = this.#options;
    await shards.find(groupId)?.offsets.settled(groupId);
    const shard = shards.find(groupId);
    const entry = shard?.registry.find(groupId);
    if (!shard || entry === undefined || entry.group.state === 'Dead') {
      throw new ApiError('GROUP_ID_NOT_FOUND', 'there is no such group');
    }
    const { group } = entry;
    if (group.state !== 'Empty' && group.protocolType !== CONSUMER_PROTOCOL) {
      throw new ApiError('NON_EMPTY_GROUP', 'the group has members');
    }
    const errors: ErrorName[] = [];
    try {
      // In line from now on: nothing that is committed later is forgotten with them.
      await shard.offsets.write(entry, this.#tombstonesOf(entry, wanted, errors));
      return errors;
    } catch (error) {
      const code = writeError(error, 'UNKNOWN_SERVER_ERROR');
      return wanted.map((_, at) => (errors[at] === 'NONE' ? code : (errors[at] ?? code)));
    }
  }

  /** Tombstones for those that may be forgotten; in `errors`, what is wrong with each. */
  async #tombstonesOf(
    { id, group, offsets }: GroupEntry,
    wanted: Wanted,
    errors: ErrorName[],
  ): Promise<GroupRecord[]> {
    const { metadata, slices } = this.#options;
    const read =
      group.state === 'Empty' ? new Set<string>() : await subscribedTopics(group, slices);
    const work = slices.begin();
    const gone: GroupRecord[] = [];
    for (const { topic: name, partition } of wanted) {
      const partitions = metadata.image.topic(name)?.partitions;
      const isKnown = partitions?.[partition] !== undefined;
      const isRead = read === null || read.has(name);
      if (!isKnown) errors.push('UNKNOWN_TOPIC_OR_PARTITION');
      else errors.push(isRead ? 'GROUP_SUBSCRIBED_TO_TOPIC' : 'NONE');
      if (isKnown && !isRead && offsets.get(name, partition) !== undefined) {
        gone.push(tombstoneOf(id, { topic: name, partition }));
      }
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    return gone;
  }
}

function checkId(groupId: string): void {
  if (!isTidyId(groupId)) throw new ApiError('INVALID_GROUP_ID', 'the group id is not valid');
}

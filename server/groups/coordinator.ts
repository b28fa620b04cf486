import { newUuid, type Random } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import { coordinatorFor } from '../metadata/coordinator-for.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import { ApiError } from '../protocol/api-error.js';
import type { ErrorName } from '../protocol/error-codes.js';
import type { Group, GroupState, JoinAnswer, SyncAnswer } from './classic/group.js';
import { isTidyId, memberIdPrefix } from './classic/group-id.js';
import { end, type Leaver, leave, revive } from './classic/leaving.js';
import {
  heartbeat,
  type JoinWish,
  join,
  type Speaker,
  type SyncRequest,
  sync,
} from './classic/membership.js';
import { bytesOf } from './classic/protocol-tally.js';
import { failedJoin } from './classic/rebalance.js';
import { type ClientKey, RebalanceCalls } from './classic/rebalance-calls.js';
import type { GroupEntry } from './group-entry.js';
import type { GroupLimits } from './group-registry.js';
import type { GroupShard } from './group-shard.js';
import {
  type GroupShards,
  type GroupShardsOptions,
  openGroupShards,
  shardOfNew,
} from './group-shards.js';
import { GroupTotals } from './group-totals.js';
import { OffsetExpiry } from './offsets/offset-expiry.js';
import { OffsetStore } from './offsets/offset-store.js';
import { StaleOffsets } from './offsets/stale-offsets.js';
import { writeError } from './write-error.js';

export interface GroupCoordinatorOptions
  extends Omit<GroupShardsOptions, 'limits' | 'calls' | 'totals' | 'onStale'> {
  readonly random: Random;
  /** Default: those of the table of limits. */
  readonly limits?: GroupLimits;
  /** A rebalance waits for a member of that client: requests that wait on its behalf must end. */
  onCall(client: ClientKey): void;
}

/** A group as it is listed. */
export interface ListedGroup {
  readonly id: string;
  readonly protocolType: string | null;
  readonly state: GroupState;
}

/** The wish of a JoinGroup; the group takes over its buffers. */
export type JoinRequest = Omit<JoinWish, 'ticket' | 'newMemberId'>;

/**
 * The group coordinator of this broker: consumer groups of the classic protocol and their committed
 * offsets, in memory and in `__consumer_offsets`. Requests take effect within the call, in the
 * order of the calls.
 *
 * Until `start` has loaded a group's partition, everything about the group throws ApiError
 * COORDINATOR_LOAD_IN_PROGRESS; if its log cannot be read, or this broker does not lead it,
 * NOT_COORDINATOR.
 */
export class GroupCoordinator {
  readonly offsets: OffsetStore;
  readonly calls: RebalanceCalls;
  /** By partition of the offsets topic. */
  readonly shards: GroupShards;
  readonly totals = new GroupTotals();
  readonly #options: GroupCoordinatorOptions;
  readonly #stale: StaleOffsets;
  readonly #expiry: OffsetExpiry;
  #stopListening: () => void = () => {};

  constructor(options: GroupCoordinatorOptions) {
    const { settings, clock, slices } = options;
    this.#options = options;
    this.calls = new RebalanceCalls((client) => options.onCall(client), slices);
    this.#stale = new StaleOffsets(slices);
    this.shards = openGroupShards({
      ...options,
      limits: options.limits ?? SERVER_LIMITS,
      calls: this.calls,
      totals: this.totals,
      onStale: (shard, topic) => this.#stale.add(shard, topic),
    });
    this.#expiry = new OffsetExpiry({
      shards: () => this.shards.serving(),
      clock,
      slices,
      retentionMs: settings.offsetsRetentionMs,
      checkIntervalMs: settings.offsetsRetentionCheckIntervalMs,
    });
    this.offsets = new OffsetStore({
      ...options,
      shards: this.shards,
      metadataLengthMax: settings.offsetMetadataLengthMax,
    });
  }

  /**
   * Loads every group. Resolves when that is done and offsets begin to expire; rejects never. Call
   * it once, with the partitions open.
   */
  async start(): Promise<void> {
    this.#stopListening = this.#options.metadata.onChange(({ topics }) => {
      for (const [name, { before, after }] of topics) {
        if (before !== undefined && before.id !== after?.id) this.#forgetTopic(name);
      }
    });
    await this.shards.start();
    this.#expiry.start();
  }

  /**
   * A topic of that name was deleted. Shards that are loading look at all their topics when they
   * have loaded.
   */
  #forgetTopic(name: string): void {
    for (const shard of this.shards.serving()) {
      if (shard.registry.committed.has(name)) this.#stale.add(shard, name);
    }
  }

  /** Stops all timers. Called when no more requests come, and before the partitions are let go. */
  stop(): void {
    this.#stopListening();
    this.shards.stop();
    this.#stale.stop();
    this.#expiry.stop();
  }

  /**
   * The broker that coordinates the group. Creates the offsets topic if there is none. Rejects
   * ApiError.
   */
  async coordinatorOf(groupId: string): Promise<number> {
    await this.shards.ensure();
    const found = coordinatorFor(this.#options.metadata.image, 'group', groupId);
    if (found === null || found.nodeId === -1) {
      throw new ApiError('COORDINATOR_NOT_AVAILABLE', 'no broker leads the partition of the group');
    }
    return found.nodeId;
  }

  /**
   * JoinGroup. Resolves when the generation is formed, or at once with an error. Ends with the
   * connection.
   */
  async join(
    groupId: string,
    request: JoinRequest,
    connection: ConnectionInfo,
  ): Promise<JoinAnswer> {
    const { memberId, instanceId, clientId } = request;
    if (!isUsableId(groupId)) return failedJoin('INVALID_GROUP_ID', memberId);
    if (!isTidyId(memberId)) return failedJoin('UNKNOWN_MEMBER_ID', memberId);
    if (instanceId !== null && !isUsableId(instanceId)) {
      return failedJoin('INVALID_REQUEST', memberId);
    }
    if (!areTidy(request)) return failedJoin('INVALID_REQUEST', memberId);
    const found = this.shards.find(groupId);
    if (found?.registry.find(groupId) === undefined && memberId !== '') {
      return failedJoin('UNKNOWN_MEMBER_ID', memberId);
    }
    const { registry, events } = found ?? (await shardOfNew(this.shards, groupId));
    const present = registry.find(groupId);
    if (present === undefined && registry.isFull) return failedJoin('POLICY_VIOLATION', '');
    const growth = bytesOf(request.protocols) - bytesOf(protocolsOf(present, memberId));
    if (growth > 0 && !registry.hasRoomFor(growth)) {
      return failedJoin('GROUP_MAX_SIZE_REACHED', memberId);
    }
    const entry = present ?? registry.findOrAdd(groupId);
    const uuid = newUuid(this.#options.random);
    const newMemberId = `${memberIdPrefix(instanceId ?? clientId)}-${uuid}`;
    return events.waitForJoin(entry, connection, (step, ticket) =>
      join(step, { ...request, ticket, newMemberId }),
    );
  }

  /**
   * SyncGroup. Resolves when the leader's plan is in the log, or at once with an error. Ends with
   * the connection.
   */
  async sync(
    groupId: string,
    request: Omit<SyncRequest, 'ticket'>,
    connection: ConnectionInfo,
  ): Promise<SyncAnswer> {
    if (!isUsableId(groupId)) return failedSync('INVALID_GROUP_ID');
    const found = this.#find(groupId);
    if (found === null) return failedSync('UNKNOWN_MEMBER_ID');
    return found.shard.events.waitForSync(found.entry, connection, (step, ticket) =>
      sync(step, { ...request, ticket }),
    );
  }

  heartbeat(groupId: string, speaker: Speaker): ErrorName {
    if (!isUsableId(groupId)) return 'INVALID_GROUP_ID';
    const found = this.#find(groupId);
    if (found === null) return 'UNKNOWN_MEMBER_ID';
    return found.shard.events.runQuietly(found.entry, (step) => heartbeat(step, speaker));
  }

  /**
   * LeaveGroup, of `SERVER_LIMITS.leaversAtOnce` at most: the error of each, in their order. Throws
   * ApiError INVALID_GROUP_ID.
   */
  leave(groupId: string, leavers: readonly Leaver[]): ErrorName[] {
    if (!isUsableId(groupId)) throw new ApiError('INVALID_GROUP_ID', 'the group id is not valid');
    const found = this.#find(groupId);
    if (found === null) return leavers.map(() => 'UNKNOWN_MEMBER_ID');
    return found.shard.events.run(found.entry, (step) => leave(step, leavers));
  }

  /** The group as it is; undefined if there is none. The caller must not change it. */
  describe(groupId: string): Readonly<Group> | undefined {
    return this.#find(groupId)?.entry.group;
  }

  /** Every group. Rejects with ApiError COORDINATOR_LOAD_IN_PROGRESS. */
  async list(work = this.#options.slices.begin()): Promise<ListedGroup[]> {
    const listed: ListedGroup[] = [];
    for (const shard of this.shards.all()) {
      for (const { id, group } of shard.registry.all()) {
        listed.push({ id, protocolType: group.protocolType, state: group.state });
        const pause = work.did(1);
        if (pause !== null) await pause;
        // Another broker, or the next term of the shard, lists its groups.
        if (shard.isOver) break;
      }
    }
    return listed;
  }

  /** Deletes an empty group and its offsets. Resolves when that is in the log: NONE, or why not. */
  async delete(groupId: string): Promise<ErrorName> {
    const found = this.#find(groupId);
    if (found === null || found.entry.group.state === 'Dead') return 'GROUP_ID_NOT_FOUND';
    const { shard, entry } = found;
    if (entry.group.state !== 'Empty') return 'NON_EMPTY_GROUP';
    // From now on no client joins or commits.
    shard.events.runQuietly(entry, (step) => end(step, 'COORDINATOR_NOT_AVAILABLE'));
    try {
      await shard.offsets.deleteAll(entry);
      return 'NONE';
    } catch (error) {
      shard.events.runQuietly(entry, revive);
      return writeError(error, 'UNKNOWN_SERVER_ERROR');
    }
  }

  /**
   * The group with its shard; null if there is none. Throws ApiError while the shard does not
   * serve.
   */
  #find(groupId: string): { readonly shard: GroupShard; readonly entry: GroupEntry } | null {
    const shard = this.shards.find(groupId);
    const entry = shard?.registry.find(groupId);
    return shard === null || entry === undefined ? null : { shard, entry };
  }
}

/** Members need a group with a name; offsets alone may be kept under the empty one, as in Kafka. */
function isUsableId(id: string): boolean {
  return id !== '' && isTidyId(id);
}

/** Whether a member's protocols can be kept in memory, and in a record. */
function areTidy({ protocolType, protocols }: JoinRequest): boolean {
  return (
    protocols.length <= SERVER_LIMITS.memberProtocolsMax &&
    bytesOf(protocols) <= SERVER_LIMITS.memberMetadataBytesMax &&
    isTidyId(protocolType) &&
    protocols.every(({ name }) => isTidyId(name))
  );
}

function protocolsOf(entry: GroupEntry | undefined, memberId: string) {
  return entry?.group.members.get(memberId)?.protocols ?? [];
}

function failedSync(error: ErrorName): SyncAnswer {
  return { error, protocolType: null, protocol: null, assignment: Buffer.alloc(0) };
}

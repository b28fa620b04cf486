import { ErrorCode } from '../protocol/error-codes.js';
import { Heartbeat } from '../protocol/messages/heartbeat.js';
import { JoinGroup } from '../protocol/messages/join-group.js';
import { LeaveGroup } from '../protocol/messages/leave-group.js';
import { SyncGroup } from '../protocol/messages/sync-group.js';
import { check, shown } from './answers.js';
import type { Answer, Client } from './client.js';
import {
  type Assignment,
  CONSUMER_PROTOCOL,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from './consumer-protocol.js';
import { whenReady } from './coordinator.js';
import { commitOffsets, type GroupOffsets } from './group-offsets.js';
import { CLI_LIMITS } from './limits.js';
import { assignRanges } from './range-assignment.js';
import { partitionsByTopic } from './topic-partitions.js';

const PROTOCOL = 'range';

/** Error codes after which a member joins again with the id that it has. */
const REJOIN: ReadonlySet<number> = new Set([
  ErrorCode.REBALANCE_IN_PROGRESS,
  ErrorCode.ILLEGAL_GENERATION,
]);

/**
 * A member of a consumer group. It sends heartbeats by itself; its reader asks
 * `mustRejoin` between reads. It owns no connection: `client` is connected to the coordinator, and
 * only this member uses it.
 */
export class GroupMember {
  readonly #client: Client;
  readonly #groupId: string;
  #topics: readonly string[] = [];
  #memberId = '';
  #generation = -1;
  #mustRejoin = true;
  #failure: unknown = null;
  #timer: NodeJS.Timeout | null = null;
  /** Requests go out on the connection one after another. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(client: Client, groupId: string) {
    this.#client = client;
    this.#groupId = groupId;
  }

  /** The topics that it wants to read; it must join again to get their partitions. */
  subscribe(topics: readonly string[]): void {
    this.#topics = topics;
    this.#mustRejoin = true;
  }

  /**
   * Whether the partitions may belong to other members by now. Throws the error of a failed
   * heartbeat.
   */
  get mustRejoin(): boolean {
    if (this.#failure !== null) throw this.#failure;
    return this.#mustRejoin;
  }

  /** Joins the next generation. Resolves with the partitions that are this member's from now on. */
  async join(): Promise<Assignment> {
    this.#stopHeartbeats();
    for (;;) {
      const joined = await this.#inOrder(() => this.#joinOnce());
      if (joined === null) continue;
      const assignment = await this.#inOrder(() => this.#sync(joined));
      if (assignment === null) continue;
      this.#mustRejoin = false;
      this.#timer = setInterval(() => this.#heartbeat(), CLI_LIMITS.heartbeatIntervalMs);
      return assignment;
    }
  }

  /**
   * Commits the offsets from which reading goes on. Partitions that other members have taken over
   * meanwhile keep the offsets of those members.
   */
  async commit(offsets: GroupOffsets): Promise<void> {
    if (offsets.size === 0 || this.#memberId === '') return;
    const committer = { memberId: this.#memberId, generation: this.#generation };
    const code = await this.#inOrder(() =>
      commitOffsets(this.#client, this.#groupId, offsets, committer),
    );
    this.#heed(code, 'cannot commit offsets');
  }

  /** Leaves the group, so that the other members get the partitions at once. */
  async leave(): Promise<void> {
    this.#stopHeartbeats();
    if (this.#memberId === '') return;
    const { memberId } = this;
    await this.#inOrder(() =>
      this.#client.request(LeaveGroup, {
        groupId: this.#groupId,
        memberId,
        members: [{ memberId }],
      }),
    );
    this.#memberId = '';
  }

  /** Given by the coordinator; empty before. */
  get memberId(): string {
    return this.#memberId;
  }

  /** Null: try again. */
  async #joinOnce(): Promise<Answer<typeof JoinGroup> | null> {
    const answer = await whenReady(
      () =>
        this.#client.request(JoinGroup, {
          groupId: this.#groupId,
          sessionTimeoutMs: CLI_LIMITS.sessionTimeoutMs,
          rebalanceTimeoutMs: CLI_LIMITS.rebalanceTimeoutMs,
          memberId: this.#memberId,
          protocolType: CONSUMER_PROTOCOL,
          protocols: [{ name: PROTOCOL, metadata: encodeSubscription(this.#topics) }],
        }),
      ({ errorCode }) => errorCode,
    );
    if (answer.errorCode === ErrorCode.MEMBER_ID_REQUIRED) {
      this.#memberId = answer.memberId;
      return null;
    }
    if (this.#heed(answer.errorCode, 'cannot join')) return null;
    this.#memberId = answer.memberId;
    this.#generation = answer.generationId;
    return answer;
  }

  /** Gets the assignment; the leader makes it for all members. Null: try again. */
  async #sync(joined: Answer<typeof JoinGroup>): Promise<Assignment | null> {
    const leads = joined.leader === joined.memberId && !joined.skipAssignment;
    const subscribers = joined.members.map(({ memberId, metadata }) => ({
      memberId,
      topics: decodeSubscription(metadata),
    }));
    // The others may read topics that this member does not.
    const wanted = new Set(subscribers.flatMap(({ topics }) => topics));
    const assigned = leads
      ? assignRanges(subscribers, await partitionsByTopic(this.#client, [...wanted]))
      : new Map<string, Assignment>();
    const answer = await whenReady(
      () =>
        this.#client.request(SyncGroup, {
          groupId: this.#groupId,
          generationId: this.#generation,
          memberId: this.#memberId,
          protocolType: CONSUMER_PROTOCOL,
          protocolName: PROTOCOL,
          assignments: [...assigned].map(([memberId, assignment]) => ({
            memberId,
            assignment: encodeAssignment(assignment),
          })),
        }),
      ({ errorCode }) => errorCode,
    );
    if (this.#heed(answer.errorCode, 'cannot get partitions')) return null;
    return decodeAssignment(answer.assignment);
  }

  #heartbeat(): void {
    this.#inOrder(async () => {
      const { errorCode } = await this.#client.request(Heartbeat, {
        groupId: this.#groupId,
        generationId: this.#generation,
        memberId: this.#memberId,
      });
      this.#heed(errorCode, 'cannot stay');
    }).catch((error: unknown) => {
      this.#failure ??= error;
      this.#stopHeartbeats();
    });
  }

  /** Whether the member has to join again. Throws for an error that joining again does not mend. */
  #heed(errorCode: number, what: string): boolean {
    if (errorCode === ErrorCode.NONE) return false;
    this.#mustRejoin = true;
    if (errorCode === ErrorCode.UNKNOWN_MEMBER_ID) this.#memberId = '';
    else if (!REJOIN.has(errorCode)) {
      check(errorCode, null, `${what} in group ${shown(this.#groupId)}`);
    }
    return true;
  }

  #stopHeartbeats(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  #inOrder<T>(request: () => Promise<T>): Promise<T> {
    const result = this.#last.then(request);
    this.#last = result.catch(() => {});
    return result;
  }
}

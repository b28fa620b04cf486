import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { type Answer, type Body, check, RawClient } from './raw-client.js';

const JOIN_VERSION = 7;
const SYNC_VERSION = 5;
const HEARTBEAT_VERSION = 4;
const PROTOCOL = 'range';

export interface MemberOptions {
  readonly port: number;
  readonly groupId: string;
  readonly sessionTimeoutMs: number;
  /** What it says of itself to its leader. */
  readonly metadata: Buffer;
}

type Plan = NonNullable<Body<'SyncGroup'>['assignments']>;

/**
 * A member of a consumer group on a connection of its own. It heartbeats when it is told to, and
 * only then.
 */
export class RawMember {
  readonly client: RawClient;
  readonly #options: MemberOptions;
  #memberId = '';
  #generationId = -1;

  private constructor(client: RawClient, options: MemberOptions) {
    this.client = client;
    this.#options = options;
  }

  static async connect(options: MemberOptions): Promise<RawMember> {
    return new RawMember(await RawClient.connect(options.port), options);
  }

  get memberId(): string {
    return this.#memberId;
  }

  /**
   * JoinGroup, and once more if the first only gives the id (KIP-394). Resolves with the
   * generation.
   */
  async join(): Promise<Answer<'JoinGroup'>> {
    const answer = await this.#joinOnce();
    if (answer.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) return this.#joined(answer);
    this.#memberId = answer.memberId;
    return this.#joined(await this.#joinOnce());
  }

  #joinOnce(): Promise<Answer<'JoinGroup'>> {
    const { groupId, sessionTimeoutMs, metadata } = this.#options;
    return this.client.call('JoinGroup', JOIN_VERSION, {
      groupId,
      sessionTimeoutMs,
      rebalanceTimeoutMs: 60_000,
      memberId: this.#memberId,
      protocolType: 'consumer',
      protocols: [{ name: PROTOCOL, metadata }],
    });
  }

  #joined(answer: Answer<'JoinGroup'>): Answer<'JoinGroup'> {
    check('JoinGroup', answer.errorCode);
    this.#memberId = answer.memberId;
    this.#generationId = answer.generationId;
    return answer;
  }

  /** SyncGroup. Null if the group rebalances again; otherwise the assignment. */
  async sync(plan: Plan): Promise<Buffer | null> {
    const answer = await this.client.call('SyncGroup', SYNC_VERSION, {
      groupId: this.#options.groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
      protocolType: 'consumer',
      protocolName: PROTOCOL,
      assignments: plan,
    });
    if (answer.errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return null;
    check('SyncGroup', answer.errorCode);
    return answer.assignment;
  }

  /**
   * Joins and syncs until a generation holds. `planOf` is asked for the plan where this member
   * leads.
   */
  async settle(
    planOf: (members: Answer<'JoinGroup'>['members']) => Plan,
  ): Promise<{ readonly assignment: Buffer; readonly generationId: number }> {
    for (;;) {
      const { leader, memberId, members, generationId } = await this.join();
      const assignment = await this.sync(leader === memberId ? planOf(members) : []);
      if (assignment !== null) return { assignment, generationId };
    }
  }

  /** The frame of its heartbeat in this generation. */
  heartbeatFrame(): Buffer {
    return RawClient.frame('Heartbeat', HEARTBEAT_VERSION, {
      groupId: this.#options.groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
    });
  }

  /** Whether the group is still in this generation; false calls the member to join again. */
  async heartbeat(): Promise<boolean> {
    const { errorCode } = await this.client.call('Heartbeat', HEARTBEAT_VERSION, {
      groupId: this.#options.groupId,
      generationId: this.#generationId,
      memberId: this.#memberId,
    });
    if (errorCode === ErrorCode.REBALANCE_IN_PROGRESS) return false;
    check('Heartbeat', errorCode);
    return true;
  }
}

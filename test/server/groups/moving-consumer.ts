import type { ErrorName } from '../../../server/protocol/error-codes.js';
import { TestConnection } from '../../support/memory-broker.js';
import { type MovingWorld, READ_PARTITIONS } from './moving-world.js';

/** Fetches what a group has committed, and holds it against what clients were told. */
export async function fetchChecked(world: MovingWorld, groupId: string, partition: number) {
  const atLeast = world.atLeast(groupId, partition);
  const wish = { groupId, topics: [{ name: 't', partitionIndexes: [partition] }] };
  const answer = world.broker.call('OffsetFetch', 8, { groups: [wish] });
  const { groups } = await world.asked(`fetch ${groupId}`, answer);
  const error = world.note(groups[0]!.errorCode);
  if (error !== 'NONE') return error;
  const { committedOffset } = groups[0]!.topics[0]!.partitions[0]!;
  world.check(groupId, partition, committedOffset, atLeast);
  return committedOffset;
}

/** A client that commits for a group without members. */
export async function commitPlain(world: MovingWorld, groupId: string): Promise<void> {
  while (!world.isOver) {
    await world.rest();
    if (world.once(3)) await fetchChecked(world, groupId, 0);
    else await commit(world, groupId, 0, '', null, -1);
  }
}

async function commit(
  world: MovingWorld,
  groupId: string,
  partition: number,
  memberId: string,
  groupInstanceId: string | null,
  generation: number,
): Promise<ErrorName> {
  const offset = world.nextOffset(groupId, partition);
  const committed = {
    partitionIndex: partition,
    committedOffset: offset,
    committedMetadata: null,
  };
  const answer = world.broker.call('OffsetCommit', 8, {
    groupId,
    memberId,
    groupInstanceId,
    generationIdOrMemberEpoch: generation,
    topics: [{ name: 't', partitions: [committed] }],
  });
  const { topics } = await world.asked(`commit ${groupId}`, answer);
  const error = world.note(topics[0]!.partitions[0]!.errorCode);
  if (error === 'NONE') world.acknowledged(groupId, partition, offset);
  return error;
}

/** A member of a group that does what clients do: joins, syncs, heartbeats, commits, fetches. */
export class MovingConsumer {
  readonly groupId: string;
  readonly #world: MovingWorld;
  readonly #instanceId: string | null;
  connection = new TestConnection();
  memberId = '';
  generation = -1;
  #assigned: readonly number[] = [];
  /** Heartbeats in a row that all was well after. */
  wells = 0;

  constructor(world: MovingWorld, groupId: string, instanceId: string | null) {
    this.#world = world;
    this.groupId = groupId;
    this.#instanceId = instanceId;
  }

  /** Resolves when the world is over. */
  async run(): Promise<void> {
    while (!this.#world.isOver) {
      if (this.#world.isMoving && this.#world.once(60)) this.#vanish();
      const isMember = this.generation >= 0 || (await this.#enter());
      if (isMember) this.#heed(await this.#work());
      await this.#world.rest();
    }
  }

  /** Its process ends, and another takes its place. */
  #vanish(): void {
    this.connection.close();
    this.connection = new TestConnection();
    this.#forget();
  }

  #forget(): void {
    this.memberId = '';
    this.generation = -1;
    this.#assigned = [];
  }

  async #enter(): Promise<boolean> {
    const { broker } = this.#world;
    const answer = broker.call(
      'JoinGroup',
      5,
      {
        groupId: this.groupId,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        memberId: this.memberId,
        groupInstanceId: this.#instanceId,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('t') }],
      },
      this.connection,
    );
    const joined = await this.#world.asked(`join ${this.groupId}`, answer);
    const error = this.#world.note(joined.errorCode);
    if (error === 'MEMBER_ID_REQUIRED') this.memberId = joined.memberId;
    else this.#heed(error);
    if (error !== 'NONE') return false;
    this.memberId = joined.memberId;
    return this.#sync(joined.generationId, joined.leader === joined.memberId ? joined.members : []);
  }

  async #sync(
    generationId: number,
    members: readonly { readonly memberId: string }[],
  ): Promise<boolean> {
    const { broker, generations } = this.#world;
    const shares = members.map(({ memberId }, at) => {
      const share = Array.from({ length: READ_PARTITIONS }, (_, partition) => partition);
      const mine = share.filter((partition) => partition % members.length === at);
      return { memberId, assignment: Buffer.from(JSON.stringify(mine)) };
    });
    const answer = broker.call(
      'SyncGroup',
      3,
      {
        groupId: this.groupId,
        generationId,
        memberId: this.memberId,
        groupInstanceId: this.#instanceId,
        assignments: shares,
      },
      this.connection,
    );
    const synced = await this.#world.asked(`sync ${this.groupId}`, answer);
    const error = this.#world.note(synced.errorCode);
    this.#heed(error);
    if (error !== 'NONE') return false;
    this.generation = generationId;
    this.#assigned = JSON.parse(synced.assignment.toString()) as number[];
    const before = generations.get(this.groupId) ?? 0;
    generations.set(this.groupId, Math.max(before, generationId));
    return true;
  }

  async #work(): Promise<ErrorName> {
    const { groupId, generation } = this;
    const partition = this.#assigned[this.#world.below(this.#assigned.length)];
    const what = partition === undefined ? 0 : this.#world.below(3);
    if (what === 1) {
      const name = this.#instanceId;
      return commit(this.#world, groupId, partition!, this.memberId, name, generation);
    }
    if (what === 2) {
      await fetchChecked(this.#world, groupId, partition!);
      return 'COORDINATOR_NOT_AVAILABLE';
    }
    const answer = this.#world.broker.call('Heartbeat', 3, {
      groupId,
      generationId: generation,
      memberId: this.memberId,
      groupInstanceId: this.#instanceId,
    });
    const { errorCode } = await this.#world.asked(`heartbeat ${groupId}`, answer);
    const error = this.#world.note(errorCode);
    this.wells = error === 'NONE' ? this.wells + 1 : 0;
    return error;
  }

  /** What a client does about an error. */
  #heed(error: ErrorName): void {
    switch (error) {
      case 'NONE':
      case 'NOT_COORDINATOR':
      case 'COORDINATOR_NOT_AVAILABLE':
      case 'COORDINATOR_LOAD_IN_PROGRESS':
        return;
      case 'UNKNOWN_MEMBER_ID':
      case 'FENCED_INSTANCE_ID':
        this.#forget();
        return;
      case 'REBALANCE_IN_PROGRESS':
      case 'ILLEGAL_GENERATION':
        this.generation = -1;
        return;
      default:
        throw new Error(`a member of ${this.groupId} was told ${error}`);
    }
  }
}

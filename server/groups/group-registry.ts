import { assert, type Clock, repairCommand, type TurnSlices } from '../../engine/index.js';
import { SERVER_LIMITS, type ServerLimits } from '../limits.js';
import type { Logger } from '../logging/log.js';
import { coordinatorPartition } from '../metadata/coordinator-for.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import { ApiError } from '../protocol/api-error.js';
import type { ErrorName } from '../protocol/error-codes.js';
import { ZERO_UUID } from '../protocol/schema.js';
import {
  type GroupAction,
  type GroupRules,
  type JoinAnswer,
  loadedGroup,
  newGroup,
  nextDeadlineMs,
  type Step,
  type SyncAnswer,
  type Ticket,
} from './classic/group.js';
import { abandon, end, losePending } from './classic/leaving.js';
import { PendingConnections } from './classic/pending-connections.js';
import { stored, tick } from './classic/rebalance.js';
import type { RebalanceCalls } from './classic/rebalance-calls.js';
import { SlicedQueue } from './classic/sliced-queue.js';
import { WaitingRequests } from './classic/waiting-requests.js';
import { type GroupEntry, newEntry } from './group-entry.js';
import type { CommittedTopics } from './offsets/committed-topics.js';
import type { OffsetsTopic } from './offsets-topic.js';
import type { GroupRecord, OffsetValue } from './records.js';
import { writeError } from './write-error.js';

export interface GroupRegistryOptions {
  readonly topic: OffsetsTopic;
  /** Absolute path of the data directory, for what is to be done about damage. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rules: GroupRules;
  readonly calls: RebalanceCalls;
  readonly committed: CommittedTopics;
  readonly slices: TurnSlices;
  readonly limits: GroupLimits;
}

/** What all groups of a broker take together. */
export type GroupLimits = Pick<
  ServerLimits,
  'groupsMax' | 'memberBytesMax' | 'groupOffsetsMax' | 'offsetsMax'
>;

/**
 * All groups of this broker: runs their events, does what these leave to be done, and keeps their
 * time. A partition of the offsets topic that is being loaded, or could not be, has no groups to
 * give: requests for them are refused.
 */
export class GroupRegistry {
  readonly #options: GroupRegistryOptions;
  #entries = new Map<string, GroupEntry>();
  readonly #joins = new WaitingRequests<JoinAnswer>();
  readonly #syncs = new WaitingRequests<SyncAnswer>();
  readonly #pending: PendingConnections<GroupEntry>;
  readonly #lost: SlicedQueue;
  /** Partitions of the offsets topic that are not loaded, and why; null stands for all. */
  #unavailable: Map<number, ErrorName> | null = null;
  #memberBytes = 0;
  #lastTicket = 0;
  #stopped = false;

  constructor(options: GroupRegistryOptions) {
    this.#options = options;
    this.#lost = new SlicedQueue(options.slices);
    this.#pending = new PendingConnections(options.slices, (entry, memberId) => {
      this.run(entry, (step) => losePending(step, memberId));
    });
  }

  /** Whether no new group is taken. */
  get isFull(): boolean {
    return this.#entries.size >= this.#options.limits.groupsMax;
  }

  /** Whether members may take so many bytes more. */
  hasRoomFor(bytes: number): boolean {
    return this.#memberBytes + bytes <= this.#options.limits.memberBytesMax;
  }

  /**
   * Every group, live: groups that come during the walk are met, those that go are not. Throws
   * COORDINATOR_LOAD_IN_PROGRESS as long as some may be missing.
   */
  all(): Iterable<GroupEntry> {
    const isLoading = [...(this.#unavailable?.values() ?? [LOADING])].includes(LOADING);
    if (isLoading) throw new ApiError(LOADING, 'groups are being loaded');
    return this.#entries.values();
  }

  /**
   * The group of this id, if there is one. Throws ApiError while its partition cannot be looked
   * into.
   */
  find(id: string): GroupEntry | undefined {
    if (this.#unavailable === null) throw new ApiError(LOADING, 'groups are being loaded');
    if (this.#unavailable.size > 0) {
      const { image } = this.#options.topic;
      const index = coordinatorPartition(id, image?.partitions.length ?? 1);
      const problem = this.#unavailable.get(index);
      if (problem !== undefined) throw new ApiError(problem, 'the group is not available');
    }
    return this.#entries.get(id);
  }

  /** The group of this id as far as it is in memory, whatever is said of its partition. */
  peek(id: string): GroupEntry | undefined {
    return this.#entries.get(id);
  }

  /** The group of this id, new if need be. */
  findOrAdd(id: string): GroupEntry {
    return this.find(id) ?? this.#add(id);
  }

  #add(id: string): GroupEntry {
    const entry = newEntry(id, this.#options.committed);
    this.#entries.set(id, entry);
    return entry;
  }

  /**
   * Reads every partition of the topic. Groups of a partition are there as soon as it is read.
   * Never rejects.
   */
  async load(): Promise<void> {
    const { topic, dataDir, logger, slices } = this.#options;
    const work = slices.begin();
    const count = topic.image?.partitions.length ?? 0;
    if (count > 0) await topic.ensure();
    const unavailable = new Map<number, ErrorName>();
    for (let index = 0; index < count; index++) unavailable.set(index, LOADING);
    this.#unavailable = unavailable;
    for (let index = 0; index < count; index++) {
      const touched = new Set<GroupEntry>();
      try {
        await topic.load(index, (record) => void touched.add(this.#apply(record)));
        unavailable.delete(index);
      } catch (error) {
        const name = topic.image?.name ?? '';
        const reason = error instanceof Error ? error.message : String(error);
        logger.error(
          { topic: name, partition: index, error },
          `the groups of ${name}-${index} are not available, since it cannot be read (${reason}): ` +
            `stop this process and save what can be: ${repairCommand(dataDir, name, index)}`,
        );
        unavailable.set(index, 'NOT_COORDINATOR');
      }
      for (const entry of touched) {
        this.#settle(entry);
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    }
  }

  #apply(record: GroupRecord): GroupEntry {
    const entry = this.#entries.get(record.group) ?? this.#add(record.group);
    if (record.kind === 'offset') {
      const { topic, partition, value } = record;
      if (value === null) entry.offsets.delete(topic, partition);
      else entry.offsets.set(topic, partition, this.#withTopic(topic, value));
    } else if (record.value === null) {
      entry.group = newGroup(record.group);
    } else {
      const nowMs = this.#options.clock.monotonicMs();
      entry.group = loadedGroup(record.group, record.value, nowMs);
    }
    this.#account(entry);
    return entry;
  }

  /** A record that does not say which topic it means stands for the one of that name. */
  #withTopic(topic: string, value: OffsetValue): OffsetValue {
    const id = this.#options.committed.idOf(topic);
    if (id === undefined) return value;
    // One string for all offsets of a topic, not one for each record.
    return value.topicId === ZERO_UUID || value.topicId === id ? { ...value, topicId: id } : value;
  }

  /**
   * Runs one event of a group and does what it leaves to be done. `connection` is that of the
   * request, if it is one.
   */
  run<T>(entry: GroupEntry, event: (step: Step) => T, connection: ConnectionInfo | null = null): T {
    const result = this.runQuietly(entry, event, connection);
    this.#settle(entry);
    return result;
  }

  /**
   * As `run`, for an event that only puts deadlines off: the group's timer may then be early, which
   * does no harm.
   */
  runQuietly<T>(
    entry: GroupEntry,
    event: (step: Step) => T,
    connection: ConnectionInfo | null = null,
  ): T {
    const { clock, rules } = this.#options;
    const actions: GroupAction[] = [];
    const { group } = entry;
    const nowMs = clock.monotonicMs();
    const step = { group, rules, nowMs, wallMs: clock.wallMs(), actions, passed: 0 };
    const result = event(step);
    this.#account(entry);
    this.#perform(entry, step, connection);
    if ((group.state === 'PreparingRebalance') !== (entry.call !== null)) this.#call(entry);
    return result;
  }

  /** Keeps the sum of what members take. */
  #account(entry: GroupEntry): void {
    const { tally, members, pending } = entry.group;
    const { memberBytes, pendingMemberBytes } = SERVER_LIMITS;
    const bytes = tally.bytes + members.size * memberBytes + pending.size * pendingMemberBytes;
    this.#memberBytes += bytes - entry.memberBytes;
    entry.memberBytes = bytes;
  }

  /** Calls those whom a rebalance waits for, or lets them be now that it does not. */
  #call(entry: GroupEntry): void {
    if (entry.call === null) {
      entry.call = this.#options.calls.begin(entry.group.members.values());
    } else {
      void entry.call.end();
      entry.call = null;
    }
  }

  /**
   * Runs an event that answers its ticket with `JoinAnswer`, now or later. Ends with the
   * connection.
   */
  waitForJoin(
    entry: GroupEntry,
    connection: ConnectionInfo,
    event: (step: Step, ticket: Ticket) => void,
  ): Promise<JoinAnswer> {
    return this.#wait(this.#joins, entry, connection, event);
  }

  /** The same for `SyncAnswer`. */
  waitForSync(
    entry: GroupEntry,
    connection: ConnectionInfo,
    event: (step: Step, ticket: Ticket) => void,
  ): Promise<SyncAnswer> {
    return this.#wait(this.#syncs, entry, connection, event);
  }

  #wait<T>(
    requests: WaitingRequests<T>,
    entry: GroupEntry,
    connection: ConnectionInfo,
    event: (step: Step, ticket: Ticket) => void,
  ): Promise<T> {
    const ticket = ++this.#lastTicket;
    const begin = (): void => this.run(entry, (step) => event(step, ticket), connection);
    const abandoned = (): void => this.run(entry, (step) => abandon(step, ticket));
    // A connection that closes may have a thousand requests waiting.
    const onLost = (): void => this.#lost.add(SERVER_LIMITS.memberAnswerElements, abandoned);
    return requests.wait(ticket, connection, begin, onLost);
  }

  /** Does what an event has left to be done; answers in later turns, where they are many. */
  #perform(entry: GroupEntry, { actions, passed }: Step, connection: ConnectionInfo | null): void {
    const done = Math.ceil(passed / SERVER_LIMITS.membersPassedPerElement);
    let answers = 0;
    for (const action of actions) {
      answers += costOf(action);
    }
    const isLong = done + answers > SERVER_LIMITS.groupStepElementsMax;
    if (isLong) {
      entry.answers ??= new SlicedQueue(this.#options.slices);
      entry.answers.did(done);
    }
    for (const action of actions) {
      if (!isLong || !('ticket' in action)) this.#do(entry, action, connection);
      else entry.answers?.add(costOf(action), () => this.#do(entry, action, null));
    }
  }

  #do(entry: GroupEntry, action: GroupAction, connection: ConnectionInfo | null): void {
    switch (action.kind) {
      case 'answer-join':
        this.#joins.answer(action.ticket, action.answer);
        return;
      case 'answer-sync':
        this.#syncs.answer(action.ticket, action.answer);
        return;
      case 'watch-pending':
        assert(connection !== null, 'an id is given out to a request');
        this.#pending.watch(action.memberId, entry, connection);
        return;
      case 'unwatch-pending':
        this.#pending.unwatch(action.memberId);
        return;
      case 'store':
        this.#store(entry, action.write, { kind: 'group', group: entry.id, value: action.value });
    }
  }

  #store(entry: GroupEntry, write: number, record: GroupRecord): void {
    const { topic, clock } = this.#options;
    const finish = (error: ErrorName | null): void => {
      this.run(entry, (step) => stored(step, write, error));
    };
    topic
      .write(entry.id, [record], clock.wallMs(), () => finish(null))
      .catch((error: unknown) => finish(writeError(error, 'UNKNOWN_SERVER_ERROR')));
  }

  /** Sets the timer of a group that changed, or forgets a group of which nothing is left. */
  #settle(entry: GroupEntry): void {
    const { group, offsets, writing } = entry;
    const isUsed =
      group.state !== 'Empty' ||
      group.isStored ||
      group.pending.size > 0 ||
      offsets.count > 0 ||
      writing > 0;
    if (!isUsed) {
      this.forget(entry);
      return;
    }
    const nextMs = nextDeadlineMs(group);
    if (this.#stopped || nextMs >= entry.timerMs) return;
    const { clock } = this.#options;
    entry.timer?.cancel();
    entry.timerMs = nextMs;
    entry.timer = clock.schedule(Math.max(0, nextMs - clock.monotonicMs()), () => {
      entry.timer = null;
      entry.timerMs = Number.POSITIVE_INFINITY;
      return this.#tick(entry);
    });
  }

  async #tick(entry: GroupEntry): Promise<void> {
    const work = this.#options.slices.begin();
    const atMost = SERVER_LIMITS.membersDroppedAtOnce;
    while (this.runQuietly(entry, (step) => tick(step, atMost))) {
      const pause = work.did(atMost);
      if (pause !== null) await pause;
    }
    this.#settle(entry);
  }

  /** Nothing of the group is left in memory. */
  forget(entry: GroupEntry): void {
    entry.timer?.cancel();
    entry.timer = null;
    if (this.#entries.get(entry.id) === entry) this.#entries.delete(entry.id);
  }

  /** Forgets a group unless something of it is left. */
  forgetIfUnused(entry: GroupEntry): void {
    this.#settle(entry);
  }

  /**
   * The topic is gone, and with it every group, at once. Whoever waits is sent to look for the
   * coordinator anew; resolves when all have been.
   */
  async forgetAll(): Promise<void> {
    const work = this.#options.slices.begin();
    const entries = this.#entries;
    this.#entries = new Map();
    this.#unavailable = new Map();
    this.#options.committed.clear();
    for (const entry of entries.values()) {
      this.runQuietly(entry, (step) => end(step, 'NOT_COORDINATOR'));
      this.forget(entry);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }

  /** Time stands still from now on. */
  stop(): void {
    this.#stopped = true;
    for (const entry of this.#entries.values()) entry.timer?.cancel();
  }
}

const LOADING = 'COORDINATOR_LOAD_IN_PROGRESS';

function costOf(action: GroupAction): number {
  return 'ticket' in action ? SERVER_LIMITS.memberAnswerElements : 0;
}

import { assert, type Clock, type TurnSlices } from '../../engine/index.js';
import type { Alarm } from '../coordination/alarm.js';
import type { Term } from '../coordination/term.js';
import { SERVER_LIMITS } from '../limits.js';
import type { ConnectionInfo } from '../net/dispatcher.js';
import type { ErrorName } from '../protocol/error-codes.js';
import {
  type GroupAction,
  type GroupRules,
  type JoinAnswer,
  nextDeadlineMs,
  type Step,
  type SyncAnswer,
  type Ticket,
} from './classic/group.js';
import { abandon, end, losePending } from './classic/leaving.js';
import { stored, tick } from './classic/rebalance.js';
import type { RebalanceCalls } from './classic/rebalance-calls.js';
import { SlicedQueue } from './classic/sliced-queue.js';
import type { WaitingRequests } from './classic/waiting-requests.js';
import type { GroupEntry } from './group-entry.js';
import type { GroupRegistry } from './group-registry.js';
import type { MemberRequests } from './member-requests.js';
import type { GroupRecord } from './records.js';
import { writeError } from './write-error.js';

export interface GroupEventsOptions {
  readonly term: Term<GroupRecord>;
  readonly registry: GroupRegistry;
  readonly requests: MemberRequests;
  readonly calls: RebalanceCalls;
  readonly rules: GroupRules;
  readonly clock: Clock;
  readonly slices: TurnSlices;
}

/**
 * Runs the events of a shard's groups, performs the actions that these leave, and keeps their
 * deadlines. Once the term is over, a group that is touched is ended first.
 */
export class GroupEvents {
  readonly #options: GroupEventsOptions;
  readonly #alarm: Alarm<GroupEntry>;

  constructor(options: GroupEventsOptions) {
    this.#options = options;
    this.#alarm = options.term.alarm((entry) => this.#tick(entry));
  }

  /**
   * Runs one event of a group and performs the actions that it leaves. `connection`: that of the
   * request, if the event is one.
   */
  run<T>(entry: GroupEntry, event: (step: Step) => T, connection: ConnectionInfo | null = null): T {
    const result = this.runQuietly(entry, event, connection);
    this.settle(entry);
    return result;
  }

  /**
   * As `run`, for an event that only puts deadlines off: the group may then be looked at early,
   * which does no harm.
   */
  runQuietly<T>(
    entry: GroupEntry,
    event: (step: Step) => T,
    connection: ConnectionInfo | null = null,
  ): T {
    const { clock, rules, registry, term } = this.#options;
    const actions: GroupAction[] = [];
    const { group } = entry;
    const nowMs = clock.monotonicMs();
    const step = { group, rules, nowMs, wallMs: clock.wallMs(), actions, passed: 0 };
    if (term.isOver && group.state !== 'Dead') end(step, 'NOT_COORDINATOR');
    const result = event(step);
    registry.account(entry);
    this.#perform(entry, step, connection);
    if ((group.state === 'PreparingRebalance') !== (entry.call !== null)) this.#call(entry);
    return result;
  }

  /** Calls the clients that a rebalance waits for, or ends the call when it is over. */
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
    return this.#wait(this.#options.requests.joins, entry, connection, event);
  }

  /** The same for `SyncAnswer`. */
  waitForSync(
    entry: GroupEntry,
    connection: ConnectionInfo,
    event: (step: Step, ticket: Ticket) => void,
  ): Promise<SyncAnswer> {
    return this.#wait(this.#options.requests.syncs, entry, connection, event);
  }

  #wait<T>(
    waiting: WaitingRequests<T>,
    entry: GroupEntry,
    connection: ConnectionInfo,
    event: (step: Step, ticket: Ticket) => void,
  ): Promise<T> {
    return this.#options.requests.wait(
      waiting,
      connection,
      (ticket) => this.run(entry, (step) => event(step, ticket), connection),
      (ticket) => this.run(entry, (step) => abandon(step, ticket)),
    );
  }

  /** Performs the actions of an event; sends answers in later turns, where there are many. */
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
    const { joins, syncs, pending } = this.#options.requests;
    switch (action.kind) {
      case 'answer-join':
        joins.answer(action.ticket, action.answer);
        return;
      case 'answer-sync':
        syncs.answer(action.ticket, action.answer);
        return;
      case 'watch-pending': {
        assert(connection !== null, 'an id is given out to a request');
        const { memberId } = action;
        pending.watch(memberId, connection, () =>
          this.run(entry, (step) => losePending(step, memberId)),
        );
        return;
      }
      case 'unwatch-pending':
        pending.unwatch(action.memberId);
        return;
      case 'store':
        this.#store(entry, action.write, { kind: 'group', group: entry.id, value: action.value });
    }
  }

  #store(entry: GroupEntry, write: number, record: GroupRecord): void {
    const { term, clock } = this.#options;
    const finish = (error: ErrorName | null): void => {
      this.run(entry, (step) => stored(step, write, error));
    };
    // Nothing of a record whose write fails is taken over: the group has moved on, and writes
    // again.
    const written = term.write(entry.id, [record], clock.wallMs(), () => {});
    written.then(
      () => finish(null),
      (error: unknown) => finish(writeError(error, 'UNKNOWN_SERVER_ERROR')),
    );
  }

  /** Sets the deadline of a group that changed, or forgets a group of which nothing is left. */
  settle(entry: GroupEntry): void {
    if (isUsed(entry)) this.#alarm.set(entry, nextDeadlineMs(entry.group));
    else this.forget(entry);
  }

  /** Forgets a group: nothing of it is left in memory. */
  forget(entry: GroupEntry): void {
    this.#alarm.remove(entry);
    this.#options.registry.remove(entry);
  }

  async #tick(entry: GroupEntry): Promise<void> {
    const work = this.#options.slices.begin();
    const atMost = SERVER_LIMITS.membersDroppedAtOnce;
    while (this.runQuietly(entry, (step) => tick(step, atMost))) {
      const pause = work.did(atMost);
      if (pause !== null) await pause;
    }
    this.settle(entry);
  }

  /**
   * The term is over: ends every group. Resolves when every waiting request was answered, or its
   * answer is queued.
   */
  async endAll(): Promise<void> {
    const { registry, slices } = this.#options;
    const work = slices.begin();
    for (const entry of registry.all()) {
      // `runQuietly` ends the group in front of this event.
      this.runQuietly(entry, () => {});
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }
}

function isUsed({ group, offsets }: GroupEntry): boolean {
  return group.state !== 'Empty' || group.isStored || group.pending.size > 0 || offsets.isUsed;
}

function costOf(action: GroupAction): number {
  return 'ticket' in action ? SERVER_LIMITS.memberAnswerElements : 0;
}

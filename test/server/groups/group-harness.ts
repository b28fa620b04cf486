import {
  type Group,
  type GroupAction,
  type GroupRules,
  type JoinAnswer,
  newGroup,
  nextDeadlineMs,
  type Step,
  type SyncAnswer,
  type Ticket,
} from '../../../server/groups/classic/group.js';
import {
  abandon,
  end,
  type Leaver,
  leave,
  losePending,
} from '../../../server/groups/classic/leaving.js';
import {
  commit,
  heartbeat,
  type JoinWish,
  join,
  type Speaker,
  type SyncRequest,
  sync,
} from '../../../server/groups/classic/membership.js';
import { stored, tick } from '../../../server/groups/classic/rebalance.js';
import type { ErrorName } from '../../../server/protocol/error-codes.js';

export const RULES: GroupRules = {
  sessionTimeoutMinMs: 6000,
  sessionTimeoutMaxMs: 1_800_000,
  membersMax: 100,
  initialDelayMs: 0,
};

/** A group with a clock of its own. Writes succeed at once, unless `holding`. */
export class GroupHarness {
  readonly group: Group;
  readonly rules: GroupRules;
  nowMs = 0;
  holding = false;
  readonly writes: { readonly write: number; readonly members: readonly string[] }[] = [];
  /** Requests without an answer so far. */
  readonly open = new Set<Ticket>();
  /** Ids whose connections are watched. */
  readonly watched = new Set<string>();
  readonly joins = new Map<Ticket, JoinAnswer>();
  readonly syncs = new Map<Ticket, SyncAnswer>();
  #lastTicket = 0;
  #lastId = 0;

  constructor(rules: Partial<GroupRules> = {}, group: Group = newGroup('g')) {
    this.rules = { ...RULES, ...rules };
    this.group = group;
  }

  /** Runs one event and what it leaves to be done. */
  step<T>(event: (step: Step) => T): T {
    const actions: GroupAction[] = [];
    const { group, rules, nowMs } = this;
    const wallMs = 1_000_000 + nowMs;
    const result = event({ group, rules, nowMs, wallMs, actions, passed: 0 });
    for (const action of actions) {
      if ('ticket' in action && !this.open.delete(action.ticket)) {
        throw new Error(`request ${action.ticket} was answered twice`);
      }
      if (action.kind === 'answer-join') this.joins.set(action.ticket, action.answer);
      else if (action.kind === 'answer-sync') this.syncs.set(action.ticket, action.answer);
      else if (action.kind === 'watch-pending') this.watched.add(action.memberId);
      else if (action.kind === 'unwatch-pending') this.watched.delete(action.memberId);
      else {
        const members = action.value.members.map(({ memberId }) => memberId);
        this.writes.push({ write: action.write, members });
        if (!this.holding) this.step((step) => stored(step, action.write, null));
      }
    }
    return result;
  }

  /** Ends the write that is held. */
  finishWrite(error: ErrorName | null = null): boolean {
    const { writing } = this.group;
    if (writing === null) return false;
    this.step((step) => stored(step, writing.write, error));
    return true;
  }

  join(wish: Partial<JoinWish> = {}): Ticket {
    const ticket = ++this.#lastTicket;
    this.open.add(ticket);
    this.step((step) =>
      join(step, {
        ticket,
        memberId: '',
        instanceId: null,
        newMemberId: `m${++this.#lastId}`,
        clientId: 'client',
        clientHost: '/127.0.0.1',
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 60_000,
        protocolType: 'consumer',
        protocols: [{ name: 'range', metadata: Buffer.from('topics') }],
        needsKnownId: false,
        canSkipAssignment: false,
        ...wish,
      }),
    );
    return ticket;
  }

  sync(request: Partial<SyncRequest> & { memberId: string }): Ticket {
    const ticket = ++this.#lastTicket;
    this.open.add(ticket);
    this.step((step) =>
      sync(step, {
        ticket,
        instanceId: null,
        generation: this.group.generation,
        protocolType: null,
        protocol: null,
        plan: new Map(),
        ...request,
      }),
    );
    return ticket;
  }

  heartbeat(speaker: Partial<Speaker> & { memberId: string }): ErrorName {
    const { generation } = this.group;
    return this.step((step) => heartbeat(step, { instanceId: null, generation, ...speaker }));
  }

  commit(speaker: Partial<Speaker> & { memberId: string }): ErrorName {
    const { generation } = this.group;
    return this.step((step) => commit(step, { instanceId: null, generation, ...speaker }));
  }

  leave(...leavers: Leaver[]): ErrorName[] {
    return this.step((step) => leave(step, leavers));
  }

  abandon(ticket: Ticket): void {
    this.step((step) => abandon(step, ticket));
  }

  end(error: ErrorName): void {
    this.step((step) => end(step, error));
  }

  /** The connection that an id was given to closes. */
  losePending(memberId: string): void {
    this.watched.delete(memberId);
    this.step((step) => losePending(step, memberId));
  }

  /** Moves time on, with everything that falls due at its own moment. */
  advance(byMs: number): void {
    const untilMs = this.nowMs + byMs;
    for (let dueMs = nextDeadlineMs(this.group); dueMs <= untilMs; ) {
      this.nowMs = Math.max(this.nowMs, dueMs);
      while (this.step((step) => tick(step, 2)));
      dueMs = nextDeadlineMs(this.group);
    }
    this.nowMs = untilMs;
  }

  /** The answer to a JoinGroup; null while it waits. */
  joined(ticket: Ticket): JoinAnswer | null {
    return this.joins.get(ticket) ?? null;
  }

  /** The answer to a SyncGroup; null while it waits. */
  synced(ticket: Ticket): SyncAnswer | null {
    return this.syncs.get(ticket) ?? null;
  }
}

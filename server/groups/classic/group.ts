import { Deadlines, type Mortal } from '../../coordination/deadlines.js';
import type { ErrorName } from '../../protocol/error-codes.js';
import type { GroupValue } from '../records.js';

import type { GroupProtocol } from './protocol-choice.js';
import { ProtocolTally } from './protocol-tally.js';

/**
 * A consumer group of the classic protocol: plain state, changed by the events in `membership.ts`,
 * `rebalance.ts` and `leaving.ts`, which hold no promise, timer or socket. They leave the work that
 * follows as actions.
 *
 * ```text
 *   Empty ──join──▶ PreparingRebalance ──all have joined, or time is up──▶ CompletingRebalance ──leader's plan is stored──▶ Stable
 *     ▲                     │  ▲                                                  │                                        │
 *     └────no member left───┘  └────────────a member comes, changes, leaves or falls silent───────────────────────────────┘
 * ```
 */
export interface Group {
  readonly id: string;
  state: GroupState;
  /** Wall time at which the state began; -1 if unknown. */
  stateSinceMs: number;
  /**
   * Null as long as no member ever joined: then the group is only a name under which offsets are
   * stored.
   */
  protocolType: string | null;
  /** The protocol of the current generation; null while there is none. */
  protocol: string | null;
  generation: number;
  /** Member id; null without members. */
  leader: string | null;
  /** By id, in the order of arrival. */
  readonly members: Map<string, Member>;
  /** Member ids by instance id (KIP-345). */
  readonly staticIds: Map<string, string>;
  /** Members whose JoinGroup waits. */
  joined: number;
  /** Members by the ticket of their waiting request: a JoinGroup or a SyncGroup. */
  readonly waiting: Map<Ticket, Member>;
  /** The protocols of all members, summed up for the choice of one. */
  readonly tally: ProtocolTally;
  /** The list of all members for the leader; null until a leader asks again. */
  roster: JoinAnswer['members'] | null;
  /** Deadlines of members and pending ids. */
  readonly deadlines: Deadlines<Member | PendingMember>;
  /** Ids given to members that have yet to come back with them (KIP-394). */
  readonly pending: Map<string, PendingMember>;
  /** The number of pending ids whose connection is still open: a rebalance waits for them. */
  pendingHere: number;
  /** The rebalance began in a group without members: it waits for no pending id. */
  isFirstGeneration: boolean;
  /** When a rebalance stops waiting for members to join; Infinity outside of one. */
  joinDeadlineMs: number;
  /** Set during the delay in which a new group waits for its first members (KIP-134). */
  gathering: { remainingMs: number; hasGrown: boolean } | null;
  /** When members that have not asked for their assignment are given up. */
  syncDeadlineMs: number;
  /** Whether the log has, or is about to have, a record of this group. */
  isStored: boolean;
  /** The write of the group's record that is under way, and the steps that follow it. */
  writing: { readonly write: number; readonly afters: readonly AfterWrite[] } | null;
  /** Steps that asked for a write meanwhile: one more write serves all of them. */
  readonly unwritten: AfterWrite[];
  lastWrite: number;
}

export type GroupState =
  | 'Empty'
  | 'PreparingRebalance'
  | 'CompletingRebalance'
  | 'Stable'
  /** The group is being deleted; the next request for the id finds a new group. */
  | 'Dead';

export interface Member extends Mortal {
  readonly id: string;
  /** Null for a dynamic member. */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  sessionTimeoutMs: number;
  rebalanceTimeoutMs: number;
  protocols: readonly GroupProtocol[];
  assignment: Buffer;
  /** The ticket of its waiting JoinGroup. */
  joining: Ticket | null;
  /** The ticket of its waiting SyncGroup. */
  syncing: Ticket | null;
  /** Whether the member has not been in a generation yet. */
  isNew: boolean;
  /**
   * Whether the member can come back after its connection was lost: it has been told its id, or has
   * an instance id.
   */
  canReturn: boolean;
  /** Whether the member was told of the generation and has not asked for its assignment. */
  owesSync: boolean;
}

/** An id that was given out and not used so far. */
export interface PendingMember extends Mortal {
  readonly id: string;
  /** Whether its connection is open, so that its owner may be about to use the id. */
  isHere: boolean;
}

/** Stands for a waiting request; the holder of the request makes it. */
export type Ticket = number;

/** The step that follows a write of the group's record. */
export type AfterWrite =
  | {
      readonly kind: 'assign';
      readonly generation: number;
      readonly plan: ReadonlyMap<string, Buffer>;
    }
  | {
      /** A static member took the place of its old member id. */
      readonly kind: 'answer-replaced';
      readonly ticket: Ticket;
      readonly memberId: string;
      readonly canSkipAssignment: boolean;
      readonly leaderBefore: string;
    }
  | { readonly kind: 'nothing' };

export interface JoinAnswer {
  readonly error: ErrorName;
  readonly memberId: string;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  /** Empty with an error. */
  readonly leader: string;
  /** The leader is to keep the assignment as it is (KIP-814). */
  readonly skipAssignment: boolean;
  /** The members; only for the leader. */
  readonly members: readonly {
    readonly id: string;
    readonly instanceId: string | null;
    readonly metadata: Buffer;
  }[];
}

export interface SyncAnswer {
  readonly error: ErrorName;
  readonly protocolType: string | null;
  readonly protocol: string | null;
  readonly assignment: Buffer;
}

/** The actions that an event leaves, in this order. */
export type GroupAction =
  | { readonly kind: 'answer-join'; readonly ticket: Ticket; readonly answer: JoinAnswer }
  | { readonly kind: 'answer-sync'; readonly ticket: Ticket; readonly answer: SyncAnswer }
  /**
   * An id was given out: tell the group by `losePending` when the connection of its request closes.
   */
  | { readonly kind: 'watch-pending'; readonly memberId: string }
  /** The id was used or forgotten: its connection matters no more. */
  | { readonly kind: 'unwatch-pending'; readonly memberId: string }
  /** Write the record and tell the group by `stored`. */
  | { readonly kind: 'store'; readonly write: number; readonly value: GroupValue };

/** The rules for all groups of a broker. */
export interface GroupRules {
  /** Both inclusive. */
  readonly sessionTimeoutMinMs: number;
  readonly sessionTimeoutMaxMs: number;
  readonly membersMax: number;
  /** How long a new group waits for more members. */
  readonly initialDelayMs: number;
}

/** One event: the group, the time, and the actions that it leaves. */
export interface Step {
  readonly group: Group;
  readonly rules: GroupRules;
  /** Monotonic. */
  readonly nowMs: number;
  readonly wallMs: number;
  readonly actions: GroupAction[];
  /** Counts the members that walks have passed. */
  passed: number;
}

const NOTHING = Buffer.alloc(0);

export function newGroup(id: string): Group {
  return {
    id,
    state: 'Empty',
    stateSinceMs: -1,
    protocolType: null,
    protocol: null,
    generation: 0,
    leader: null,
    members: new Map(),
    staticIds: new Map(),
    joined: 0,
    waiting: new Map(),
    tally: new ProtocolTally(),
    roster: null,
    deadlines: new Deadlines(),
    pending: new Map(),
    pendingHere: 0,
    isFirstGeneration: false,
    joinDeadlineMs: Number.POSITIVE_INFINITY,
    gathering: null,
    syncDeadlineMs: Number.POSITIVE_INFINITY,
    isStored: false,
    writing: null,
    unwritten: [],
    lastWrite: 0,
  };
}

/** A member's metadata for the chosen protocol. */
export function metadataOf({ protocol }: Group, { protocols }: Member): Buffer {
  return protocols.find(({ name }) => name === protocol)?.metadata ?? NOTHING;
}

export function protocolOfNextGeneration({ members, tally }: Group): string | null {
  const [first] = members.values();
  return first === undefined ? null : tally.choose(first.protocols);
}

/** The longest rebalance timeout of the members. */
export function rebalanceTimeoutMs(group: Group): number {
  let longestMs = 0;
  for (const member of group.members.values()) {
    longestMs = Math.max(longestMs, member.rebalanceTimeoutMs);
  }
  return longestMs;
}

/**
 * The time at which the group must be looked at again: no later than any of its deadlines. Infinity
 * if nothing waits.
 */
export function nextDeadlineMs({ joinDeadlineMs, syncDeadlineMs, deadlines }: Group): number {
  return Math.min(joinDeadlineMs, syncDeadlineMs, deadlines.nextMs);
}

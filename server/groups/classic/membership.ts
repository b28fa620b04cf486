import { SERVER_LIMITS } from '../../limits.js';
import type { ErrorName } from '../../protocol/error-codes.js';
import {
  type JoinAnswer,
  type Member,
  protocolOfNextGeneration,
  type Step,
  type Ticket,
} from './group.js';
import { store } from './group-record.js';
import {
  addMember,
  deleteMember,
  holdJoin,
  holdSync,
  memberProblem,
  newMember,
} from './members.js';
import { addPending, dropPending } from './pending-members.js';
import { type GroupProtocol, sameProtocols } from './protocol-choice.js';
import { bytesOf } from './protocol-tally.js';
import {
  answerJoin,
  answerSync,
  currentGeneration,
  failedJoin,
  rebalance,
  rebalanceAfterLoss,
  removeMember,
  touch,
} from './rebalance.js';

/** The wish of a member to join; its buffers belong to the group from then on. */
export interface JoinWish {
  readonly ticket: Ticket;
  /** Empty for a member that has no id yet. */
  readonly memberId: string;
  readonly instanceId: string | null;
  /** The id to give, if one is needed. */
  readonly newMemberId: string;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly GroupProtocol[];
  /** Whether a new member must come back with the id that it is given (KIP-394; v4+). */
  readonly needsKnownId: boolean;
  /**
   * Whether the client understands that a leader may have to keep the assignment (KIP-814; v9+).
   */
  readonly canSkipAssignment: boolean;
}

/** JoinGroup. Its ticket is answered now or when the generation is formed, exactly once. */
export function join(step: Step, wish: JoinWish): void {
  const { group, actions } = step;
  const refusal = admit(step, wish);
  if (refusal !== null) {
    actions.push({ kind: 'answer-join', ticket: wish.ticket, answer: refusal });
  } else if (wish.memberId !== '' && !group.pending.has(wish.memberId)) {
    rejoin(step, group.members.get(wish.memberId)!, wish);
  } else {
    const known = wish.instanceId === null ? undefined : group.staticIds.get(wish.instanceId);
    if (known !== undefined) replaceStatic(step, group.members.get(known)!, wish);
    else addAndRebalance(step, wish);
  }
}

/** Null for a member that may join, or the answer that refuses it. */
function admit(step: Step, wish: JoinWish): JoinAnswer | null {
  const { group, rules } = step;
  const { memberId, instanceId, sessionTimeoutMs } = wish;
  if (group.state === 'Dead') return failedJoin('COORDINATOR_NOT_AVAILABLE', memberId);
  if (
    sessionTimeoutMs < rules.sessionTimeoutMinMs ||
    sessionTimeoutMs > rules.sessionTimeoutMaxMs
  ) {
    return failedJoin('INVALID_SESSION_TIMEOUT', memberId);
  }
  if (!hasRoom(step, wish)) {
    const member = group.members.get(memberId);
    if (member !== undefined) {
      removeMember(step, member);
      rebalanceAfterLoss(step);
    }
    return failedJoin('GROUP_MAX_SIZE_REACHED', '');
  }
  if (!hasMemory(step, wish)) return failedJoin('GROUP_MAX_SIZE_REACHED', memberId);
  if (!isConsistent(step, wish)) return failedJoin('INCONSISTENT_GROUP_PROTOCOL', memberId);
  if (memberId === '') {
    if (instanceId !== null || !wish.needsKnownId) return null;
    addPending(step, wish.newMemberId, wish.sessionTimeoutMs);
    return failedJoin('MEMBER_ID_REQUIRED', wish.newMemberId);
  }
  if (group.pending.has(memberId) && instanceId === null) return null;
  const problem = memberProblem(group, memberId, instanceId);
  return problem === null ? null : failedJoin(problem, memberId);
}

function hasRoom({ group, rules }: Step, { memberId, instanceId }: JoinWish): boolean {
  const known = group.members.get(memberId || (group.staticIds.get(instanceId ?? '') ?? ''));
  if (group.state !== 'PreparingRebalance') {
    return known !== undefined || group.members.size < rules.membersMax;
  }
  return (known !== undefined && known.joining !== null) || group.joined < rules.membersMax;
}

/** Whether the memory that the group keeps for its members stays within its bounds. */
function hasMemory({ group }: Step, { memberId, protocols }: JoinWish): boolean {
  const { groupMetadataBytesMax, groupProtocolNamesMax } = SERVER_LIMITS;
  const growth = bytesOf(protocols) - bytesOf(group.members.get(memberId)?.protocols ?? []);
  if (growth > 0 && group.tally.bytes + growth > groupMetadataBytesMax) return false;
  return group.tally.hasRoomFor(protocols, groupProtocolNamesMax);
}

/**
 * Whether the member can work with the others: the same protocol type, and a protocol that all
 * support.
 */
function isConsistent({ group }: Step, { protocolType, protocols }: JoinWish): boolean {
  if (protocolType === '' || protocols.length === 0) return false;
  if (group.members.size === 0) return true;
  if (protocolType !== group.protocolType) return false;
  return protocols.some(({ name }) => group.tally.isSupportedByAll(name));
}

function addAndRebalance(step: Step, wish: JoinWish): void {
  const { group, nowMs } = step;
  const wasTold = wish.memberId !== '';
  dropPending(step, wish.memberId);
  if (group.members.size === 0) group.protocolType = wish.protocolType;
  if (group.gathering !== null) group.gathering.hasGrown = true;
  const member = newMember({
    id: wasTold ? wish.memberId : wish.newMemberId,
    instanceId: wish.instanceId,
    clientId: wish.clientId,
    clientHost: wish.clientHost,
    sessionTimeoutMs: wish.sessionTimeoutMs,
    rebalanceTimeoutMs: wish.rebalanceTimeoutMs,
    protocols: wish.protocols,
  });
  member.canReturn ||= wasTold;
  addMember(group, member);
  holdJoin(group, member, wish.ticket);
  group.deadlines.set(member, nowMs + SERVER_LIMITS.newMemberWaitMs);
  rebalance(step);
}

/**
 * A member joins again: because of a rebalance, because it has changed itself, or because it never
 * saw an answer.
 */
function rejoin(step: Step, member: Member, wish: JoinWish): void {
  const { group } = step;
  const saysTheSame = sameProtocols(member, wish);
  const isLeader = group.leader === member.id;
  if (
    saysTheSame &&
    (group.state === 'CompletingRebalance' || (group.state === 'Stable' && !isLeader))
  ) {
    answerOlderJoin(step, member, 'REBALANCE_IN_PROGRESS');
    answerSync(step, member, 'REBALANCE_IN_PROGRESS');
    holdJoin(group, member, wish.ticket);
    answerJoin(step, member, currentGeneration(step, member));
    return;
  }
  update(step, member, wish);
  rebalance(step);
}

function update(step: Step, member: Member, wish: JoinWish): void {
  const { group } = step;
  answerOlderJoin(step, member, 'REBALANCE_IN_PROGRESS');
  group.tally.remove(member.protocols);
  member.protocols = wish.protocols;
  group.roster = null;
  group.tally.add(member.protocols);
  member.sessionTimeoutMs = wish.sessionTimeoutMs;
  member.rebalanceTimeoutMs = wish.rebalanceTimeoutMs;
  holdJoin(group, member, wish.ticket);
  if (member.isNew) group.deadlines.set(member, step.nowMs + SERVER_LIMITS.newMemberWaitMs);
  else touch(step, member);
}

/**
 * Answers the older request of a member that asks again while it waits: the connection of that
 * request is most likely gone.
 */
export function answerOlderJoin(step: Step, member: Member, error: ErrorName): void {
  if (member.joining !== null) {
    answerJoin(step, member, failedJoin(error, member.id));
  }
}

/**
 * The same instance is back without its member id: it takes its old place under a new id, and the
 * old id is fenced (KIP-345). In a stable group whose protocol stays the same nothing else changes;
 * its record is written before the answer.
 */
function replaceStatic(step: Step, old: Member, wish: JoinWish): void {
  const { group } = step;
  const leaderBefore = group.leader ?? '';
  answerOlderJoin(step, old, 'FENCED_INSTANCE_ID');
  answerSync(step, old, 'FENCED_INSTANCE_ID');
  const isLeader = group.leader === old.id;
  deleteMember(group, old);
  const member: Member = {
    ...old,
    id: wish.newMemberId,
    clientId: wish.clientId,
    clientHost: wish.clientHost,
  };
  addMember(group, member);
  if (isLeader) group.leader = member.id;
  update(step, member, wish);
  if (group.state !== 'Stable' || protocolOfNextGeneration(group) !== group.protocol) {
    rebalance(step);
    return;
  }
  const { ticket, canSkipAssignment } = wish;
  const memberId = member.id;
  store(step, { kind: 'answer-replaced', ticket, memberId, canSkipAssignment, leaderBefore });
}

export interface SyncRequest {
  readonly ticket: Ticket;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  /** Null where the client does not send it (below v5). */
  readonly protocolType: string | null;
  readonly protocol: string | null;
  /**
   * The leader's plan, by member id; empty from other members. It is read, if it is taken, within
   * the call.
   */
  readonly plan: Iterable<readonly [memberId: string, assignment: Buffer]>;
}

/** SyncGroup. Its ticket is answered now or when the leader's plan is stored, exactly once. */
export function sync(step: Step, request: SyncRequest): void {
  const { group, actions } = step;
  const problem = syncProblem(step, request);
  if (problem !== null) {
    const answer = {
      error: problem,
      protocolType: null,
      protocol: null,
      assignment: Buffer.alloc(0),
    };
    actions.push({ kind: 'answer-sync', ticket: request.ticket, answer });
    return;
  }
  const member = group.members.get(request.memberId)!;
  answerSync(step, member, 'REBALANCE_IN_PROGRESS');
  member.owesSync = false;
  holdSync(group, member, request.ticket);
  touch(step, member);
  if (group.state === 'Stable') answerSync(step, member, 'NONE');
  else if (group.leader === member.id && !isPlanUnderWay(step)) {
    store(step, { kind: 'assign', generation: group.generation, plan: planOf(step, request) });
  }
}

/** The assignments in the plan, as copies: the frame does not outlive the request. */
function planOf(step: Step, { plan }: SyncRequest): Map<string, Buffer> {
  const taken = new Map<string, Buffer>();
  let looked = 0;
  for (const [memberId, assignment] of plan) {
    looked += 1;
    if (step.group.members.has(memberId)) taken.set(memberId, Buffer.from(assignment));
  }
  step.passed += taken.size + Math.ceil(looked / SERVER_LIMITS.planNamesPerMemberPassed);
  return taken;
}

function isPlanUnderWay({ group }: Step): boolean {
  const afters = [...(group.writing?.afters ?? []), ...group.unwritten];
  return afters.some((after) => after.kind === 'assign' && after.generation === group.generation);
}

function syncProblem({ group }: Step, request: SyncRequest): ErrorName | null {
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
  const problem = memberProblem(group, request.memberId, request.instanceId);
  if (problem !== null) return problem;
  if (request.generation !== group.generation) return 'ILLEGAL_GENERATION';
  const { protocolType, protocol } = request;
  if (protocolType !== null && protocolType !== group.protocolType)
    return 'INCONSISTENT_GROUP_PROTOCOL';
  if (protocol !== null && protocol !== group.protocol) return 'INCONSISTENT_GROUP_PROTOCOL';
  if (group.state === 'PreparingRebalance') return 'REBALANCE_IN_PROGRESS';
  return null;
}

/** The member that sends a heartbeat or commit. */
export interface Speaker {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
}

/** Heartbeat: prolongs the session, and says whether a rebalance wants the member. */
export function heartbeat(step: Step, { memberId, instanceId, generation }: Speaker): ErrorName {
  const { group } = step;
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
  const problem = memberProblem(group, memberId, instanceId);
  if (problem !== null) return problem;
  if (generation !== group.generation) return 'ILLEGAL_GENERATION';
  const member = group.members.get(memberId)!;
  if (!member.isNew) touch(step, member);
  return group.state === 'PreparingRebalance' ? 'REBALANCE_IN_PROGRESS' : 'NONE';
}

/**
 * Whether this member may commit offsets: NONE or the error. A consumer outside of any group
 * management (generation -1, no member id) may, as long as the group has no members.
 */
export function commit(step: Step, { memberId, instanceId, generation }: Speaker): ErrorName {
  const { group } = step;
  if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE';
  if (group.state === 'Empty' && generation < 0) return 'NONE';
  if (generation < 0 && memberId === '' && instanceId === null) return 'UNKNOWN_MEMBER_ID';
  const problem = memberProblem(group, memberId, instanceId);
  if (problem !== null) return problem;
  if (generation !== group.generation) return 'ILLEGAL_GENERATION';
  if (group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS';
  const member = group.members.get(memberId)!;
  if (!member.isNew) touch(step, member);
  return 'NONE';
}

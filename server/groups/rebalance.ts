import type { ErrorName } from '../protocol/error-codes.js';
import {
  type AfterWrite,
  type Group,
  type GroupState,
  groupValue,
  type JoinAnswer,
  type Member,
  metadataOf,
  protocolOfNextGeneration,
  rebalanceTimeoutMs,
  type Step,
  type Ticket,
} from './group.js';
import { dropPending } from './pending-members.js';

const NOTHING = Buffer.alloc(0);

/** Something about the members has changed: a new generation is needed, or one that is being formed may be complete. */
export function rebalance(step: Step): void {
  const { state } = step.group;
  if (state === 'PreparingRebalance') completeIfAllJoined(step);
  else if (state !== 'Dead') prepare(step);
}

/** The same for a member that went: an empty group stays as it is. */
export function rebalanceAfterLoss(step: Step): void {
  if (step.group.state !== 'Empty') rebalance(step);
}

function prepare(step: Step): void {
  const { group, rules, nowMs } = step;
  if (group.state === 'CompletingRebalance') failSyncs(step, 'REBALANCE_IN_PROGRESS');
  const isFirst = group.state === 'Empty';
  group.isFirstGeneration = isFirst;
  moveTo(step, 'PreparingRebalance');
  group.syncDeadlineMs = Number.POSITIVE_INFINITY;
  const waitMs = rebalanceTimeoutMs(group);
  if (isFirst && rules.initialDelayMs > 0) {
    const remainingMs = Math.max(waitMs - rules.initialDelayMs, 0);
    group.gathering = { remainingMs, hasGrown: false };
    group.joinDeadlineMs = nowMs + rules.initialDelayMs;
    return;
  }
  group.joinDeadlineMs = nowMs + waitMs;
  completeIfAllJoined(step);
}

/** Forms the generation if there is nobody left to wait for. */
export function completeIfAllJoined(step: Step): void {
  const { group } = step;
  if (group.gathering !== null) return;
  if (group.pendingHere > 0 && !group.isFirstGeneration) return;
  for (const { joining } of group.members.values()) if (joining === null) return;
  completeJoin(step);
}

/** The time to join is up. A new group that has grown meanwhile waits once more, up to its rebalance timeout (KIP-134). */
export function joinTimeIsUp(step: Step): void {
  const { group, rules, nowMs } = step;
  const { gathering } = group;
  if (gathering?.hasGrown && gathering.remainingMs > 0) {
    const delayMs = Math.min(rules.initialDelayMs, gathering.remainingMs);
    group.gathering = { remainingMs: gathering.remainingMs - delayMs, hasGrown: false };
    group.joinDeadlineMs = nowMs + delayMs;
    return;
  }
  completeJoin(step);
}

/** A new generation of those who have joined. Static members that have not may stay until their session ends. */
function completeJoin(step: Step): void {
  const { group, nowMs } = step;
  group.joinDeadlineMs = Number.POSITIVE_INFINITY;
  group.gathering = null;
  for (const member of [...group.members.values()]) {
    if (member.joining === null && member.instanceId === null) removeMember(step, member);
  }
  if (group.members.size > 0 && !electLeader(group)) {
    // All are static and none is back: there is nobody to hand the plan to yet.
    group.joinDeadlineMs = nowMs + rebalanceTimeoutMs(group);
    return;
  }
  group.generation += 1;
  group.protocol = protocolOfNextGeneration(group);
  if (group.members.size === 0) {
    moveTo(step, 'Empty');
    if (group.isStored) store(step, { kind: 'nothing' });
    return;
  }
  moveTo(step, 'CompletingRebalance');
  group.syncDeadlineMs = nowMs + rebalanceTimeoutMs(group);
  for (const member of group.members.values()) {
    const { joining } = member;
    member.isNew = false;
    if (joining === null) continue;
    member.canReturn = true;
    member.owesSync = true;
    answerJoin(step, member, joining, currentGeneration(group, member));
  }
}

/** The leader stays if it has joined; otherwise the first who has. False if nobody has. */
function electLeader(group: Group): boolean {
  if (group.leader !== null && group.members.get(group.leader)?.joining != null) return true;
  for (const { id, joining } of group.members.values()) {
    if (joining === null) continue;
    group.leader = id;
    return true;
  }
  return false;
}

/** Takes a member out. Whatever it waits for is answered with UNKNOWN_MEMBER_ID. */
export function removeMember(step: Step, member: Member): void {
  const { group, actions } = step;
  if (member.joining !== null) {
    const answer = failedJoin('UNKNOWN_MEMBER_ID', member.id);
    actions.push({ kind: 'answer-join', ticket: member.joining, answer });
  }
  if (member.syncing !== null) answerSync(step, member, 'UNKNOWN_MEMBER_ID');
  group.members.delete(member.id);
  if (member.instanceId !== null && group.staticIds.get(member.instanceId) === member.id) {
    group.staticIds.delete(member.instanceId);
  }
  if (group.leader !== member.id) return;
  const [next] = group.members.keys();
  group.leader = next ?? null;
}

/** What a member of the current generation is told of it. */
export function currentGeneration(group: Group, member: Member): JoinAnswer {
  const isLeader = group.leader === member.id;
  return {
    error: 'NONE',
    memberId: member.id,
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol,
    leader: group.leader ?? '',
    skipAssignment: false,
    members: isLeader ? membersOf(group) : [],
  };
}

export function membersOf(group: Group): JoinAnswer['members'] {
  return [...group.members.values()].map((member) => ({
    id: member.id,
    instanceId: member.instanceId,
    metadata: metadataOf(group, member),
  }));
}

export function failedJoin(error: ErrorName, memberId: string): JoinAnswer {
  return {
    error,
    memberId,
    generation: -1,
    protocolType: null,
    protocol: null,
    leader: '',
    skipAssignment: false,
    members: [],
  };
}

/** Answers the member's JoinGroup; from now on it is the member's turn. */
export function answerJoin(step: Step, member: Member, ticket: Ticket, answer: JoinAnswer): void {
  member.joining = null;
  touch(step, member);
  step.actions.push({ kind: 'answer-join', ticket, answer });
}

/** Answers the member's SyncGroup, if one waits. */
export function answerSync(step: Step, member: Member, error: ErrorName): void {
  const ticket = member.syncing;
  if (ticket === null) return;
  member.syncing = null;
  touch(step, member);
  const { protocolType, protocol } = step.group;
  const answer =
    error === 'NONE'
      ? { error, protocolType, protocol, assignment: member.assignment }
      : { error, protocolType: null, protocol: null, assignment: NOTHING };
  step.actions.push({ kind: 'answer-sync', ticket, answer });
}

/** The plan of this generation will not be: nobody has an assignment any more. */
export function failSyncs(step: Step, error: ErrorName): void {
  for (const member of step.group.members.values()) {
    member.owesSync = false;
    member.assignment = NOTHING;
    answerSync(step, member, error);
  }
}

/** The member was heard of: its session begins anew, unless it waits for us. */
export function touch({ nowMs }: Step, member: Member): void {
  const isWaiting = member.joining !== null || member.syncing !== null;
  member.deadlineMs = isWaiting ? Number.POSITIVE_INFINITY : nowMs + member.sessionTimeoutMs;
}

export function moveTo({ group, wallMs }: Step, state: GroupState): void {
  group.state = state;
  group.stateSinceMs = wallMs;
}

/** Has the group's record written as it is now; `after` happens in `stored`. */
export function store(step: Step, after: AfterWrite): void {
  const { group, actions } = step;
  const write = ++group.lastWrite;
  group.isStored = true;
  group.writes.set(write, after);
  const plan = after.kind === 'assign' ? after.plan : null;
  const value = groupValue(
    group,
    (member) => plan?.get(member.id) ?? (plan ? NOTHING : member.assignment),
  );
  actions.push({ kind: 'store', write, value });
}

/** A write has ended, well or with `error`. */
export function stored(step: Step, write: number, error: ErrorName | null): void {
  const { group } = step;
  const after = group.writes.get(write);
  group.writes.delete(write);
  if (after?.kind === 'answer-join') {
    const member = group.members.get(after.memberId);
    // A rebalance that began meanwhile has taken the request over.
    if (group.state !== 'Stable' || member?.joining !== after.ticket) return;
    answerJoin(step, member, after.ticket, error === null ? after.answer : failedJoin(error, ''));
  } else if (after?.kind === 'assign') {
    if (group.state !== 'CompletingRebalance' || group.generation !== after.generation) return;
    if (error !== null) {
      failSyncs(step, error);
      prepare(step);
      return;
    }
    moveTo(step, 'Stable');
    for (const member of group.members.values()) {
      member.assignment = after.plan.get(member.id) ?? NOTHING;
      answerSync(step, member, 'NONE');
    }
  }
}

/** Time has passed: whoever was not heard of in time is dropped, and whatever waited long enough goes on. */
export function tick(step: Step): void {
  const { group, nowMs } = step;
  let isLost = false;
  for (const [id, { deadlineMs }] of group.pending) {
    if (deadlineMs > nowMs) continue;
    dropPending(step, id);
    isLost ||= group.state === 'PreparingRebalance';
  }
  for (const member of [...group.members.values()]) {
    if (member.deadlineMs > nowMs) continue;
    removeMember(step, member);
    isLost = true;
  }
  if (isLost) rebalanceAfterLoss(step);
  if (group.joinDeadlineMs <= nowMs) joinTimeIsUp(step);
  if (group.syncDeadlineMs <= nowMs) dropThoseWhoOweSync(step);
}

/** A member that took part in the generation and never asked for its assignment is gone, whatever its session timeout. */
function dropThoseWhoOweSync(step: Step): void {
  const { group } = step;
  group.syncDeadlineMs = Number.POSITIVE_INFINITY;
  const silent = [...group.members.values()].filter(({ owesSync }) => owesSync);
  for (const member of silent) removeMember(step, member);
  if (silent.length > 0) rebalanceAfterLoss(step);
}

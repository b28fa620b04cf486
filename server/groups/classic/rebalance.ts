import type { ErrorName } from '../../protocol/error-codes.js';
import {
  type AfterWrite,
  type Group,
  type GroupState,
  type JoinAnswer,
  type Member,
  metadataOf,
  protocolOfNextGeneration,
  rebalanceTimeoutMs,
  type Step,
} from './group.js';
import { beginWrite, isWanted, store } from './group-record.js';
import { deleteMember, takeJoin, takeSync } from './members.js';
import { dropPending } from './pending-members.js';

const NOTHING = Buffer.alloc(0);

/**
 * Reacts to a change of the members: a new generation is needed, or the one that is being formed
 * may be complete.
 */
export function rebalance(step: Step): void {
  const { state } = step.group;
  if (state === 'PreparingRebalance') completeIfAllJoined(step);
  else if (state !== 'Dead') prepare(step);
}

/** The same after a member has left: an empty group stays as it is. */
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

/** Forms the generation if no member has to be waited for. */
export function completeIfAllJoined(step: Step): void {
  const { group } = step;
  if (group.gathering !== null) return;
  if (group.pendingHere > 0 && !group.isFirstGeneration) return;
  if (group.joined === group.members.size) completeJoin(step);
}

/**
 * The time to join is up. A new group that has grown meanwhile waits once more, up to its rebalance
 * timeout (KIP-134).
 */
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

/**
 * Forms a new generation of the members that have joined. Static members that have not joined may
 * stay until their session ends.
 */
function completeJoin(step: Step): void {
  const { group, nowMs } = step;
  group.joinDeadlineMs = Number.POSITIVE_INFINITY;
  group.gathering = null;
  step.passed += group.members.size;
  if (group.joined < group.members.size) removeAbsent(step);
  if (group.members.size > 0 && !electLeader(group)) {
    // All members are static and none is back: no member can make the plan yet. Members with a
    // rebalance timeout of zero must not make a timer that fires without a pause.
    const waitMs = Math.max(step.rules.sessionTimeoutMinMs, rebalanceTimeoutMs(group));
    group.joinDeadlineMs = nowMs + waitMs;
    return;
  }
  group.generation += 1;
  group.protocol = protocolOfNextGeneration(group);
  group.roster = null;
  if (group.members.size === 0) {
    moveTo(step, 'Empty');
    if (group.isStored) store(step, { kind: 'nothing' });
    return;
  }
  moveTo(step, 'CompletingRebalance');
  group.syncDeadlineMs = nowMs + rebalanceTimeoutMs(group);
  for (const member of group.members.values()) {
    member.isNew = false;
    if (member.joining === null) continue;
    member.canReturn = true;
    member.owesSync = true;
    answerJoin(step, member, currentGeneration(step, member));
  }
}

/** Dynamic members that have not joined are gone; static ones have their session timeout. */
function removeAbsent(step: Step): void {
  for (const member of [...step.group.members.values()]) {
    if (member.joining === null && member.instanceId === null) removeMember(step, member);
  }
}

/**
 * The leader stays if it has joined; otherwise the first member that has joined leads. False if no
 * member has.
 */
function electLeader(group: Group): boolean {
  if (group.leader !== null && group.members.get(group.leader)?.joining != null) return true;
  for (const { id, joining } of group.members.values()) {
    if (joining === null) continue;
    group.leader = id;
    return true;
  }
  return false;
}

/** Removes a member. Its waiting requests are answered with UNKNOWN_MEMBER_ID. */
export function removeMember(step: Step, member: Member): void {
  const { group, actions } = step;
  const ticket = takeJoin(group, member);
  if (ticket !== null) {
    const answer = failedJoin('UNKNOWN_MEMBER_ID', member.id);
    actions.push({ kind: 'answer-join', ticket, answer });
  }
  answerSync(step, member, 'UNKNOWN_MEMBER_ID');
  deleteMember(group, member);
}

/** The answer of the current generation to one of its members. */
export function currentGeneration(step: Step, member: Member): JoinAnswer {
  const { group } = step;
  const isLeader = group.leader === member.id;
  return {
    error: 'NONE',
    memberId: member.id,
    generation: group.generation,
    protocolType: group.protocolType,
    protocol: group.protocol,
    leader: group.leader ?? '',
    skipAssignment: false,
    members: isLeader ? membersOf(step) : [],
  };
}

/** The list of all members for the leader. It is made once, however often a leader asks. */
export function membersOf(step: Step): JoinAnswer['members'] {
  const { group } = step;
  if (group.roster === null) {
    step.passed += group.members.size;
    group.roster = [...group.members.values()].map((member) => ({
      id: member.id,
      instanceId: member.instanceId,
      metadata: metadataOf(group, member),
    }));
  }
  return group.roster;
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

/** Answers the member's waiting JoinGroup; from now on its session runs again. */
export function answerJoin(step: Step, member: Member, answer: JoinAnswer): void {
  const ticket = takeJoin(step.group, member);
  if (ticket === null) return;
  touch(step, member);
  step.actions.push({ kind: 'answer-join', ticket, answer });
}

/** Answers the member's SyncGroup, if one waits. */
export function answerSync(step: Step, member: Member, error: ErrorName): void {
  const ticket = takeSync(step.group, member);
  if (ticket === null) return;
  touch(step, member);
  const { protocolType, protocol } = step.group;
  const answer =
    error === 'NONE'
      ? { error, protocolType, protocol, assignment: member.assignment }
      : { error, protocolType: null, protocol: null, assignment: NOTHING };
  step.actions.push({ kind: 'answer-sync', ticket, answer });
}

/** The plan of this generation has failed: no member has an assignment any more. */
export function failSyncs(step: Step, error: ErrorName): void {
  step.passed += step.group.members.size;
  for (const member of step.group.members.values()) {
    member.owesSync = false;
    member.assignment = NOTHING;
    answerSync(step, member, error);
  }
}

/** The member sent a request: its session begins again, unless it waits for an answer. */
export function touch({ group, nowMs }: Step, member: Member): void {
  const isWaiting = member.joining !== null || member.syncing !== null;
  const deadlineMs = isWaiting ? Number.POSITIVE_INFINITY : nowMs + member.sessionTimeoutMs;
  group.deadlines.set(member, deadlineMs);
}

export function moveTo({ group, wallMs }: Step, state: GroupState): void {
  group.state = state;
  group.stateSinceMs = wallMs;
}

/** Called when a write has ended, well or with `error`. */
export function stored(step: Step, write: number, error: ErrorName | null): void {
  const { group } = step;
  if (group.writing?.write !== write) return;
  const { afters } = group.writing;
  group.writing = null;
  for (const after of afters) {
    if (isWanted(group, after)) finish(step, after, error);
  }
  if (group.writing === null && group.state !== 'Dead') beginWrite(step);
}

function finish(step: Step, after: AfterWrite, error: ErrorName | null): void {
  const { group } = step;
  if (after.kind === 'answer-replaced') {
    const member = group.members.get(after.memberId)!;
    const answer = error === null ? answerToReplaced(step, after) : failedJoin(error, '');
    answerJoin(step, member, answer);
  } else if (after.kind === 'assign') {
    if (error !== null) {
      failSyncs(step, error);
      rebalance(step);
      return;
    }
    moveTo(step, 'Stable');
    step.passed += group.members.size;
    for (const member of group.members.values()) {
      member.assignment = after.plan.get(member.id) ?? NOTHING;
      answerSync(step, member, 'NONE');
    }
  }
}

type Replaced = Extract<AfterWrite, { readonly kind: 'answer-replaced' }>;

/** The answer to a static member whose return changes nothing else. */
function answerToReplaced(step: Step, after: Replaced): JoinAnswer {
  const { group } = step;
  const { memberId, canSkipAssignment, leaderBefore } = after;
  const member = group.members.get(memberId)!;
  const isLeader = group.leader === memberId;
  const plain: JoinAnswer = { ...currentGeneration(step, member), members: [] };
  // Older clients would make a plan that is not needed, so they are not told that they lead.
  return canSkipAssignment
    ? { ...plain, skipAssignment: isLeader, members: isLeader ? membersOf(step) : [] }
    : { ...plain, leader: leaderBefore };
}

/**
 * Time has passed: members that were silent for too long are dropped, `atMost` of them, and waits
 * that are over end. True if more members have to be dropped.
 */
export function tick(step: Step, atMost: number): boolean {
  const { group, nowMs } = step;
  let isLost = false;
  let left = atMost;
  for (; left > 0; left--) {
    const late = group.deadlines.takeDue(nowMs);
    if (late === undefined) break;
    if (group.members.get(late.id) === late) {
      removeMember(step, late);
      isLost = true;
    } else if (dropPending(step, late.id)) {
      isLost ||= group.state === 'PreparingRebalance';
    }
  }
  if (isLost) rebalanceAfterLoss(step);
  if (group.joinDeadlineMs <= nowMs) joinTimeIsUp(step);
  if (group.syncDeadlineMs <= nowMs) dropThoseWhoOweSync(step);
  return left === 0;
}

/**
 * Drops members that were in the generation and never asked for their assignment, whatever their
 * session timeouts.
 */
function dropThoseWhoOweSync(step: Step): void {
  const { group } = step;
  group.syncDeadlineMs = Number.POSITIVE_INFINITY;
  step.passed += group.members.size;
  const silent = [...group.members.values()].filter(({ owesSync }) => owesSync);
  for (const member of silent) removeMember(step, member);
  if (silent.length > 0) rebalanceAfterLoss(step);
}

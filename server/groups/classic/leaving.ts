import type { ErrorName } from '../../protocol/error-codes.js';
import type { Step, Ticket } from './group.js';
import { deleteMember, memberProblem } from './members.js';
import { answerOlderJoin } from './membership.js';
import { dropPending } from './pending-members.js';
import {
  answerJoin,
  answerSync,
  completeIfAllJoined,
  failedJoin,
  failSyncs,
  rebalanceAfterLoss,
  removeMember,
} from './rebalance.js';

/** One member that leaves or is removed: by its id, or by its instance id alone. */
export interface Leaver {
  readonly memberId: string;
  readonly instanceId: string | null;
}

/** LeaveGroup: the error of each, in their order. */
export function leave(step: Step, leavers: readonly Leaver[]): ErrorName[] {
  const { group } = step;
  if (group.state === 'Dead') return leavers.map(() => 'COORDINATOR_NOT_AVAILABLE');
  let hasLost = false;
  const errors = leavers.map(({ memberId, instanceId }): ErrorName => {
    if (instanceId === null && dropPending(step, memberId)) return 'NONE';
    const owner = instanceId === null ? undefined : group.staticIds.get(instanceId);
    const id = memberId === '' ? (owner ?? '') : memberId;
    const problem = memberProblem(group, id, instanceId);
    if (problem !== null) return problem;
    removeMember(step, group.members.get(id)!);
    hasLost = true;
    return 'NONE';
  });
  if (hasLost) rebalanceAfterLoss(step);
  else if (group.state === 'PreparingRebalance') completeIfAllJoined(step);
  return errors;
}

/**
 * The client of a waiting request is gone. A member that cannot know its id is removed; other
 * members have their session timeout to come back. The ticket is answered all the same, for its
 * holder.
 */
export function abandon(step: Step, ticket: Ticket): void {
  const member = step.group.waiting.get(ticket);
  if (member === undefined) return;
  if (member.syncing === ticket) {
    answerSync(step, member, 'COORDINATOR_NOT_AVAILABLE');
    return;
  }
  answerJoin(step, member, failedJoin('COORDINATOR_NOT_AVAILABLE', member.id));
  if (member.canReturn) return;
  removeMember(step, member);
  rebalanceAfterLoss(step);
}

/**
 * The connection that an id was given to has closed: no rebalance waits for the id, but it stays
 * good until its session timeout.
 */
export function losePending(step: Step, memberId: string): void {
  const { group } = step;
  const pending = group.pending.get(memberId);
  if (pending === undefined || !pending.isHere) return;
  pending.isHere = false;
  group.pendingHere -= 1;
  if (group.state === 'PreparingRebalance') completeIfAllJoined(step);
}

/**
 * Ends the group: it is being deleted, or another broker takes over. Waiting requests are answered.
 */
export function end(step: Step, error: ErrorName): void {
  const { group } = step;
  failSyncs(step, error);
  for (const member of [...group.members.values()]) {
    answerOlderJoin(step, member, error);
    deleteMember(group, member);
  }
  for (const id of [...group.pending.keys()]) dropPending(step, id);
  group.joinDeadlineMs = Number.POSITIVE_INFINITY;
  group.syncDeadlineMs = Number.POSITIVE_INFINITY;
  group.gathering = null;
  group.unwritten.length = 0;
  group.state = 'Dead';
}

/** Takes back a deletion that failed: the group is as empty as before. */
export function revive({ group }: Step): void {
  group.state = 'Empty';
}

/** Notes that the group's record is removed from the log. False if there is none. */
export function unstore({ group }: Step): boolean {
  const { isStored } = group;
  group.isStored = false;
  return isStored;
}

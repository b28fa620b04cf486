import { SERVER_LIMITS } from '../../limits.js';
import type { PendingMember, Step } from './group.js';

/**
 * Gives out an id; its owner has a session timeout to come back with it. Where too many ids are
 * given out, the oldest one becomes invalid.
 */
export function addPending(step: Step, memberId: string, sessionTimeoutMs: number): void {
  const { group, nowMs, actions } = step;
  const [oldest] = group.pending.keys();
  if (group.pending.size >= SERVER_LIMITS.pendingMembersMax && oldest !== undefined)
    dropPending(step, oldest);
  const pending: PendingMember = {
    id: memberId,
    isHere: true,
    deadlineMs: Number.POSITIVE_INFINITY,
    queuedMs: Number.POSITIVE_INFINITY,
  };
  group.pending.set(memberId, pending);
  group.deadlines.set(pending, nowMs + sessionTimeoutMs);
  group.pendingHere += 1;
  actions.push({ kind: 'watch-pending', memberId });
}

/** Drops an id that was used or became invalid. False if it was not given out. */
export function dropPending({ group, actions }: Step, memberId: string): boolean {
  const pending = group.pending.get(memberId);
  if (pending === undefined) return false;
  if (pending.isHere) group.pendingHere -= 1;
  group.pending.delete(memberId);
  group.deadlines.remove(pending);
  actions.push({ kind: 'unwatch-pending', memberId });
  return true;
}

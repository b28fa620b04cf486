import type { Step } from './group.js';

/**
 * Ids given out and not yet used, of one group. Beyond it the oldest is forgotten, and its owner
 * starts over.
 */
const PENDING_MAX = 10_000;

/** Gives out an id; its owner has a session timeout to come back with it. */
export function addPending(step: Step, memberId: string, sessionTimeoutMs: number): void {
  const { group, nowMs, actions } = step;
  const [oldest] = group.pending.keys();
  if (group.pending.size >= PENDING_MAX && oldest !== undefined) dropPending(step, oldest);
  group.pending.set(memberId, { deadlineMs: nowMs + sessionTimeoutMs, isHere: true });
  group.pendingHere += 1;
  actions.push({ kind: 'watch-pending', memberId });
}

/** The id was used, or is good for nothing any more. False if it was not given out. */
export function dropPending({ group, actions }: Step, memberId: string): boolean {
  const pending = group.pending.get(memberId);
  if (pending === undefined) return false;
  if (pending.isHere) group.pendingHere -= 1;
  group.pending.delete(memberId);
  actions.push({ kind: 'unwatch-pending', memberId });
  return true;
}

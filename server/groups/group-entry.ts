import type { Mortal } from '../coordination/deadlines.js';
import { type Group, newGroup } from './classic/group.js';
import type { RebalanceCall } from './classic/rebalance-calls.js';
import type { SlicedQueue } from './classic/sliced-queue.js';
import type { CommittedTopics } from './offsets/committed-topics.js';
import { GroupOffsets } from './offsets/offsets.js';

/**
 * A group with everything that belongs to it. Its registry sets the first fields, the runner of its
 * events the others; the group changes by its events, the offsets by their own methods.
 */
export interface GroupEntry extends Mortal {
  readonly id: string;
  group: Group;
  readonly offsets: GroupOffsets;
  /** Bytes that its members count for in the broker's bound. */
  memberBytes: number;

  /** Calls the clients that a rebalance waits for; null outside of a rebalance. */
  call: RebalanceCall | null;
  /** Answers that are too many for one turn; null until there are any. */
  answers: SlicedQueue | null;
}

export function newEntry(id: string, committed: CommittedTopics): GroupEntry {
  return {
    id,
    group: newGroup(id),
    offsets: new GroupOffsets(id, committed),
    memberBytes: 0,
    call: null,
    answers: null,
    deadlineMs: Number.POSITIVE_INFINITY,
    queuedMs: Number.POSITIVE_INFINITY,
  };
}

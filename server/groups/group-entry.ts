import type { Mortal } from '../coordination/deadlines.js';
import { type Group, newGroup } from './classic/group.js';
import type { RebalanceCall } from './classic/rebalance-calls.js';
import type { SlicedQueue } from './classic/sliced-queue.js';
import type { CommittedTopics } from './offsets/committed-topics.js';
import { GroupOffsets } from './offsets/offsets.js';

/**
 * A group with all that belongs to it. Its registry sets the fields of the first part, the runner
 * of its events those of the second; the group changes by its events, the offsets by their own
 * methods.
 */
export interface GroupEntry extends Mortal {
  readonly id: string;
  group: Group;
  readonly offsets: GroupOffsets;
  /** What its members count for in the broker's bound. */
  memberBytes: number;

  /** Calls those whom a rebalance waits for; null outside of one. */
  call: RebalanceCall | null;
  /** Answers that are more than one turn should give; null until there are any. */
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

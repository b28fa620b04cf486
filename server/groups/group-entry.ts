import type { Timer } from '../../engine/index.js';
import { type Group, newGroup } from './classic/group.js';
import type { RebalanceCall } from './classic/rebalance-calls.js';
import type { SlicedQueue } from './classic/sliced-queue.js';
import type { CommittedTopics } from './offsets/committed-topics.js';
import { GroupOffsets } from './offsets/offsets.js';

/** A group with all that belongs to it. */
export interface GroupEntry {
  readonly id: string;
  group: Group;
  readonly offsets: GroupOffsets;
  /** Writes of its offsets that are under way. */
  writing: number;
  /** What its members count for in the broker's bound. */
  memberBytes: number;
  /** Calls those whom a rebalance waits for; null outside of one. */
  call: RebalanceCall | null;
  /** Answers that are more than one turn should give; null until there are any. */
  answers: SlicedQueue | null;
  timer: Timer | null;
  /** Monotonic; Infinity without a timer. */
  timerMs: number;
}

export function newEntry(id: string, committed: CommittedTopics): GroupEntry {
  return {
    id,
    group: newGroup(id),
    offsets: new GroupOffsets(id, committed),
    writing: 0,
    memberBytes: 0,
    call: null,
    answers: null,
    timer: null,
    timerMs: Number.POSITIVE_INFINITY,
  };
}

import type { Timer } from '../../engine/index.js';
import type { CommittedTopics } from './committed-topics.js';
import { type Group, newGroup } from './group.js';
import { GroupOffsets } from './offsets.js';
import type { RebalanceCall } from './rebalance-calls.js';
import type { SlicedQueue } from './sliced-queue.js';

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

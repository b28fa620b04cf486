import { EngineError } from '../../errors.js';
import type { Durability } from '../durability/durability.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import { NOWHERE, type OffsetTracker } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { Cut } from './cut-place.js';

/** The log that forgets. */
export interface ForgettingLog {
  readonly context: LogContext;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly durability: Durability;
}

/**
 * The facts in memory about a log's batches: they are forgotten at once where the log is cut, or
 * begins again.
 */
export class LogMemory {
  readonly #log: ForgettingLog;

  constructor(log: ForgettingLog) {
    this.#log = log;
  }

  /** The log ends at the cut. Returns the segments behind the end, oldest first. */
  cutTo({ segment, end, firstCut, noted }: Cut): Segment[] {
    const { context, segments, offsets, epochs, producers, durability } = this.#log;
    durability.checkpoint.invalidate();
    const lost = new EngineError('OFFSET_OUT_OF_RANGE', `the log was truncated to ${end.offset}`);
    durability.lost(end.offset, lost);
    producers.truncateEnd(end.offset, firstCut);
    epochs.truncateEnd(end.offset);
    const removed = segments.removeFrom(segment.baseOffset + 1);
    durability.sealing.forget(segment);
    context.indexCache.forget(segment);
    segment.takeOver(noted);
    offsets.truncated(end);
    return removed;
  }

  /**
   * The log is empty, and begins at `offset`; the catalog says so already. Returns all of its
   * segments.
   */
  beginAt(offset: number): Segment[] {
    const { segments, offsets, epochs, producers, durability } = this.#log;
    durability.checkpoint.invalidate();
    durability.checkpoint.reached({ offset: NOWHERE, segmentBase: NOWHERE, position: 0 });
    durability.lost(
      -1,
      new EngineError('OFFSET_OUT_OF_RANGE', `the log has begun anew at ${offset}`),
    );
    producers.forgetAll();
    epochs.forgetAll();
    durability.marks.forget();
    const removed = segments.removePrefix(segments.count);
    offsets.begunAt(offset);
    return removed;
  }
}

import { timestampNumber } from '../../batch/timestamp.js';
import { LIMITS } from '../../limits.js';
import {
  type CompactionPlan,
  CompactionPlanning,
  type CompactionSegment,
} from '../../maintenance/compaction-policy.js';
import type { ActiveSegment } from '../append/active-segment.js';
import type { LogSettings } from '../log-settings.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import { TimesAhead } from '../segments/times-ahead.js';
import { readFirstTimestamp } from '../segments/wake-segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import { knownNewestMs } from './retain.js';

/** The log of which it is asked what there is to compact. */
export interface PlannedLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly active: ActiveSegment;
}

/** A live segment with its end. */
export interface Source extends CompactionSegment {
  readonly segment: Segment;
  /** How often it was cut when the pass began. */
  readonly cuts: number;
}

/** What there is to compact in a log, and when. */
export class CompactionPlans {
  readonly #log: PlannedLog;

  constructor(log: PlannedLog) {
    this.#log = log;
  }

  /**
   * Of a log of which everything below `cleanedOffset` was compacted; null when there is nothing.
   * In slices.
   */
  async from(cleanedOffset: number): Promise<CompactionPlan | null> {
    const log = this.#log;
    const { offsets, settings, context } = log;
    const { minCompactionLagMs, maxCompactionLagMs } = settings;
    const planning = new CompactionPlanning({
      cleanedOffset,
      // The checkpoint that a pass begins with makes it durable, too.
      boundOffset: Math.min(offsets.lastStable, offsets.highWatermark.offset),
      logStartOffset: offsets.logStart,
      nowMs: context.clock.wallMs(),
      minCompactionLagMs,
      maxCompactionLagMs,
      dirtySegmentsMax: LIMITS.compactionDirtySegmentsMax,
    });
    const times = new TimesAhead(log);
    await eachSealed(log, async (source) => {
      if (minCompactionLagMs > 0 && source.endOffset > cleanedOffset) {
        await times.read(source.segment);
      }
      return planning.add(source);
    });
    return planning.plan;
  }

  /**
   * Whether the active segment must be rolled, because what is in it has waited for longer than
   * `max.compaction.lag.ms`.
   */
  oldestDirtyIsActive(cleanedOffset: number): boolean {
    const { settings, segments, offsets, active: appends, context } = this.#log;
    const { maxCompactionLagMs } = settings;
    const { active } = segments;
    if (maxCompactionLagMs === Number.POSITIVE_INFINITY || !active || active.size === 0) {
      return false;
    }
    if (offsets.logEnd <= cleanedOffset || !appends.isIdle) return false;
    return firstMs(active) < context.clock.wallMs() - maxCompactionLagMs;
  }
}

/**
 * Calls `look` for each segment but the active one, oldest first, in slices, until that returns
 * false.
 */
export async function eachSealed(
  { context, segments }: Pick<PlannedLog, 'context' | 'segments'>,
  look: (source: Source) => boolean | Promise<boolean>,
): Promise<void> {
  const work = context.slices.begin();
  let segment = segments.first;
  while (segment) {
    const current: Segment = segment;
    const next = segments.after(current);
    if (next === undefined) return;
    const looked = look(sourceOf(current, next.baseOffset));
    if (!(typeof looked === 'boolean' ? looked : await looked)) return;
    const pause = work.did(1);
    if (pause !== null) await pause;
    segment = segments.after(current);
  }
}

function sourceOf(segment: Segment, endOffset: number): Source {
  return {
    segment,
    cuts: segment.cuts,
    baseOffset: segment.baseOffset,
    endOffset,
    sizeBytes: segment.size,
    newestMs: () => knownNewestMs(segment) ?? Number.POSITIVE_INFINITY,
    firstMs: () => firstMs(segment),
  };
}

function firstMs(segment: Segment): number {
  if (segment.noted.firstTimestampMs < 0 && segment.writtenSize > 0) {
    readFirstTimestamp(segment, segment.writtenSize);
  }
  const { firstTimestampMs } = segment.noted;
  return firstTimestampMs >= 0 ? timestampNumber(firstTimestampMs) : segment.age.createdMs;
}

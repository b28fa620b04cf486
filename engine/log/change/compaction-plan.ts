import { LIMITS } from '../../limits.js';
import { type CompactionPlan, CompactionPlanning } from '../../maintenance/compaction-policy.js';
import type { ActiveSegment } from '../append/active-segment.js';
import type { LogSettings } from '../log-settings.js';
import type { SegmentList } from '../segments/segment-list.js';
import { TimesAhead } from '../segments/times-ahead.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { CompactionPass } from './compaction-pass.js';
import { eachSealed, firstMs } from './compaction-sources.js';

/** The log for which compactions are planned. */
export interface PlannedLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly active: ActiveSegment;
}

/** Makes the pass that carries a plan out; `stop` is set to end it. */
type NewPass = (plan: CompactionPlan, stop: SharedArrayBuffer) => CompactionPass;

/** Plans the compactions of a log. */
export class CompactionPlans {
  readonly #log: PlannedLog;
  readonly pass: NewPass;

  constructor(log: PlannedLog, pass: NewPass) {
    this.#log = log;
    this.pass = pass;
  }

  /**
   * The plan for a log of which everything below `cleanedOffset` was compacted; null when there is
   * nothing to compact. In slices.
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
   * Whether the active segment must be rolled, because its records have waited for longer than
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

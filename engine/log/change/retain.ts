import { timestampNumber } from '../../batch/timestamp.js';
import { LIMITS } from '../../limits.js';
import {
  type RetentionLimits,
  type RetentionReason,
  retentionReason,
} from '../../maintenance/retention-policy.js';
import type { ActiveSegment } from '../append/active-segment.js';
import type { LogSettings } from '../log-settings.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import { TimesAhead } from '../segments/times-ahead.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { LogStart } from './log-start.js';
import type { Removal, Removed } from './remove-below.js';

/** The log to which retention is applied. */
export interface RetainedLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly active: ActiveSegment;
  readonly start: LogStart;
  readonly removal: Removal;
}

const RETENTION_WORDS: Record<RetentionReason, string> = {
  start: 'below the log start offset',
  time: 'its newest record is older than retention.ms',
  size: 'the log is larger than retention.bytes',
};

/** Deletes the oldest segments of a log as far as time and size allow. */
export class Retention {
  readonly #log: RetainedLog;

  constructor(log: RetainedLog) {
    this.#log = log;
  }

  /**
   * Reads, in slices, the newest times that `apply` will ask for, up to the first segment whose
   * index had to be made: the next retention goes on there. It runs before `apply` and not within
   * it, so that other changes of the segments do not wait. Rejects with the errno of the disk.
   */
  async readTimes(): Promise<void> {
    const { context, life } = this.#log;
    life.assertTaking();
    const times = new TimesAhead(this.#log);
    await this.#reasonsToGo(async (segment) => {
      await times.read(segment);
      const goesOn = !life.isClosing && !life.hasEnded && !segment.isRetired;
      const wasLong = segment.size > LIMITS.indexWalkAtOnceBytes;
      return goesOn && !(wasLong && context.indexCache.wasMade(segment));
    });
  }

  /**
   * Applies retention, as `LogMaintenance.applyRetention` says. A segment whose newest time is
   * unknown stays. Called while nothing else changes the segments.
   */
  async apply(): Promise<Removed> {
    const { offsets, segments, active, start, removal } = this.#log;
    const reasons = await this.#reasonsToGo(async () => false);
    const count = reasons.length;
    if (count === 0) return { segments: 0, bytes: 0 };
    // The active segment is removed only when a new one has taken its place.
    if (count === segments.all().length) await active.rollBesideOthers();
    const removable = Math.min(count, segments.all().length - 1);
    const startOffset = segments.all()[removable]!.baseOffset;
    if (startOffset > offsets.logStart) await start.moveTo(startOffset);
    start.moved();
    return removal.below(startOffset, (at) => RETENTION_WORDS[reasons[at] ?? 'time']);
  }

  /**
   * Why each of the oldest segments is removed, in slices, up to the first that stays. `read` is
   * called for a segment whose newest time is unknown, and returns true when the segment is to be
   * asked again.
   */
  async #reasonsToGo(read: (segment: Segment) => Promise<boolean>): Promise<RetentionReason[]> {
    const { segments, offsets, context } = this.#log;
    const limits = this.#limits();
    const reasons: RetentionReason[] = [];
    let logBytes = segments.sizeBytes;
    const work = context.slices.begin();
    for (let segment = segments.first; segment; segment = segments.after(segment)) {
      const current = segment;
      const verdict = (): RetentionReason | 'unknown' | null => {
        const endOffset = segments.after(current)?.baseOffset ?? offsets.logEnd;
        const { size: sizeBytes } = current;
        const newest = (): number | null => knownNewestMs(current);
        return retentionReason({ sizeBytes, endOffset, newestMs: newest }, logBytes, limits);
      };
      let reason = verdict();
      if (reason === 'unknown' && (await read(segment))) reason = verdict();
      if (reason === null || reason === 'unknown') break;
      reasons.push(reason);
      logBytes -= segment.size;
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    return reasons;
  }

  #limits(): RetentionLimits {
    const { settings, context, offsets } = this.#log;
    const { deletes } = settings;
    return {
      retentionMs: deletes ? settings.retentionMs : Number.POSITIVE_INFINITY,
      retentionBytes: deletes ? settings.retentionBytes : Number.POSITIVE_INFINITY,
      nowMs: context.clock.wallMs(),
      highWatermark: offsets.highWatermark.offset,
      logStart: offsets.logStart,
    };
  }
}

/**
 * Largest timestamp of a segment; the time of its last change where no record has one; null while
 * it is not read.
 */
export function knownNewestMs(segment: Segment): number | null {
  const largestMs = segment.noted.largestTimestampMs;
  if (largestMs === null) return null;
  return largestMs >= 0 ? timestampNumber(largestMs) : segment.age.changedMs;
}

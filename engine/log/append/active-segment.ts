import { lastOffsetDelta, maxTimestamp } from '../../batch/header.js';
import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentOwner } from '../segments/segment-owner.js';
import { wakeInSlices, wakeSegment } from '../segments/wake-segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { LogWriter } from './log-writer.js';
import { mustRoll } from './roll-policy.js';
import type { Rolling } from './rolling.js';

/** The log that takes appends. */
export interface ActiveLog extends SegmentOwner {
  readonly context: LogContext;
  readonly life: LogLife;
  readonly staging: { readonly writer: LogWriter };
  readonly rolling: Rolling;
}

/** The segment that takes appends: begun, woken and rolled when it must be. */
export class ActiveSegment {
  readonly #log: ActiveLog;

  constructor(log: ActiveLog) {
    this.#log = log;
  }

  /** Whether no batch is staged for it, queued or being written. */
  get isIdle(): boolean {
    return this.#log.staging.writer.isIdle;
  }

  /**
   * The segment that takes the batch: the active one, unless it must be rolled first; null when
   * that must wait until `whenReady` resolves.
   */
  forBatch(batch: Buffer, baseOffset: number, nowMs: number): Segment | null {
    const log = this.#log;
    const { writer } = log.staging;
    const active = log.segments.active;
    try {
      const { hasRoom } = log.context.files;
      if (active === undefined) return hasRoom ? log.rolling.begin() : null;
      if (active.noted.indexes === null && !wakeSegment(log, active)) return null;
      if (writer.isFull) this.#flushStaged();
      if (!this.#rollIsDue(active, batch, baseOffset, nowMs)) return active;
      this.#flushStaged();
      // While writes are queued a failure must find them all in one segment.
      if (writer.isWritingAsynchronously || !hasRoom) return null;
      this.#assertFewSegments();
      return log.rolling.roll(active);
    } catch (error) {
      throw storageError(log.context.directory, `cannot start a segment in ${log.folder}`, error);
    }
  }

  /** Resolves when an append that had to wait may be tried again. */
  async whenReady(): Promise<void> {
    await this.#log.staging.writer.settled();
    await wakeInSlices(this.#log);
    await this.#log.context.files.whenRoom();
  }

  /** Seals the active segment and begins the next one, unless it is empty. */
  async roll(): Promise<void> {
    const { life, staging, segments, rolling, context, folder } = this.#log;
    life.assertServing();
    await staging.writer.settled();
    life.assertServing();
    const active = segments.active;
    if (!active || active.size === 0 || !staging.writer.isIdle) return;
    try {
      rolling.roll(active);
    } catch (error) {
      throw storageError(context.directory, `cannot start a segment in ${folder}`, error);
    }
  }

  /**
   * As `roll`, in slices: one commit wakes many logs whose starts have moved, and each makes a file
   * on the event loop, so that other work is done in between.
   */
  async rollBesideOthers(): Promise<void> {
    const { rolling, slices } = this.#log.context;
    await rolling.run(async () => {
      await this.roll();
      const pause = slices.begin().did(LIMITS.newSegmentElements);
      if (pause !== null) await pause;
    });
  }

  /**
   * If the write fails, the batch in hand fails with it: it was judged by the batches that its
   * producer sent before, and those are gone.
   */
  #flushStaged(): void {
    const failure = this.#log.staging.writer.flush();
    if (failure !== null) throw failure;
  }

  /** Retention and deletion may begin one more segment, to remove all the others. */
  #assertFewSegments(): void {
    const { count } = this.#log.segments;
    if (count < LIMITS.segmentsPerLogMax) return;
    throw new EngineError(
      'TOO_MANY_SEGMENTS',
      `the log has ${count} segments: raise segment.bytes or segment.ms, or keep less`,
    );
  }

  #rollIsDue(active: Segment, batch: Buffer, baseOffset: number, nowMs: number): boolean {
    const { settings } = this.#log;
    const { age, noted } = active;
    return mustRoll(
      {
        segmentBytes: noted.size,
        batchBytes: batch.length,
        relativeOffset: baseOffset + lastOffsetDelta(batch) - active.baseOffset,
        batchTimestampMs: maxTimestamp(batch),
        firstTimestampMs: noted.firstTimestampMs,
        firstAppendMs: age.createdMs,
        nowMs,
        offsetIndexEntries: noted.indexes!.offsets.count,
        timeIndexEntries: noted.indexes!.times.count,
      },
      {
        segmentBytes: settings.segmentBytes,
        // Only segments that are not active are compacted.
        segmentMs: settings.compacted
          ? Math.min(settings.segmentMs, settings.maxCompactionLagMs)
          : settings.segmentMs,
        segmentIndexBytes: settings.segmentIndexBytes,
        jitterMs: age.rollJitterMs,
      },
    );
  }
}

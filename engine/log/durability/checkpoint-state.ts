import type { CatalogChange } from '../../catalog/catalog.js';
import type { PartitionName } from '../partition-log.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { CheckpointCapture } from '../shared/checkpoints.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogLife } from '../state/log-life.js';
import { type LogPosition, type OffsetTracker, snapshotOf } from '../state/offset-tracker.js';
import type { NextBatch } from '../state/producer.js';
import type { LogMarks } from './log-marks.js';
import { checkpointKey, encodeCheckpoint, type RecordedTimes } from './log-records.js';
import type { ProducerCheckpoints } from './producer-checkpoints.js';

/** The log that checkpoints are about. */
export interface CheckpointedLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly life: LogLife;
}

/** The log's contribution to checkpoints, and the end of the last one. */
export class CheckpointState {
  readonly #log: CheckpointedLog;
  readonly #producers: ProducerCheckpoints;
  readonly #marks: LogMarks;
  /** Offset up to which the last checkpoint reaches; -1 when that is not known. */
  #offset: number;
  #segmentBase: number;
  /** Rises when a checkpoint that was captured before must not be written any more. */
  #generation = 0;
  #isPaused = false;

  /** `last` is null when recovery found more than the catalog knows. */
  constructor(
    log: CheckpointedLog,
    producers: ProducerCheckpoints,
    marks: LogMarks,
    last: LogPosition | null,
  ) {
    this.#log = log;
    this.#producers = producers;
    this.#marks = marks;
    this.#offset = last?.offset ?? -1;
    this.#segmentBase = last?.segmentBase ?? -1;
  }

  /** Nothing is captured while the end is cut off. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  get offset(): number {
    return this.#offset;
  }

  /** Base offset of the segment where recovery would begin; -1 when that is not known. */
  get segmentBase(): number {
    return this.#segmentBase;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Nothing captured before this call is written to the catalog any more. */
  invalidate(): void {
    this.#generation++;
  }

  /** The catalog says durably that recovery begins at `end`. */
  reached(end: LogPosition): void {
    this.#offset = end.offset;
    this.#segmentBase = end.segmentBase;
  }

  capture(): CheckpointCapture {
    const log = this.#log;
    const producers = this.#producers;
    const { written, logStart, highWatermark } = log.offsets;
    const active = log.segments.active;
    // A new segment's begin is the old one's end, which retention may take away.
    const end =
      active?.baseOffset === written.offset
        ? { offset: written.offset, segmentBase: active.baseOffset, position: 0 }
        : snapshotOf(written);
    const generation = this.#generation;
    producers.expire();
    // A truncation writes its own checkpoint meanwhile, and the producer pages that it takes must
    // stay its own.
    const wasPaused = this.#isPaused;
    if (!wasPaused) producers.begin();
    const captured = {
      ...end,
      highWatermark: highWatermark.offset,
      isGapless: !this.#marks.hasGaps,
      epochs: log.epochs.snapshot(end.offset, logStart),
      areEpochsOwn: log.epochs.areOwn,
      times: timesOf(active, end),
    };
    const isStillTrue = (): boolean =>
      !wasPaused &&
      this.#generation === generation &&
      !this.#isPaused &&
      !log.life.hasEnded &&
      log.segments.count > 0;
    return {
      isStillTrue,
      writeAhead: () => producers.writeAhead(isStillTrue),
      changes: () => {
        const { recorded, pages } = producers.changesAt(log.offsets.durable.offset);
        const value = encodeCheckpoint({ ...captured, ...recorded });
        return [{ key: checkpointKey(log.name), value }, ...pages];
      },
      done: () => {
        if (this.#generation !== generation) return;
        producers.done();
        this.reached(end);
      },
    };
  }

  /**
   * Writes, durably and together with `also`, a checkpoint that ends at `end`, below which all is
   * durable, before the log is cut there. `firstCut`: see `ProducerStates.truncateEnd`. Rejects as
   * the catalog does.
   */
  async lower(
    end: LogPosition,
    firstCut: ReadonlyMap<number, NextBatch>,
    also: readonly CatalogChange[],
  ): Promise<void> {
    const { context, name, offsets, epochs } = this.#log;
    this.invalidate();
    this.#producers.beginCut(end.offset);
    const { recorded, pages } = this.#producers.changesAt(end.offset, firstCut);
    const value = encodeCheckpoint({
      ...end,
      ...recorded,
      highWatermark: Math.min(offsets.highWatermark.offset, end.offset),
      isGapless: !this.#marks.hasGaps,
      epochs: epochs.snapshot(end.offset, -1),
      areEpochsOwn: epochs.areOwn,
      times: null,
    });
    await context.catalog.write([{ key: checkpointKey(name), value }, ...pages, ...also]);
    this.#producers.done();
    this.reached(end);
  }
}

/**
 * Null while batches are staged, which may still be lost, and for times that a number does not hold
 * exactly: the index has those.
 */
function timesOf(active: Segment | undefined, { position }: LogPosition): RecordedTimes | null {
  if (!active || position === 0 || active.size !== position) return null;
  const { largestTimestampMs, offsetOfLargest, firstTimestampMs } = active.noted;
  return typeof largestTimestampMs !== 'number' || typeof firstTimestampMs !== 'number'
    ? null
    : { largestTimestampMs, offsetOfLargest, firstTimestampMs };
}

import { storageError } from '../../disk/storage-error.js';
import { LIMITS } from '../../limits.js';
import type { PartitionName } from '../partition-log.js';
import { saveIndexes } from '../segments/index-files.js';
import type { Sealing } from '../segments/sealing.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentOwner } from '../segments/segment-owner.js';
import type { CheckpointCapture } from '../shared/checkpoints.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import { type LogPosition, type OffsetTracker, snapshotOf } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';
import { checkpointKey, encodeCheckpoint, type RecordedTimes } from './log-records.js';
import { ProducerCheckpoints } from './producer-checkpoints.js';

/** The log that checkpoints are about. */
export interface CheckpointedLog extends SegmentOwner {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing: Sealing;
  /** Whether its batches may leave offsets out. False is certain. */
  readonly hasGaps: boolean;
}

/** What one log contributes to checkpoints, and how far the last one reached. */
export class CheckpointState {
  readonly #log: CheckpointedLog;
  /** Offset up to which the last checkpoint reaches; -1 when that is not known. */
  #offset: number;
  #segmentBase: number;
  /** Rises when a checkpoint that was captured before must not be written any more. */
  #generation = 0;
  readonly producers: ProducerCheckpoints;
  #isPaused = false;

  /** `last` is null when recovery found more than the catalog knows. */
  constructor(log: CheckpointedLog, last: LogPosition | null) {
    this.#log = log;
    this.producers = new ProducerCheckpoints(log);
    this.#offset = last?.offset ?? -1;
    this.#segmentBase = last?.segmentBase ?? -1;
  }

  /** While the end is cut off nothing is captured. */
  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
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

  /** The catalog durably says that recovery begins there. */
  reached(end: LogPosition): void {
    this.#offset = end.offset;
    this.#segmentBase = end.segmentBase;
  }

  capture(): CheckpointCapture {
    const log = this.#log;
    const { written, logStart, highWatermark } = log.offsets;
    const active = log.segments.active;
    // A new segment's begin is the old one's end, which retention may take away.
    const end =
      active?.baseOffset === written.offset
        ? { offset: written.offset, segmentBase: active.baseOffset, position: 0 }
        : snapshotOf(written);
    const generation = this.#generation;
    log.producers.expire(log.context.clock.wallMs() - log.settings.producerExpirationMs);
    // A truncation writes its own checkpoint meanwhile, and what it takes of the producers must
    // stay its own.
    const wasPaused = this.#isPaused;
    if (!wasPaused) this.producers.begin();
    const captured = {
      ...end,
      highWatermark: highWatermark.offset,
      isGapless: !log.hasGaps,
      epochs: log.epochs.snapshot(end.offset, logStart),
      areEpochsOwn: log.epochs.areOwn,
      times: timesOf(active, end),
    };
    const isStillTrue = (): boolean =>
      !wasPaused &&
      this.#generation === generation &&
      !this.#isPaused &&
      !log.hasEnded &&
      log.segments.count > 0;
    return {
      isStillTrue,
      writeAhead: () => this.producers.writeAhead(isStillTrue),
      changes: () => {
        const { recorded, pages } = this.producers.changesAt(log.offsets.durable.offset);
        const value = encodeCheckpoint({ ...captured, ...recorded });
        return [{ key: checkpointKey(log.name), value }, ...pages];
      },
      done: () => {
        if (this.#generation !== generation) return;
        this.producers.done();
        this.reached(end);
      },
    };
  }

  /**
   * Saves the indexes of sealed segments, the oldest first, and those of the active one when memory
   * has much that the files lack. Of many sealed ones only the first: true when more are left,
   * unless the log is being closed.
   */
  async saveIndexes(): Promise<boolean> {
    const log = this.#log;
    // The folder of one that has ended may soon be another's.
    if (this.#isPaused || log.hasEnded) return false;
    const active = log.segments.active;
    try {
      if (await log.sealing.save(() => this.#isPaused)) return true;
      if (!active?.noted.indexes || this.#isPaused || log.hasEnded) return false;
      if (active.saves.missing(active.noted.indexes) >= LIMITS.indexEntriesUnsavedMax) {
        await saveIndexes(log.context.disk, active);
      }
    } catch (error) {
      if (log.hasEnded) return false;
      const { directory, logger } = log.context;
      const failure = storageError(directory, `cannot save the indexes in ${log.folder}`, error);
      logger.warn(
        { folder: log.folder, reason: failure.message },
        'indexes were not saved; they are rebuilt when needed',
      );
    }
    return false;
  }
}

/**
 * Null while batches are staged, which may yet be lost, and for times that no number holds: the
 * index has those.
 */
function timesOf(active: Segment | undefined, { position }: LogPosition): RecordedTimes | null {
  if (!active || position === 0 || active.size !== position) return null;
  const { largestTimestampMs, offsetOfLargest, firstTimestampMs } = active.noted;
  return typeof largestTimestampMs !== 'number' || typeof firstTimestampMs !== 'number'
    ? null
    : { largestTimestampMs, offsetOfLargest, firstTimestampMs };
}

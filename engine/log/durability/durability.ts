import { LIMITS } from '../../limits.js';
import { AppendWaiters } from '../append/append-waiters.js';
import type { WriteGroup } from '../append/write-group.js';
import type { LogSettings } from '../log-settings.js';
import type { Appended } from '../partition-log.js';
import type { Sealing } from '../segments/sealing.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { CheckpointCapture, CheckpointTarget } from '../shared/checkpoints.js';
import type { LogContext } from '../shared/log-context.js';
import type { SyncCapture } from '../shared/sync-rounds.js';
import type { LogLife } from '../state/log-life.js';
import { type OffsetTracker, snapshotOf } from '../state/offset-tracker.js';
import type { Watermark } from '../state/watermark.js';
import type { CheckpointState } from './checkpoint-state.js';
import type { LogMarks } from './log-marks.js';
import { Unsynced } from './unsynced.js';

/** The log that is made durable. */
export interface DurableLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly watermark: Watermark;
}

/**
 * The durable end of one log, the appends that wait for it, and the log's state in the catalog.
 * Sync rounds and checkpoints of the directory know the log by this.
 */
export class Durability implements CheckpointTarget {
  /** Files and folders that no sync covers yet. */
  readonly unsynced: Unsynced;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing: Sealing;
  readonly marks: LogMarks;
  readonly checkpoint: CheckpointState;
  readonly #log: DurableLog;
  /** Appends that were written and wait for the durable end. */
  readonly #waiters = new AppendWaiters();
  #bytesSinceCheckpoint = 0;
  #awaitsCheckpoint = false;

  constructor(log: DurableLog, sealing: Sealing, marks: LogMarks, checkpoint: CheckpointState) {
    this.#log = log;
    this.sealing = sealing;
    this.marks = marks;
    this.checkpoint = checkpoint;
    this.unsynced = new Unsynced(log.context, this);
  }

  // --- what the log asks for ---

  /** Asks for a sync round that covers all bytes that are written when it is submitted. */
  requestSync(): void {
    this.#log.context.syncRounds.request(this);
  }

  /** Resolves when all bytes that are written by now are durable. Rejects STORAGE_OFFLINE. */
  flush(): Promise<void> {
    return this.#log.context.syncRounds.flush([this]);
  }

  /** Notes that the next checkpoint has something to write. */
  markDirty(): void {
    this.#log.context.checkpoints.markDirty(this);
  }

  /** Resolves when a checkpoint was taken, or the directory is offline. */
  async checkpointed(): Promise<void> {
    const { checkpoints } = this.#log.context;
    checkpoints.markDirty(this);
    await checkpoints.run();
  }

  /** The segment takes no more appends. */
  sealed(segment: Segment): void {
    this.sealing.add(segment);
    this.#log.context.checkpoints.request(this);
  }

  // --- who waits ---

  /** Resolves with `appended` when the flush promise holds for it, rejects if it was lost. */
  whenPromised(appended: Appended): Promise<Appended> {
    const endOffset = appended.lastOffset + 1;
    if (endOffset <= this.#log.watermark.promised.offset) return Promise.resolve(appended);
    this.requestSync();
    return new Promise((resolve, reject) => {
      this.#waiters.push({ endOffset, appended, resolve, reject });
    });
  }

  /** Rejects waiting appends that reach beyond `offset`: they are lost. */
  lost(offset: number, error: Error): void {
    this.#waiters.rejectFrom(offset, error);
  }

  /** A group of batches is in its file: its appends are answered, or wait for a sync. */
  wrote(group: WriteGroup): void {
    const { context, settings } = this.#log;
    const { segment, bytes } = group;
    const records = group.endOffset - group.startOffset;
    this.unsynced.wrote(segment.file, records, bytes, segment.writtenSize);
    this.#bytesSinceCheckpoint += bytes;
    if (settings.flush === 'ack') {
      for (const append of group.appends) this.#waiters.push(append);
      this.requestSync();
    } else {
      for (const append of group.appends) append.resolve(append.appended);
      // A duplicate of one of these may wait, or an append that got a stronger promise under
      // earlier settings.
      if (this.#waiters.count > 0) this.requestSync();
      this.unsynced.syncInTime(settings);
    }
    if (this.#bytesSinceCheckpoint >= LIMITS.checkpointBytes) {
      this.#bytesSinceCheckpoint = 0;
      context.checkpoints.request(this);
    } else this.markDirty();
  }

  // --- the outcome of syncs and checkpoints ---

  captureSync(): SyncCapture {
    const { life, offsets } = this.#log;
    // Its files may be closed or renamed already.
    if (life.hasEnded) return { files: [], folders: [], done: () => {} };
    const end = snapshotOf(offsets.written);
    const { generation } = this.checkpoint;
    return this.unsynced.capture(() => {
      if (generation === this.checkpoint.generation) {
        offsets.synced(end);
        this.#waiters.resolveUpTo(offsets.durable.offset);
        this.#log.watermark.advance();
      }
      // After a truncation the captured end may lie in bytes that were written since: appends that
      // wait below it need another round.
      else if (!life.hasEnded) this.requestSync();
    });
  }

  get awaitsCheckpoint(): boolean {
    return this.#awaitsCheckpoint;
  }

  awaitCheckpoint(awaits: boolean): void {
    this.#awaitsCheckpoint = awaits;
  }

  /** Nothing is saved while the log's end is cut off. */
  saveIndexes(): Promise<boolean> {
    return this.sealing.saveIndexes(() => this.checkpoint.isPaused);
  }

  captureCheckpoint(): CheckpointCapture {
    return this.checkpoint.capture();
  }

  // --- the end ---

  /** The next checkpoint covers all that was written, and saves all indexes worth it. */
  prepareClose(): void {
    const { segments, offsets } = this.#log;
    const { active } = segments;
    if (!active) return;
    const areSaved = active.saves.missing(active.noted.indexes) < LIMITS.indexEntriesLeftUnsaved;
    if (offsets.written.offset === this.checkpoint.offset && areSaved) return;
    if (!areSaved && !this.sealing.has(active)) this.sealing.add(active);
    this.markDirty();
  }

  /**
   * The log has ended: it is not synced or checkpointed any more, and waiting appends are rejected.
   */
  end(error: Error): void {
    this.unsynced.stop();
    this.#log.context.checkpoints.forget(this);
    this.#waiters.rejectFrom(-1, error);
    this.#log.watermark.end();
  }
}

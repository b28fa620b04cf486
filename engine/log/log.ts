import type { Timestamp } from '../batch/timestamp.js';
import { storageError } from '../disk/storage-error.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { appendBatch, rollSegment, whenAppendable } from './append/append.js';
import { AppendQueue } from './append/append-queue.js';
import { AppendWaiters } from './append/append-waiters.js';
import {
  checkRecords,
  isClaimCounted,
  isRepacked,
  nameRecords,
  repackForLog,
} from './append/check-records.js';
import { LogWriter } from './append/log-writer.js';
import { ORIGINS, type OriginRules } from './append/origin.js';
import { expectAgain, noteRefusal, takeBackBatches } from './append/refused-batches.js';
import { appendPiece } from './append/replica-appends.js';
import type { WriteGroup } from './append/write-group.js';
import { beginAnew } from './change/begin-anew.js';
import { Compaction } from './change/compaction.js';
import { deleteBefore } from './change/delete-before.js';
import { readTimesForRetention, retain } from './change/retain.js';
import { truncateLog } from './change/truncate.js';
import { CheckpointState } from './durability/checkpoint-state.js';
import { LogMarks } from './durability/log-marks.js';
import { Unsynced } from './durability/unsynced.js';
import type { LogSettings } from './log-settings.js';
import type {
  Appended,
  AppendOrigin,
  CompactionResult,
  EpochEnd,
  HighWatermarkRule,
  KnownProducer,
  PartitionLog,
  PartitionName,
  ReadRequest,
  ReadResult,
  ScrubResult,
  TimestampLookup,
  TruncateOptions,
} from './partition-log.js';
import { findBatch, readLog } from './read/read.js';
import { ReadHints } from './read/read-hints.js';
import { scrubLog } from './read/scrub.js';
import { largestTimestamp, lookupTimestamp } from './read/timestamp-lookup.js';
import { warmForRead } from './read/warm-read.js';
import type { RecoveredLog } from './recovery/recovery.js';
import { Sealing } from './segments/sealing.js';
import type { SegmentList } from './segments/segment-list.js';
import type { CheckpointCapture, CheckpointTarget } from './shared/checkpoints.js';
import type { LogContext } from './shared/log-context.js';
import type { SyncCapture } from './shared/sync-rounds.js';
import type { LeaderEpochs } from './state/leader-epochs.js';
import { Leadership } from './state/leadership.js';
import { type LogPosition, OffsetTracker, snapshotOf } from './state/offset-tracker.js';
import type { ProducerStates } from './state/producer-state.js';
import { Watermark } from './state/watermark.js';

/**
 * One partition's log; see `PartitionLog` for what each method promises. Owns the offsets and says
 * who waits for what.
 */
export class Log implements PartitionLog, CheckpointTarget {
  readonly context: LogContext;
  readonly name: PartitionName;
  /** Absolute path of the partition's folder. It exists once the first segment does. */
  readonly folder: string;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Appends that were written and wait for the durable end. */
  readonly durableWaiters = new AppendWaiters();
  /** Files and folders that no sync covers yet. */
  readonly unsynced: Unsynced;
  readonly watermark: Watermark;
  readonly checkpoint: CheckpointState;
  readonly marks: LogMarks;
  readonly compaction: Compaction;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing = new Sealing(this);
  readonly readHints = new ReadHints();
  #awaitsCheckpoint = false;
  readonly #leadership: Leadership;
  readonly #queue = new AppendQueue();
  #settings: LogSettings;
  #failure: EngineError | null = null;
  #bytesSinceCheckpoint = 0;
  /**
   * Truncations, deletions and swaps run one after another: each looks at what the last one left.
   */
  #changing: Promise<void> = Promise.resolve();
  /** Set when a close has begun: what is under way is finished, nothing new is begun. */
  #closing: EngineError | null = null;
  /** Why batches are taken from nobody but a leader: the log follows, or is being closed. */
  #refusal: EngineError | null = null;

  constructor(
    context: LogContext,
    name: PartitionName,
    folder: string,
    settings: LogSettings,
    found: RecoveredLog,
    cleanedOffset: number,
    rule: HighWatermarkRule | null,
  ) {
    this.context = context;
    this.#leadership = new Leadership(context.leaderEpoch);
    this.name = name;
    this.folder = folder;
    this.#settings = settings;
    this.segments = found.segments;
    this.offsets = new OffsetTracker(found.logStart, found.end, found.highWatermark);
    this.epochs = found.epochs;
    this.marks = new LogMarks(this, found.hasGaps);
    this.producers = found.producers;
    this.writer = new LogWriter(context, this);
    this.unsynced = new Unsynced(context, this);
    this.watermark = new Watermark(this, rule, (offset) => findBatch(this, offset));
    for (const segment of found.segments.all()) {
      if (segment !== found.segments.active && segment.noted.indexes !== null) {
        this.sealing.add(segment);
      }
    }
    const isNews = found.scannedBytes > 0 || found.cutBytes > 0 || !this.sealing.isEmpty;
    this.checkpoint = new CheckpointState(this, isNews ? null : found.end);
    if (isNews) context.checkpoints.markDirty(this);
    this.compaction = new Compaction(this, Math.min(cleanedOffset, found.end.offset));
    this.watermark.begin();
    if (settings.compacted) context.cleaner.watch(this.compaction);
  }

  get settings(): LogSettings {
    return this.#settings;
  }
  get logStartOffset(): number {
    return this.offsets.logStart;
  }
  get logEndOffset(): number {
    return this.offsets.logEnd;
  }
  get highWatermark(): number {
    return this.offsets.highWatermark.offset;
  }
  get lastStableOffset(): number {
    return this.offsets.highWatermark.offset;
  }
  get durableEndOffset(): number {
    return this.offsets.durable.offset;
  }
  get leaderEpoch(): number {
    return this.#leadership.epoch;
  }
  get sizeBytes(): number {
    return this.segments.sizeBytes;
  }
  get checkpointTarget(): CheckpointTarget {
    return this;
  }
  /** Whether the log was closed or deleted, or its disk has failed. */
  get hasEnded(): boolean {
    return this.#failure !== null;
  }
  /**
   * Whether its batches may leave offsets out: by compaction, by a gap of its leader's, at its log
   * start. False is certain.
   */
  get hasGaps(): boolean {
    return this.marks.hasGaps;
  }
  /** Whether a close has begun: nothing comes any more. */
  get isClosing(): boolean {
    return this.#closing !== null;
  }

  get awaitsCheckpoint(): boolean {
    return this.#awaitsCheckpoint;
  }
  awaitCheckpoint(awaits: boolean): void {
    this.#awaitsCheckpoint = awaits;
  }

  updateSettings(settings: LogSettings): void {
    this.#settings = settings;
    if (settings.compacted && !this.#failure) this.context.cleaner.watch(this.compaction);
    else this.context.cleaner.forget(this.compaction);
    if (settings.flush !== 'os') this.context.syncRounds.request(this);
    this.advance();
  }

  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void {
    if (this.#failure) throw this.#failure;
  }

  /** For what changes the log: a log that is being closed is still read. */
  assertTaking(): void {
    this.assertServing();
    if (this.#closing) throw this.#closing;
  }

  // --- append ---

  append(batch: Buffer, origin: AppendOrigin = 'client'): Promise<Appended> {
    const rules = ORIGINS[origin];
    if (rules.place) return this.#appendPiece(batch);
    if (this.#refusal) return Promise.reject(this.#refusal);
    const { validate, compacted, compression } = this.#settings;
    const isPlain =
      (validate === 'header' &&
        compression === 'producer' &&
        !compacted &&
        !this.#queue.isTaken &&
        !isClaimCounted(batch)) ||
      (rules.records && !this.#queue.isTaken);
    return isPlain ? this.#append(batch, rules) : this.#appendChecked(batch, rules);
  }

  async #appendPiece(bytes: Buffer): Promise<Appended> {
    this.assertTaking();
    if (this.#leadership.isLeader) throw new EngineError('NOT_FOLLOWER', `${this.folder} leads`);
    return appendPiece(this, this.#queue, bytes);
  }

  #append(batch: Buffer, rules: OriginRules): Promise<Appended> {
    const appended = this.#tryAppend(batch, rules);
    return appended ?? this.#queue.take(() => this.#appendSettled(batch, rules));
  }

  /** Appends as soon as the writer lets it. Called only in a turn of the queue. */
  async #appendSettled(
    batch: Buffer,
    rules: OriginRules,
  ): Promise<{ appended: Promise<Appended> }> {
    for (;;) {
      const appended = this.#tryAppend(batch, rules);
      if (appended !== null) return { appended };
      try {
        await whenAppendable(this);
      } catch (error) {
        noteRefusal(this.producers, batch, error, this.context.clock.wallMs());
        throw error;
      }
    }
  }

  #tryAppend(batch: Buffer, rules: OriginRules): Promise<Appended> | null {
    try {
      return appendBatch(this, batch, rules);
    } catch (error) {
      noteRefusal(this.producers, batch, error, this.context.clock.wallMs());
      return this.#refuse(batch, error);
    }
  }

  async #refuse(batch: Buffer, error: unknown): Promise<never> {
    const isOutOfTime = error instanceof EngineError && error.code === 'INVALID_TIMESTAMP';
    throw isOutOfTime ? await nameRecords(this, batch, error) : error;
  }

  /**
   * Records may have to be unpacked, to be checked or to be stored in the topic's codec, on a
   * thread: appends keep their order by queueing behind one another.
   */
  #appendChecked(batch: Buffer, rules: OriginRules): Promise<Appended> {
    const ready = this.#readied(batch, rules);
    return this.#queue.take(async () => {
      const found = await ready;
      if (!(found instanceof EngineError)) {
        return found === null || found === batch
          ? this.#appendSettled(batch, rules)
          : this.#appendSettled(found, ORIGINS.built);
      }
      noteRefusal(this.producers, batch, found, this.context.clock.wallMs());
      return { appended: Promise.reject(found) };
    });
  }

  /**
   * The batch as it is stored, or what is wrong with its records; null if they are not looked at.
   */
  #readied(batch: Buffer, rules: OriginRules): Promise<Buffer | EngineError | null> | null {
    if (!rules.codec && isRepacked(this.#settings, batch)) return repackForLog(this, batch);
    const { validate, compacted } = this.#settings;
    const areLookedAt = validate === 'records' || compacted || isClaimCounted(batch);
    return areLookedAt && !rules.records ? checkRecords(this, batch) : null;
  }

  lead(epoch: number): void {
    this.assertTaking();
    this.#leadership.lead(epoch, this.epochs.latest);
    this.#refusal = this.#closing;
  }

  follow(): void {
    this.assertTaking();
    this.#leadership.follow();
    this.#refusal = new EngineError('NOT_LEADER', `${this.folder} follows another leader`);
  }

  /** Resolves with `appended` when the flush promise holds for it, rejects if it was lost. */
  whenPromised(appended: Appended): Promise<Appended> {
    const endOffset = appended.lastOffset + 1;
    if (endOffset <= this.watermark.promised.offset) return Promise.resolve(appended);
    this.context.syncRounds.request(this);
    return new Promise((resolve, reject) => {
      this.durableWaiters.push({ endOffset, appended, resolve, reject });
    });
  }

  refused(header: Buffer): void {
    expectAgain(this.producers, header, this.context.clock.wallMs());
  }

  // --- outcomes of writes and syncs ---

  wrote(group: WriteGroup): void {
    const { context, offsets } = this;
    if (this.#failure) {
      for (const append of group.appends) append.reject(this.#failure);
      return;
    }
    group.segment.written(group.mark.size + group.bytes);
    this.unsynced.wrote(
      group.segment.file,
      group.endOffset - group.startOffset,
      group.bytes,
      group.segment.writtenSize,
    );
    this.#bytesSinceCheckpoint += group.bytes;
    offsets.wrote({
      offset: group.endOffset,
      segmentBase: group.segment.baseOffset,
      position: group.segment.writtenSize,
    });
    if (this.#settings.flush === 'ack') {
      for (const append of group.appends) this.durableWaiters.push(append);
      context.syncRounds.request(this);
    } else {
      for (const append of group.appends) append.resolve(append.appended);
      // A duplicate of one of these may wait, or an append that was promised more under earlier
      // settings.
      if (this.durableWaiters.count > 0) context.syncRounds.request(this);
      this.unsynced.syncInTime(this.#settings);
    }
    if (this.#bytesSinceCheckpoint >= LIMITS.checkpointBytes) {
      this.#bytesSinceCheckpoint = 0;
      context.checkpoints.request(this);
    } else context.checkpoints.markDirty(this);
    this.advance();
  }

  writeFailed(groups: readonly WriteGroup[], error: unknown): EngineError {
    const { directory } = this.context;
    const [first] = groups;
    const { segment, mark, startOffset, epochs } = first!;
    const failure = storageError(directory, `cannot write to ${segment.file.path}`, error);
    if (!directory.failure) {
      try {
        segment.file.truncateSync(mark.size);
        this.unsynced.addFile(segment.file);
      } catch (cutError) {
        directory.fail(`cannot cut ${segment.file.path} back to ${mark.size} bytes`, cutError);
      }
    }
    segment.backTo(mark);
    this.offsets.unassigned(startOffset);
    for (const { buffers } of groups) takeBackBatches(this.producers, buffers, startOffset);
    this.epochs.backTo(epochs, this.offsets.logStart);
    for (const group of groups) for (const append of group.appends) append.reject(failure);
    this.durableWaiters.rejectFrom(startOffset, failure);
    return failure;
  }

  captureSync(): SyncCapture {
    // Its files may be closed or renamed already.
    if (this.#failure) return { files: [], folders: [], done: () => {} };
    const end = snapshotOf(this.offsets.written);
    const { generation } = this.checkpoint;
    return this.unsynced.capture(() => {
      if (generation === this.checkpoint.generation) this.#synced(end);
      // After a truncation the captured end may lie in bytes that were written since: whoever waits
      // below it needs another round.
      else if (!this.#failure) this.context.syncRounds.request(this);
    });
  }

  #synced(end: LogPosition): void {
    this.offsets.synced(end);
    this.durableWaiters.resolveUpTo(this.offsets.durable.offset);
    this.advance();
  }

  saveIndexes(): Promise<boolean> {
    return this.checkpoint.saveIndexes();
  }

  captureCheckpoint(): CheckpointCapture {
    return this.checkpoint.capture();
  }

  // --- high watermark ---

  setHighWatermarkRule(rule: HighWatermarkRule): void {
    this.watermark.setRule(rule);
  }

  advance(): void {
    if (!this.#failure) this.watermark.advance();
  }

  onAdvance(listener: () => void): () => void {
    return this.watermark.onAdvance(listener);
  }

  // --- reads ---

  read(request: ReadRequest): ReadResult {
    return readLog(this, request);
  }

  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    return warmForRead(this, request, isWanted);
  }

  async offsetForTimestamp(timestampMs: Timestamp): Promise<TimestampLookup | null> {
    this.assertServing();
    return lookupTimestamp(this, timestampMs);
  }

  async offsetOfLargestTimestamp(): Promise<TimestampLookup | null> {
    this.assertServing();
    return largestTimestamp(this);
  }

  endOfEpoch(leaderEpoch: number): EpochEnd {
    this.assertServing();
    return this.epochs.endOf(leaderEpoch, this.offsets.logEnd, this.leaderEpoch);
  }

  epochAt(offset: number): number {
    const { logEnd } = this.offsets;
    return offset >= logEnd ? this.leaderEpoch : this.epochs.epochOf(offset);
  }

  knownProducers(): Iterable<KnownProducer> {
    return this.producers.known();
  }

  // --- deleting, rolling, flushing ---

  deleteBefore(offset: number): Promise<number> {
    return this.changeSegments(() => deleteBefore(this, offset));
  }

  /**
   * Runs what takes segments off the list, or replaces them: one after another. Rejects LOG_CLOSED
   * when a close has begun.
   */
  async changeSegments<Result>(change: () => Promise<Result>): Promise<Result> {
    this.assertTaking();
    const changed = this.#changing.then(() => {
      this.assertServing();
      return change();
    });
    this.#changing = changed.then(
      () => {},
      () => {},
    );
    return changed;
  }

  truncateTo(offset: number, options: TruncateOptions = {}): Promise<void> {
    return this.#changeEnd(() => truncateLog(this, offset, options));
  }

  beginAt(offset: number): Promise<void> {
    return this.#changeEnd(() => beginAnew(this, offset));
  }

  /**
   * Runs what moves the log end. Appends wait: what they wrote meanwhile would be cut off with the
   * rest.
   */
  async #changeEnd(change: () => Promise<void>): Promise<void> {
    this.assertTaking();
    const before = this.#changing;
    const changed = this.#queue.take(async () => {
      await before;
      this.assertServing();
      this.checkpoint.pause();
      try {
        await change();
      } finally {
        this.checkpoint.resume();
      }
      return { appended: Promise.resolve() };
    });
    this.#changing = changed.catch(() => {});
    await changed;
  }

  async applyRetention(): Promise<{ segments: number; bytes: number }> {
    this.assertTaking();
    await readTimesForRetention(this);
    return this.changeSegments(() => retain(this));
  }

  async compact(): Promise<CompactionResult> {
    this.assertTaking();
    return this.compaction.run();
  }

  async roll(): Promise<void> {
    this.assertServing();
    await this.writer.settled();
    this.assertServing();
    const active = this.segments.active;
    if (!active || active.size === 0 || !this.writer.isIdle) return;
    try {
      rollSegment(this, active);
    } catch (error) {
      throw storageError(this.context.directory, `cannot start a segment in ${this.folder}`, error);
    }
  }

  async flush(): Promise<void> {
    this.assertServing();
    await this.#queue.passed();
    await this.writer.settled();
    await this.context.syncRounds.flush([this]);
    this.assertServing();
  }

  async scrub(): Promise<ScrubResult> {
    this.assertServing();
    return scrubLog(this);
  }

  // --- the end ---

  /**
   * First half of a close: appends under way are finished, and the next checkpoint will cover them
   * and save all indexes.
   */
  async prepareClose(): Promise<void> {
    if (this.#failure) return;
    this.#closing = this.#closedError();
    this.#refusal = this.#closing;
    this.compaction.stop();
    await this.compaction.settled();
    await this.#queue.emptied();
    await this.#changing;
    await this.writer.settled();
    const active = this.segments.active;
    if (!active) return;
    const areSaved = active.saves.missing(active.noted.indexes) < LIMITS.indexEntriesLeftUnsaved;
    if (this.offsets.written.offset === this.checkpoint.offset && areSaved) return;
    if (!areSaved && !this.sealing.has(active)) this.sealing.add(active);
    this.context.checkpoints.markDirty(this);
  }

  /** Second half, once that checkpoint was written: nothing is served any more. */
  async finishClose(): Promise<void> {
    this.fail(this.#closedError());
    // Its jobs know the folder by name, which may soon be another's.
    await this.compaction.settled();
    await this.writer.settled();
    const work = this.context.slices.begin();
    for (const segment of this.segments.all()) {
      this.context.indexCache.forget(segment);
      await segment.saves.settled();
      await segment.file.close();
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    for (const file of this.unsynced.files) await file.close();
  }

  #closedError(): EngineError {
    return new EngineError('LOG_CLOSED', `${this.name.topic}-${this.name.partition} is closed`);
  }

  /** Everything that waits, and everything that comes, gets this error. */
  fail(error: EngineError): void {
    if (this.#failure) return;
    this.#failure = error;
    this.checkpoint.invalidate();
    this.compaction.stop();
    this.context.cleaner.forget(this.compaction);
    this.unsynced.stop();
    this.context.checkpoints.forget(this);
    this.durableWaiters.rejectFrom(-1, error);
    this.watermark.end();
  }
}

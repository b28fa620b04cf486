import type { Timestamp } from '../batch/timestamp.js';
import type { LeaderAppends } from './append/leader-appends.js';
import { ORIGINS } from './append/origin.js';
import { beginAnew } from './change/begin-anew.js';
import { findCut } from './change/cut-place.js';
import { deleteBefore } from './change/delete-before.js';
import { truncateLog } from './change/truncate.js';
import type { LogSettings } from './log-settings.js';
import { type LogOrigin, LogState } from './log-state.js';
import type {
  Appended,
  AppendOrigin,
  KnownProducer,
  LogEpochs,
  LogLayout,
  LogMaintenance,
  LogWatermark,
  PartitionLog,
  PartitionName,
  ReadRequest,
  ReadResult,
  TimestampLookup,
  TruncateOptions,
} from './partition-log.js';
import { readLog } from './read/read.js';
import { largestTimestamp, lookupTimestamp } from './read/timestamp-lookup.js';
import { warmForRead } from './read/warm-read.js';
import type { LogContext } from './shared/log-context.js';

/**
 * One partition's log; see `PartitionLog` for what each method promises. Its rooms do the work:
 * this hands each call to its owner.
 */
export class Log implements PartitionLog {
  /** For the directory, which closes logs and deletes them. */
  readonly state: LogState;
  readonly #leader: LeaderAppends;

  constructor(context: LogContext, origin: LogOrigin) {
    const state = new LogState(context, origin);
    this.state = state;
    this.#leader = state.leader;
  }

  get name(): PartitionName {
    return this.state.name;
  }
  get epochs(): LogEpochs {
    return this.state.leadership;
  }
  get watermark(): LogWatermark {
    return this.state.watermark;
  }
  get maintenance(): LogMaintenance {
    return this.state.maintenance;
  }
  get layout(): LogLayout {
    return this.state.layout;
  }
  get settings(): LogSettings {
    return this.state.settings;
  }
  get logStartOffset(): number {
    return this.state.offsets.logStart;
  }
  get logEndOffset(): number {
    return this.state.offsets.logEnd;
  }
  get highWatermark(): number {
    return this.state.offsets.highWatermark.offset;
  }
  get lastStableOffset(): number {
    return this.state.offsets.lastStable;
  }
  get durableEndOffset(): number {
    return this.state.offsets.durable.offset;
  }
  get sizeBytes(): number {
    return this.state.segments.sizeBytes;
  }

  updateSettings(settings: LogSettings): void {
    this.state.updateSettings(settings);
  }

  append(
    batch: Buffer,
    origin: AppendOrigin = 'client',
    expectedOffset: number | null = null,
  ): Promise<Appended> {
    const rules = ORIGINS[origin];
    return rules.place
      ? this.state.follower.append(batch)
      : this.#leader.append(batch, rules, expectedOffset);
  }

  refused(header: Buffer): void {
    this.#leader.expectAgain(header);
  }

  async flush(): Promise<void> {
    const { life, queue, staging, durability } = this.state;
    life.assertServing();
    await queue.passed();
    await staging.writer.settled();
    await durability.flush();
    life.assertServing();
  }

  read(request: ReadRequest): ReadResult {
    return readLog(this.state, request);
  }

  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    return warmForRead(this.state, request, isWanted);
  }

  async offsetForTimestamp(timestampMs: Timestamp): Promise<TimestampLookup | null> {
    this.state.life.assertServing();
    return lookupTimestamp(this.state, timestampMs);
  }

  async offsetOfLargestTimestamp(): Promise<TimestampLookup | null> {
    this.state.life.assertServing();
    return largestTimestamp(this.state);
  }

  knownProducers(): Iterable<KnownProducer> {
    return this.state.producers.known();
  }

  deleteBefore(offset: number): Promise<number> {
    const state = this.state;
    return state.changes.run(() => deleteBefore(state, offset));
  }

  truncateTo(offset: number, options: TruncateOptions = {}): Promise<void> {
    const state = this.state;
    return state.changes.runAtEnd(async () => {
      const cut = await findCut(state, state.producers, offset, options);
      if (cut !== null) await truncateLog(state, cut);
      return cut !== null;
    });
  }

  beginAt(offset: number): Promise<void> {
    const state = this.state;
    return state.changes.runAtEnd(async () => {
      await beginAnew(state, offset);
      return true;
    });
  }
}

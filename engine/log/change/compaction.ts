import type { CatalogChange } from '../../catalog/catalog.js';
import { hasErrno } from '../../disk/errno.js';
import { storageError } from '../../disk/storage-error.js';
import { EngineError } from '../../errors.js';
import { reasonOf } from '../../foreign-errors.js';
import { LIMITS } from '../../limits.js';
import { type ByteMeter, UNTOLD } from '../../log-progress.js';
import type { CompactedLog } from '../../maintenance/cleaner.js';
import { type CompactionPlan, isCompactionDue } from '../../maintenance/compaction-policy.js';
import type { BadBatch } from '../../maintenance/job-runner.js';
import type { ActiveSegment } from '../append/active-segment.js';
import { cleanedKey } from '../durability/log-records.js';
import type { LogSettings } from '../log-settings.js';
import type { CompactionResult, PartitionName } from '../partition-log.js';
import { repairAdvice } from '../segments/repair-advice.js';
import { SETTLED } from '../segments/settled.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { Changes } from './changes.js';
import type { CompactionPass } from './compaction-pass.js';
import type { CompactionPlans } from './compaction-plan.js';

/** A log that is compacted. */
export interface CompactingLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly life: LogLife;
  readonly active: ActiveSegment;
  readonly changes: Changes;
  readonly plans: CompactionPlans;
}

const NOTHING: CompactionResult = { passes: 0, recordsRemoved: 0, bytesRemoved: 0 };

/** Error codes of the disk. */
const DISK_ERRORS = ['EIO', 'ENOSPC', 'EDQUOT', 'EMFILE', 'ENFILE'];

/** The compaction of one log: when it is due, one pass at a time, and how far it has come. */
export class Compaction implements CompactedLog {
  readonly #log: CompactingLog;
  #cleanedOffset: number;
  /** Set to end the pass that runs; made by the first one. */
  #stop: SharedArrayBuffer | null = null;
  #isStopped = false;
  #running: Promise<unknown> = SETTLED;
  #isRunning = false;
  /** Why the log is not compacted any more until it is opened again. */
  #refusal: string | null = null;
  /** The end of the compactable segments when a pass got no further. */
  #stuckAt = -1;
  #saidFailure = '';
  /** Monotonic time before which no pass begins, after a failure. */
  #retryAtMs = Number.NEGATIVE_INFINITY;

  constructor(log: CompactingLog, cleanedOffset: number) {
    this.#log = log;
    this.#cleanedOffset = cleanedOffset;
  }

  /** Everything below was compacted (exclusive). */
  get cleanedOffset(): number {
    return this.#cleanedOffset;
  }

  /** The changes of the catalog for a log that is cut at `endOffset`. */
  changesAt(endOffset: number): CatalogChange[] {
    // New records at these offsets were never compacted.
    if (this.#cleanedOffset <= endOffset) return [];
    return [{ key: cleanedKey(this.#log.name), value: endOffset }];
  }

  /**
   * The log was cut at `endOffset`: new records at these offsets are dirty. The caller writes that
   * to the catalog.
   */
  truncated(endOffset: number): void {
    this.#cleanedOffset = Math.min(this.#cleanedOffset, endOffset);
    this.#stuckAt = -1;
  }

  async compactionNeed(): Promise<number | null> {
    const log = this.#log;
    if (this.#isRunning || this.#refusal !== null || log.life.hasEnded) return null;
    if (log.context.clock.monotonicMs() < this.#retryAtMs) return null;
    try {
      if (this.#log.plans.oldestDirtyIsActive(this.#cleanedOffset)) return Number.POSITIVE_INFINITY;
      const plan = await this.#plan();
      if (plan === null || !isCompactionDue(plan, log.settings.minCleanableDirtyRatio)) return null;
      return plan.isOverdue ? Number.POSITIVE_INFINITY : plan.dirtyRatio;
    } catch (error) {
      // A timestamp could not be read.
      this.#sayFailure(error);
      return null;
    }
  }

  async #plan(): Promise<CompactionPlan | null> {
    const plan = await this.#log.plans.from(this.#cleanedOffset);
    return plan === null || plan.endOffset === this.#stuckAt ? null : plan;
  }

  async compactOnce(): Promise<boolean> {
    const before = this.#cleanedOffset;
    try {
      await this.#exclusively(() => this.#pass(UNTOLD));
      this.#saidFailure = '';
    } catch (error) {
      this.#sayFailure(this.#failureOf(error));
    }
    return this.#cleanedOffset > before;
  }

  /** Compacts now, as `PartitionLog.compact` promises. */
  async run(meter: ByteMeter): Promise<CompactionResult> {
    this.#log.life.assertTaking();
    let result = NOTHING;
    try {
      await this.#exclusively(async () => {
        for (let before = -1; before < this.#cleanedOffset && this.#refusal === null; ) {
          before = this.#cleanedOffset;
          const pass = await this.#pass(meter);
          result = {
            passes: result.passes + pass.passes,
            recordsRemoved: result.recordsRemoved + pass.recordsRemoved,
            bytesRemoved: result.bytesRemoved + pass.bytesRemoved,
          };
        }
      });
    } catch (error) {
      throw this.#failureOf(error);
    }
    if (this.#refusal !== null) throw new EngineError('CORRUPT_BATCH', this.#refusal);
    return result;
  }

  /**
   * Passes of a log run one after another, and those of all logs only as the memory for keys
   * allows.
   */
  #exclusively(work: () => Promise<unknown>): Promise<unknown> {
    return this.#log.context.cleaner.admit(async () => {
      while (this.#isRunning) await this.#running;
      this.#log.life.assertTaking();
      this.#isRunning = true;
      const running = work().finally(() => {
        this.#isRunning = false;
      });
      this.#running = running.catch(() => {});
      return running;
    });
  }

  async #pass(meter: ByteMeter): Promise<CompactionResult> {
    const log = this.#log;
    const { context } = log;
    log.life.assertTaking();
    if (this.#log.plans.oldestDirtyIsActive(this.#cleanedOffset)) await log.active.roll();
    const plan = await this.#plan();
    if (plan === null) return NOTHING;
    const startedMs = context.clock.monotonicMs();
    this.#stop ??= new SharedArrayBuffer(4);
    if (this.#isStopped) this.stop();
    const pass = this.#log.plans.pass(plan, this.#stop);
    const end = await pass.run(meter);
    if (end.bad !== null) this.#refuse(end.bad);
    if (end.bad !== null || end.cleanedOffset === null) return pass.result;
    if (end.cleanedOffset <= plan.firstDirtyOffset) {
      this.#stuckAt = plan.endOffset;
      return pass.result;
    }
    await this.#advance(end.cleanedOffset, pass);
    context.counters.compactions++;
    const { recordsRemoved, bytesRemoved } = pass.result;
    context.logger.info(
      {
        topic: log.name.topic,
        partition: log.name.partition,
        upToOffset: this.#cleanedOffset,
        keys: end.keys,
        segments: pass.segmentsBefore,
        segmentsNow: pass.segmentsAfter,
        recordsRemoved,
        bytesRemoved,
        ms: Math.round(context.clock.monotonicMs() - startedMs),
      },
      'log compacted',
    );
    return pass.result;
  }

  async #advance(cleanedOffset: number, pass: CompactionPass): Promise<void> {
    const { context, name, changes } = this.#log;
    await changes.run(async () => {
      // After a truncation there may be other records at these offsets.
      if (pass.isOutdated) return;
      await context.catalog.write([{ key: cleanedKey(name), value: cleanedOffset }]);
      this.#cleanedOffset = cleanedOffset;
    });
  }

  #refuse({ segmentBase, position, offset, reason }: BadBatch): void {
    const log = this.#log;
    const { topic, partition } = log.name;
    this.#refusal = `${topic}-${partition} is not compacted any more: in the segment of base offset ${segmentBase} the batch at byte ${position} is bad: ${reason}; ${repairAdvice(log.folder)}`;
    log.context.counters.compactionsStopped++;
    log.context.logger.error(
      { topic, partition, segment: segmentBase, position, offset, reason },
      `compaction met a bad batch: this log is served as it is and not compacted any more until it is opened again; ${repairAdvice(log.folder)}`,
    );
  }

  /**
   * The meaning of a job's error: a failing disk takes the directory offline, any other error
   * concerns only this log.
   */
  #failureOf(error: unknown): unknown {
    const log = this.#log;
    if (hasErrno(error, 'ABORTED')) {
      return new EngineError('LOG_CLOSED', `${log.folder} was closed while it was compacted`);
    }
    const isOfDisk = DISK_ERRORS.some((code) => hasErrno(error, code));
    return isOfDisk
      ? storageError(log.context.directory, `cannot compact ${log.folder}`, error)
      : error;
  }

  /**
   * The log is as it was, and its compaction is tried again after a while. Logged once, not every
   * time.
   */
  #sayFailure(error: unknown): void {
    const { context, name, life } = this.#log;
    if (life.hasEnded || hasErrno(error, 'LOG_CLOSED') || hasErrno(error, 'STORAGE_OFFLINE'))
      return;
    context.counters.compactionsFailed++;
    this.#retryAtMs = context.clock.monotonicMs() + LIMITS.compactionRetryMs;
    const reason = reasonOf(error);
    if (reason === this.#saidFailure) return;
    this.#saidFailure = reason;
    context.logger.warn(
      { topic: name.topic, partition: name.partition, reason },
      'a log could not be compacted: it is as it was, and is tried again in five minutes',
    );
  }

  /** Ends a running pass soon. No pass begins any more. */
  stop(): void {
    this.#isStopped = true;
    if (this.#stop) Atomics.store(new Int32Array(this.#stop), 0, 1);
  }

  /** Resolves when no pass runs any more. */
  async settled(): Promise<void> {
    while (this.#isRunning) await this.#running;
  }
}

import { hasErrno } from '../../disk/errno.js';
import type { ByteMeter } from '../../log-progress.js';
import type { CompactionPlan } from '../../maintenance/compaction-policy.js';
import type { BadBatch, RewriteOutput } from '../../maintenance/job-runner.js';
import type { Durability } from '../durability/durability.js';
import type { CompactionResult } from '../partition-log.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Changes } from './changes.js';
import type { CompactionJobs } from './compaction-jobs.js';
import { eachSealed, type Source } from './compaction-sources.js';
import type { Retirement } from './retire.js';
import { swapSegments } from './swap-segments.js';

/** A log that a pass goes over. */
export interface PassedLog {
  readonly context: LogContext;
  readonly folder: string;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly durability: Durability;
  readonly changes: Changes;
  readonly retirement: Retirement;
}

/** How a pass ended. */
export interface PassEnd {
  /**
   * How far the log is compacted now, exclusive; null when a segment went away meanwhile, and the
   * pass was given up.
   */
  readonly cleanedOffset: number | null;
  readonly keys: number;
  readonly bad: BadBatch | null;
}

/**
 * One pass over a log:
 *
 * 1. it waits for a checkpoint behind all segments that will be replaced: recovery must find every
 *    file that a checkpoint names;
 * 2. a job notes the last offset of each key in the dirty segments, as far as its memory goes;
 * 3. group by group, oldest first, a job rewrites the segments below that offset, and the result is
 *    published before the next group is begun: so a tombstone is removed only after all records
 *    that it deletes are, durably.
 *
 * Segments are looked at again before each step that changes something: truncation and retention go
 * on meanwhile.
 */
export class CompactionPass {
  readonly #log: PassedLog;
  readonly #plan: CompactionPlan;
  readonly #jobs: CompactionJobs;
  /** The generation of the log's checkpoints: another one means that the log was cut. */
  readonly #generation: number;
  segmentsBefore = 0;
  segmentsAfter = 0;
  #recordsRemoved = 0;
  #bytesRemoved = 0;

  constructor(log: PassedLog, plan: CompactionPlan, jobs: CompactionJobs) {
    this.#log = log;
    this.#plan = plan;
    this.#jobs = jobs;
    this.#generation = log.durability.checkpoint.generation;
  }

  /** Whether the log was cut since the pass began: its offsets may be wrong then. */
  get isOutdated(): boolean {
    return this.#log.durability.checkpoint.generation !== this.#generation;
  }

  get result(): CompactionResult {
    return { passes: 1, recordsRemoved: this.#recordsRemoved, bytesRemoved: this.#bytesRemoved };
  }

  /** `meter` is told of what is looked for keys, and of what is written anew. */
  async run(meter: ByteMeter): Promise<PassEnd> {
    const log = this.#log;
    const givenUp: PassEnd = { cleanedOffset: null, keys: 0, bad: null };
    await this.#checkpoint();
    const { firstDirtyOffset } = this.#plan;
    const sources: Source[] = [];
    const dirty: Source[] = [];
    await eachSealed(log, (source) => {
      if (!this.#isCovered(source)) return false;
      if (source.endOffset > log.offsets.logStart) sources.push(source);
      if (source.endOffset > Math.max(firstDirtyOffset, log.offsets.logStart)) dirty.push(source);
      return true;
    });
    if (dirty.length === 0) return givenUp;
    this.segmentsBefore = sources.length;
    try {
      meter.expects(bytesOf(dirty));
      const { keys, bad, endOffset } = await this.#jobs.mapKeys(dirty);
      meter.did(bytesOf(dirty));
      // A file that was cut meanwhile ends where it should not.
      if (bad !== null) return this.#areLive(dirty) ? { cleanedOffset: null, keys, bad } : givenUp;
      if (endOffset <= firstDirtyOffset) return { cleanedOffset: endOffset, keys, bad };
      await this.#jobs.noteProducers();
      const rewritable = sources.filter(({ baseOffset }) => baseOffset < endOffset);
      meter.expects(bytesOf(rewritable));
      for (const group of this.#jobs.groups(rewritable)) {
        if (!this.#areLive(group)) return givenUp;
        const bytes = bytesOf(group);
        const made = await this.#jobs.rewrite(group, endOffset);
        if (made.bad !== null) {
          return this.#areLive(group) ? { cleanedOffset: null, keys, bad: made.bad } : givenUp;
        }
        if (made.isChanged && !(await this.#publish(group, made))) return givenUp;
        this.segmentsAfter++;
        meter.did(bytes);
      }
      return { cleanedOffset: endOffset, keys, bad: null };
    } catch (error) {
      // A job may have looked for a file that retention took away.
      if (hasErrno(error, 'ENOENT') && !this.#areLive(sources)) return givenUp;
      throw error;
    }
  }

  /** Whether a segment belongs to the plan, and is durable, with all segments before it. */
  #isCovered({ endOffset }: Source): boolean {
    const { durability, offsets } = this.#log;
    return (
      endOffset <= this.#plan.endOffset &&
      endOffset <= durability.checkpoint.segmentBase &&
      endOffset <= offsets.durable.offset
    );
  }

  async #checkpoint(): Promise<void> {
    const { durability, life } = this.#log;
    if (durability.checkpoint.segmentBase >= this.#plan.endOffset) return;
    await durability.checkpointed();
    life.assertTaking();
  }

  /** False, with the output removed, when the sources have changed. */
  async #publish(group: readonly Source[], made: RewriteOutput): Promise<boolean> {
    let isPublished = false;
    try {
      isPublished = await this.#swap(group, made);
    } finally {
      if (!isPublished) await this.#jobs.discard(group);
    }
    return isPublished;
  }

  #swap(group: readonly Source[], made: RewriteOutput): Promise<boolean> {
    const log = this.#log;
    return log.changes.run(async () => {
      if (!this.#areLive(group)) return false;
      await log.durability.marks.takesGap();
      const before = group.reduce((sum, { segment }) => sum + segment.size, 0);
      await swapSegments(
        log,
        group.map(({ segment }) => segment),
        made,
      );
      this.#recordsRemoved += made.recordsBefore - made.recordsAfter;
      this.#bytesRemoved += before - made.sizeBytes;
      log.context.counters.recordsCompacted += made.recordsBefore - made.recordsAfter;
      log.context.counters.bytesCompacted += before;
      return true;
    });
  }

  /**
   * Whether these segments are in the log as they were when the pass began, and nothing was cut off
   * behind them: then the map still holds.
   */
  #areLive(group: readonly Source[]): boolean {
    const { segments, durability } = this.#log;
    const isLive = ({ segment, cuts }: Source): boolean =>
      segments.floor(segment.baseOffset) === segment && segment.cuts === cuts;
    return (
      !this.isOutdated &&
      group.every(isLive) &&
      group.at(-1)!.endOffset <= durability.checkpoint.segmentBase
    );
  }
}

function bytesOf(sources: readonly Source[]): number {
  return sources.reduce((sum, { segment }) => sum + segment.writtenSize, 0);
}

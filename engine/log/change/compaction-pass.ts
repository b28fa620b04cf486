import { join } from 'node:path';
import { timestampNumber } from '../../batch/timestamp.js';
import { hasErrno } from '../../disk/errno.js';
import { SEGMENT_FILE_KINDS, segmentFileName } from '../../disk/file-names.js';
import { LIMITS } from '../../limits.js';
import {
  type CompactionPlan,
  CompactionPlanning,
  type CompactionSegment,
  groupSegments,
} from '../../maintenance/compaction-policy.js';
import type {
  BadBatch,
  CompactionInput,
  RewriteOutput,
  SourceSegment,
} from '../../maintenance/job-runner.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { KeyMap } from '../../maintenance/key-map.js';
import type { LogWriter } from '../append/log-writer.js';
import type { CompactionResult } from '../partition-log.js';
import { orderOf } from '../segments/header-order.js';
import type { Segment } from '../segments/segment.js';
import { TimesAhead } from '../segments/times-ahead.js';
import { readFirstTimestamp } from '../segments/wake-segment.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { ChangingLog } from './changing-log.js';
import { knownNewestMs } from './retain.js';
import { swapSegments } from './swap-segments.js';

/** A log that is compacted. */
export interface CompactingLog extends ChangingLog {
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Readers of what is committed end there. */
  readonly lastStableOffset: number;
  /** Throws as `assertServing`, and LOG_CLOSED once a close has begun. */
  assertTaking(): void;
  /** Offsets may be left out from now on: known durably when it resolves. */
  readonly marks: { takesGap(): Promise<void> };
}

/** A live segment with its end. */
interface Source extends CompactionSegment {
  readonly segment: Segment;
  /** How often it was cut when the pass began. */
  readonly cuts: number;
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
 * What there is to compact in a log of which everything below `cleanedOffset` was; null when
 * nothing. In slices.
 */
export async function planOf(
  log: CompactingLog,
  cleanedOffset: number,
): Promise<CompactionPlan | null> {
  const { offsets, settings, context } = log;
  const { minCompactionLagMs, maxCompactionLagMs } = settings;
  const planning = new CompactionPlanning({
    cleanedOffset,
    // The checkpoint that a pass begins with makes it durable, too.
    boundOffset: Math.min(log.lastStableOffset, offsets.highWatermark.offset),
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
 * Whether the active segment must be rolled, because what is in it has waited for longer than
 * `max.compaction.lag.ms`.
 */
export function oldestDirtyIsActive(log: CompactingLog, cleanedOffset: number): boolean {
  const { maxCompactionLagMs } = log.settings;
  const active = log.segments.active;
  if (maxCompactionLagMs === Number.POSITIVE_INFINITY || !active || active.size === 0) return false;
  if (log.offsets.logEnd <= cleanedOffset || !log.writer.isIdle) return false;
  return firstMs(active) < log.context.clock.wallMs() - maxCompactionLagMs;
}

/**
 * Calls `look` for each segment but the active one, oldest first, in slices, until that returns
 * false.
 */
async function eachSealed(
  log: CompactingLog,
  look: (source: Source) => boolean | Promise<boolean>,
): Promise<void> {
  const work = log.context.slices.begin();
  let segment = log.segments.first;
  while (segment) {
    const current: Segment = segment;
    const next = log.segments.after(current);
    if (next === undefined) return;
    const looked = look(sourceOf(current, next.baseOffset));
    if (!(typeof looked === 'boolean' ? looked : await looked)) return;
    const pause = work.did(1);
    if (pause !== null) await pause;
    segment = log.segments.after(current);
  }
}

function sourceOf(segment: Segment, endOffset: number): Source {
  return {
    segment,
    cuts: segment.cuts,
    baseOffset: segment.baseOffset,
    endOffset,
    sizeBytes: segment.size,
    newestMs: () => knownNewestMs(segment) ?? Number.POSITIVE_INFINITY,
    firstMs: () => firstMs(segment),
  };
}

function firstMs(segment: Segment): number {
  if (segment.noted.firstTimestampMs < 0 && segment.writtenSize > 0) {
    readFirstTimestamp(segment, segment.writtenSize);
  }
  const { firstTimestampMs } = segment.noted;
  return firstTimestampMs >= 0 ? timestampNumber(firstTimestampMs) : segment.age.createdMs;
}

/**
 * One pass over a log:
 *
 * 1. a checkpoint behind everything that is to be replaced: recovery must not miss a file that it
 *    names;
 * 2. a job notes the last offset of each key in what is dirty, as far as its memory goes;
 * 3. group by group, oldest first, a job rewrites what is below that, and the result is published
 *    before the next is begun: so a tombstone goes only after, durably, everything that it deletes.
 *
 * Segments are looked at again before each step that changes something: truncation and retention go
 * on meanwhile.
 */
export class CompactionPass {
  readonly #log: CompactingLog;
  readonly #plan: CompactionPlan;
  readonly #stop: SharedArrayBuffer;
  /** Of the log's checkpoints: another one means that the log was cut. */
  readonly #generation: number;
  segmentsBefore = 0;
  segmentsAfter = 0;
  /**
   * As they were at some time of the pass: a batch that was a producer's newest is kept though
   * another has come since.
   */
  #newestOffsets: Float64Array = new Float64Array();
  #recordsRemoved = 0;
  #bytesRemoved = 0;

  constructor(log: CompactingLog, plan: CompactionPlan, stop: SharedArrayBuffer) {
    this.#log = log;
    this.#plan = plan;
    this.#stop = stop;
    this.#generation = log.checkpoint.generation;
  }

  /**
   * Whether the log was cut since the pass began: what it knows of offsets may not hold any more.
   */
  get isOutdated(): boolean {
    return this.#log.checkpoint.generation !== this.#generation;
  }

  get result(): CompactionResult {
    return { passes: 1, recordsRemoved: this.#recordsRemoved, bytesRemoved: this.#bytesRemoved };
  }

  async run(): Promise<PassEnd> {
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
      const input = this.#inputFor(dirty);
      const mapped = await log.context.jobs.run('mapKeys', {
        ...input,
        fromOffset: firstDirtyOffset,
      });
      const { keys, bad, endOffset } = mapped;
      // A file that was cut meanwhile ends where it should not.
      if (bad !== null) return this.#areLive(dirty) ? { cleanedOffset: null, keys, bad } : givenUp;
      if (endOffset <= firstDirtyOffset) return { cleanedOffset: endOffset, keys, bad };
      this.#newestOffsets = await newestOffsets(log);
      const rewritable = sources.filter(({ baseOffset }) => baseOffset < endOffset);
      for (const group of groupSegments(rewritable, log.settings)) {
        if (!this.#areLive(group)) return givenUp;
        const made = await this.#rewrite(group, input, endOffset);
        if (made.bad !== null) {
          return this.#areLive(group) ? { cleanedOffset: null, keys, bad: made.bad } : givenUp;
        }
        if (made.isChanged && !(await this.#publish(group, made))) return givenUp;
        this.segmentsAfter++;
      }
      return { cleanedOffset: endOffset, keys, bad: null };
    } catch (error) {
      // A job may have looked for a file that retention took away.
      if (hasErrno(error, 'ENOENT') && !this.#areLive(sources)) return givenUp;
      throw error;
    }
  }

  /** Whether a segment is of the plan, and durable, with all before it. */
  #isCovered({ endOffset }: Source): boolean {
    const { checkpoint, offsets } = this.#log;
    return (
      endOffset <= this.#plan.endOffset &&
      endOffset <= checkpoint.segmentBase &&
      endOffset <= offsets.durable.offset
    );
  }

  async #checkpoint(): Promise<void> {
    const { checkpoint, context, checkpointTarget } = this.#log;
    if (checkpoint.segmentBase >= this.#plan.endOffset) return;
    context.checkpoints.markDirty(checkpointTarget);
    await context.checkpoints.run();
    this.#log.assertTaking();
  }

  #inputFor(dirty: readonly Source[]): CompactionInput {
    const { options } = this.#log.context.cleaner;
    const { loadFactor } = options;
    const share = Math.max(1, options.threads);
    const keysMax = dirty.at(-1)!.endOffset - this.#plan.firstDirtyOffset;
    const bytesMax = Math.floor(options.mapBytes / share);
    return {
      sources: dirty.map((source) => this.#jobSource(source)),
      map: new SharedArrayBuffer(KeyMap.bytesFor(keysMax, loadFactor, bytesMax)),
      loadFactor,
      bytesPerSecond: options.bytesPerSecond / share,
      stop: this.#stop,
    };
  }

  #rewrite(
    group: readonly Source[],
    input: CompactionInput,
    mapEndOffset: number,
  ): Promise<RewriteOutput> {
    const { context, folder, settings, offsets } = this.#log;
    return context.jobs.run('rewriteSegments', {
      ...input,
      sources: group.map((source) => this.#jobSource(source)),
      folder,
      mapEndOffset,
      logStartOffset: offsets.logStart,
      nowMs: context.clock.wallMs(),
      deleteRetentionMs: settings.deleteRetentionMs,
      indexIntervalBytes: settings.indexIntervalBytes,
      producers: this.#newestOffsets,
    });
  }

  /** False, with the output removed, when the sources are not what they were. */
  async #publish(group: readonly Source[], made: RewriteOutput): Promise<boolean> {
    let isPublished = false;
    try {
      isPublished = await this.#swap(group, made);
    } finally {
      if (!isPublished) await this.#discard(group);
    }
    return isPublished;
  }

  #swap(group: readonly Source[], made: RewriteOutput): Promise<boolean> {
    const log = this.#log;
    return log.changeSegments(async () => {
      if (!this.#areLive(group)) return false;
      await log.marks.takesGap();
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
   * Whether these segments are the log's, as they were when the pass began, and nothing was cut off
   * behind them: what the map says still holds.
   */
  #areLive(group: readonly Source[]): boolean {
    const { segments, checkpoint } = this.#log;
    const isLive = ({ segment, cuts }: Source): boolean =>
      segments.floor(segment.baseOffset) === segment && segment.cuts === cuts;
    return (
      !this.isOutdated && group.every(isLive) && group.at(-1)!.endOffset <= checkpoint.segmentBase
    );
  }

  #jobSource({ segment, endOffset }: Source): SourceSegment {
    const { file, writtenSize } = segment;
    return { ...orderOf(this.#log, segment, endOffset), path: file.path, sizeBytes: writtenSize };
  }

  async #discard(group: readonly Source[]): Promise<void> {
    const { context, folder } = this.#log;
    const { baseOffset } = group[0]!;
    const paths = SEGMENT_FILE_KINDS.map((kind) =>
      join(folder, segmentFileName(baseOffset, kind, 'cleaned')),
    );
    // What is left is removed by the next attempt, or the next open.
    await unlinkFiles(context.disk, { paths }).catch(() => {});
  }
}

/** Of each producer its id and the last offset of its newest batch, one after another. */
async function newestOffsets({ producers, context }: CompactingLog): Promise<Float64Array> {
  const work = context.slices.begin();
  const found: number[] = [];
  for (const page of producers.pages.all()) {
    for (const { id, batches } of page.producers) {
      if (batches.length > 0) found.push(id, batches.at(-1)!.lastOffset);
    }
    const pause = work.did(page.producers.length);
    if (pause !== null) await pause;
  }
  return Float64Array.from(found);
}

import { join } from 'node:path';
import { SEGMENT_FILE_KINDS, segmentFileName } from '../../disk/file-names.js';
import { type CompactionPlan, groupSegments } from '../../maintenance/compaction-policy.js';
import type {
  CompactionInput,
  Jobs,
  RewriteOutput,
  SourceSegment,
} from '../../maintenance/job-runner.js';
import { unlinkFiles } from '../../maintenance/jobs/unlink.js';
import { KeyMap } from '../../maintenance/key-map.js';
import type { LogSettings } from '../log-settings.js';
import { orderOf } from '../segments/header-order.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { Source } from './compaction-sources.js';

/** The log that jobs are told of. */
export interface RewrittenLog {
  readonly context: LogContext;
  readonly folder: string;
  readonly settings: LogSettings;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
}

/** The jobs of one pass of compaction on threads: paths and numbers go in, numbers come out. */
export class CompactionJobs {
  readonly #log: RewrittenLog;
  readonly #plan: CompactionPlan;
  readonly #stop: SharedArrayBuffer;
  #input: CompactionInput | null = null;
  /**
   * As they were at some time of the pass: a batch that was a producer's newest is kept although a
   * newer one has come since.
   */
  #newestOffsets: Float64Array = new Float64Array();

  /** `stop`: set to end a job that runs. */
  constructor(log: RewrittenLog, plan: CompactionPlan, stop: SharedArrayBuffer) {
    this.#log = log;
    this.#plan = plan;
    this.#stop = stop;
  }

  /** Notes the last offset of each key in the dirty segments, as far as the memory goes. */
  mapKeys(dirty: readonly Source[]): Promise<Jobs['mapKeys']['output']> {
    this.#input = this.#inputFor(dirty);
    return this.#log.context.jobs.run('mapKeys', {
      ...this.#input,
      fromOffset: this.#plan.firstDirtyOffset,
    });
  }

  /** The groups of segments that are rewritten to one segment each, oldest first. */
  groups(rewritable: readonly Source[]): ReturnType<typeof groupSegments<Source>> {
    return groupSegments(rewritable, this.#log.settings);
  }

  /** Notes the newest batch of each producer, which is kept. In slices. */
  async noteProducers(): Promise<void> {
    this.#newestOffsets = await newestOffsets(this.#log);
  }

  /** Rewrites the records of a group below `mapEndOffset`, by the keys that were mapped. */
  rewrite(group: readonly Source[], mapEndOffset: number): Promise<RewriteOutput> {
    const { context, folder, settings, offsets } = this.#log;
    return context.jobs.run('rewriteSegments', {
      ...this.#input!,
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

  /** Removes the output of a rewrite of the group. Does not reject. */
  async discard(group: readonly Source[]): Promise<void> {
    const { context, folder } = this.#log;
    const { baseOffset } = group[0]!;
    const paths = SEGMENT_FILE_KINDS.map((kind) =>
      join(folder, segmentFileName(baseOffset, kind, 'cleaned')),
    );
    // The next attempt, or the next open, removes the rest.
    await unlinkFiles(context.disk, { paths }).catch(() => {});
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

  #jobSource({ segment, endOffset }: Source): SourceSegment {
    const { file, writtenSize } = segment;
    return { ...orderOf(this.#log, segment, endOffset), path: file.path, sizeBytes: writtenSize };
  }
}

/** The id of each producer and the last offset of its newest batch, one pair after another. */
async function newestOffsets({ producers, context }: RewrittenLog): Promise<Float64Array> {
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

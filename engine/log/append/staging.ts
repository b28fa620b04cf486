import {
  baseSequence,
  lastOffsetDelta,
  leaderEpoch,
  producerEpoch,
  producerId,
} from '../../batch/header.js';
import type { LogFile } from '../../disk/log-file.js';
import { storageError } from '../../disk/storage-error.js';
import type { EngineError } from '../../errors.js';
import type { LogSettings } from '../log-settings.js';
import type { Appended } from '../partition-log.js';
import type { Segment } from '../segments/segment.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import { lastSequenceOf, type ProducerBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { Watermark } from '../state/watermark.js';
import { LogWriter, type WriteOutcome } from './log-writer.js';
import { takeBackBatches } from './refused-batches.js';
import type { GroupBegin, WriteGroup } from './write-group.js';

/** The log that batches are staged for. */
export interface StagingLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly producers: ProducerStates;
  readonly life: LogLife;
  readonly watermark: Watermark;
  readonly durability: {
    readonly unsynced: { addFile(file: LogFile): void };
    whenPromised(appended: Appended): Promise<Appended>;
    wrote(group: WriteGroup): void;
    lost(offset: number, error: Error): void;
  };
}

/**
 * Batches between the moment that they have their place and the outcome of their write: everything
 * that is noted of them is noted here, and taken back here when the write fails.
 */
export class Staging implements WriteOutcome {
  readonly writer: LogWriter;
  readonly #log: StagingLog;

  constructor(log: StagingLog) {
    this.#log = log;
    this.writer = new LogWriter(log.context, this);
  }

  /**
   * Notes a batch that has its place, just before the writer gets it. Returns where a group begins
   * if it begins one: the mark is taken before the batch is noted.
   */
  note(batch: Buffer, segment: Segment, baseOffset: number, nowMs: number): GroupBegin | null {
    const { offsets, epochs, settings, context } = this.#log;
    const lastOffset = baseOffset + lastOffsetDelta(batch);
    const begin = this.writer.hasStaged
      ? null
      : {
          segment,
          mark: segment.noted.mark(),
          startOffset: offsets.logEnd,
          epochs: epochs.entries(),
        };
    segment.noted.note(batch, 0, batch.length, settings.indexIntervalBytes);
    segment.age.changed(nowMs);
    offsets.assigned(lastOffset + 1);
    epochs.assign(leaderEpoch(batch), baseOffset);
    this.#noteProducer(batch, baseOffset, lastOffset, nowMs);
    context.counters.batchesAppended++;
    context.counters.bytesAppended += batch.length;
    return begin;
  }

  #noteProducer(batch: Buffer, baseOffset: number, lastOffset: number, timestampMs: number): void {
    const id = producerId(batch);
    const sequence = baseSequence(batch);
    if (id < 0 || sequence < 0) return;
    this.#log.producers.add(id, {
      epoch: producerEpoch(batch),
      baseSequence: sequence,
      lastSequence: lastSequenceOf(sequence, lastOffset - baseOffset + 1),
      baseOffset,
      lastOffset,
      timestampMs,
    });
  }

  /**
   * A duplicate has the promise of the original: if that does not hold yet, the duplicate waits for
   * it, and fails with it.
   */
  answerDuplicate(original: ProducerBatch): Promise<Appended> {
    const { offsets, durability } = this.#log;
    return durability.whenPromised({
      baseOffset: original.baseOffset,
      lastOffset: original.lastOffset,
      appendTimeMs: -1,
      logStartOffset: offsets.logStart,
      duplicate: true,
    });
  }

  /** Resolves when the flush promise holds up to `endOffset`; rejects if what is below is lost. */
  async whenPromised(endOffset: number): Promise<void> {
    await this.#log.durability.whenPromised({
      baseOffset: endOffset,
      lastOffset: endOffset - 1,
      appendTimeMs: -1,
      logStartOffset: this.#log.offsets.logStart,
      duplicate: false,
    });
  }

  wrote(group: WriteGroup): void {
    const { life, offsets, durability, watermark } = this.#log;
    if (life.failure) {
      for (const append of group.appends) append.reject(life.failure);
      return;
    }
    const { segment } = group;
    segment.written(group.mark.size + group.bytes);
    offsets.wrote({
      offset: group.endOffset,
      segmentBase: segment.baseOffset,
      position: segment.writtenSize,
    });
    durability.wrote(group);
    watermark.advance();
  }

  writeFailed(groups: readonly WriteGroup[], error: unknown): EngineError {
    const { context, durability, offsets, producers, epochs } = this.#log;
    const { directory } = context;
    const [first] = groups;
    const { segment, mark, startOffset } = first!;
    const failure = storageError(directory, `cannot write to ${segment.file.path}`, error);
    if (!directory.failure) {
      try {
        segment.file.truncateSync(mark.size);
        durability.unsynced.addFile(segment.file);
      } catch (cutError) {
        directory.fail(`cannot cut ${segment.file.path} back to ${mark.size} bytes`, cutError);
      }
    }
    segment.backTo(mark);
    offsets.unassigned(startOffset);
    for (const { buffers } of groups) takeBackBatches(producers, buffers, startOffset);
    epochs.backTo(first!.epochs, offsets.logStart);
    for (const group of groups) for (const append of group.appends) append.reject(failure);
    durability.lost(startOffset, failure);
    return failure;
  }
}

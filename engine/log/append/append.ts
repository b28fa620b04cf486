import {
  baseSequence,
  baseTimestamp,
  lastOffsetDelta,
  leaderEpoch,
  maxTimestamp,
  NO_EPOCH,
  producerEpoch,
  producerId,
} from '../../batch/header.js';
import { stampAppendTime, stampBatch } from '../../batch/stamp.js';
import { type BatchProblem, validateBatch } from '../../batch/validate.js';
import { storageError } from '../../disk/storage-error.js';
import { EngineError, type EngineErrorCode } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { Appended } from '../partition-log.js';
import { type StartingLog, startSegment } from '../segments/new-segment.js';
import type { Sealing } from '../segments/sealing.js';
import type { Segment } from '../segments/segment.js';
import { wakeInSlices, wakeSegment } from '../segments/wake-segment.js';
import type { CheckpointTarget } from '../shared/checkpoints.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import { lastSequenceOf, type ProducerBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { LogWriter } from './log-writer.js';
import type { OriginRules } from './origin.js';
import { mustRoll } from './roll-policy.js';
import { timestampProblem } from './timestamp-bounds.js';

/** What appends need of a log. */
export interface AppendLog extends StartingLog {
  readonly context: LogContext;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  /** Stamped into new batches; -1 while the log follows. */
  readonly leaderEpoch: number;
  readonly producers: ProducerStates;
  readonly writer: LogWriter;
  /** Sealed segments whose indexes are not saved yet. */
  readonly sealing: Sealing;
  readonly checkpointTarget: CheckpointTarget;
  /**
   * Whether its batches may leave offsets out: by compaction, by a gap of its leader's, at its log
   * start. False is certain.
   */
  readonly hasGaps: boolean;
  /** Throws LOG_CLOSED, DAMAGED_LOG or STORAGE_OFFLINE. */
  assertServing(): void;
  /** Resolves with `appended` when the flush promise holds for it, rejects if it was lost. */
  whenPromised(appended: Appended): Promise<Appended>;
}

/**
 * THE APPEND PATH of a leader. In this order, all synchronous:
 *
 * 1. judge the batch by its header (length, magic, CRC, counts, timestamps), but for what its
 *    origin is spared;
 * 2. ask whether an idempotent producer sent it before, or skipped something;
 * 3. roll the segment if it must;
 * 4. stamp offset, epoch, and append time where the topic wants it, in place;
 * 5. note size, index entry, producer and epoch;
 * 6. stage it for the next gathered write.
 *
 * The promise settles as `PartitionLog.append` says. Throws what is wrong with the batch. Null,
 * with nothing done, when a segment must be started, or woken, and cannot be yet: the caller lets
 * the writer settle, wakes it, waits for room among the files, and calls again.
 */
export function appendBatch(
  log: AppendLog,
  batch: Buffer,
  origin: OriginRules,
): Promise<Appended> | null {
  log.assertServing();
  if (log.leaderEpoch === NO_EPOCH) {
    throw new EngineError('NOT_LEADER', `${log.folder} has begun to follow another leader`);
  }
  judgeBatch(log, batch, origin);
  const nowMs = log.context.clock.wallMs();
  checkTimestamps(log, batch, nowMs, origin);
  const original = findOriginal(log, batch, origin);
  if (original !== null) return answerDuplicate(log, original);

  const segment = segmentFor(log, batch, log.offsets.logEnd, nowMs);
  if (segment === null) return null;
  const baseOffset = log.offsets.logEnd;
  stampBatch(batch, { baseOffset, leaderEpoch: log.leaderEpoch });
  let appendTimeMs = -1;
  if (log.settings.timestampType === 'append') {
    appendTimeMs = nowMs;
    stampAppendTime(batch, nowMs);
  }
  return stageBatch(log, batch, segment, baseOffset, nowMs, appendTimeMs);
}

/** Resolves when an append that had to wait may be tried again. */
export async function whenAppendable(log: AppendLog): Promise<void> {
  await log.writer.settled();
  await wakeInSlices(log);
  await log.context.files.whenRoom();
}

/** Throws what is wrong with the batch, but for what its origin is spared. */
export function judgeBatch({ settings }: AppendLog, batch: Buffer, origin: OriginRules): void {
  const problem = validateBatch(batch, settings, origin);
  if (problem !== null) throw refusal(problem, batch, settings.maxBatchBytes);
}

/** Notes a batch that has its place, and stages it. The promise settles as that of an append. */
export function stageBatch(
  log: AppendLog,
  batch: Buffer,
  segment: Segment,
  baseOffset: number,
  nowMs: number,
  appendTimeMs: number,
): Promise<Appended> {
  const { offsets, settings, writer, context } = log;
  const lastOffset = baseOffset + lastOffsetDelta(batch);
  // Taken before the batch is noted, but only when it begins a group.
  const begin = writer.hasStaged
    ? null
    : {
        segment,
        mark: segment.noted.mark(),
        startOffset: offsets.logEnd,
        epochs: log.epochs.entries(),
      };
  segment.noted.note(batch, 0, batch.length, settings.indexIntervalBytes);
  segment.age.changed(nowMs);
  offsets.assigned(lastOffset + 1);
  log.epochs.assign(leaderEpoch(batch), baseOffset);
  noteProducer(log, batch, baseOffset, lastOffset, nowMs);
  context.counters.batchesAppended++;
  context.counters.bytesAppended += batch.length;

  const appended: Appended = {
    baseOffset,
    lastOffset,
    appendTimeMs,
    logStartOffset: offsets.logStart,
    duplicate: false,
  };
  return new Promise((resolve, reject) => {
    writer.stage(batch, { endOffset: lastOffset + 1, appended, resolve, reject }, begin);
  });
}

function noteProducer(
  log: AppendLog,
  batch: Buffer,
  baseOffset: number,
  lastOffset: number,
  timestampMs: number,
): void {
  const id = producerId(batch);
  const sequence = baseSequence(batch);
  if (id < 0 || sequence < 0) return;
  log.producers.add(id, {
    epoch: producerEpoch(batch),
    baseSequence: sequence,
    lastSequence: lastSequenceOf(sequence, lastOffset - baseOffset + 1),
    baseOffset,
    lastOffset,
    timestampMs,
  });
}

function findOriginal(log: AppendLog, batch: Buffer, origin: OriginRules): ProducerBatch | null {
  const id = producerId(batch);
  if (id < 0 || origin.sequence) return null;
  const sequence = baseSequence(batch);
  const lastSequence = lastSequenceOf(sequence, lastOffsetDelta(batch) + 1);
  return log.producers.check(id, producerEpoch(batch), sequence, lastSequence);
}

/**
 * A duplicate keeps the original's promise: if that is not kept yet, it waits for it, and fails
 * with it.
 */
function answerDuplicate(log: AppendLog, original: ProducerBatch): Promise<Appended> {
  const appended: Appended = {
    baseOffset: original.baseOffset,
    lastOffset: original.lastOffset,
    appendTimeMs: -1,
    logStartOffset: log.offsets.logStart,
    duplicate: true,
  };
  return log.whenPromised(appended);
}

/**
 * The segment that takes the batch: the active one, unless it must be rolled first; null when that
 * must wait.
 */
export function segmentFor(
  log: AppendLog,
  batch: Buffer,
  baseOffset: number,
  nowMs: number,
): Segment | null {
  const active = log.segments.active;
  try {
    const { hasRoom } = log.context.files;
    if (active === undefined) return hasRoom ? startSegment(log, log.offsets.logEnd) : null;
    if (active.noted.indexes === null && !wakeSegment(log, active)) return null;
    if (log.writer.isFull) flushStaged(log);
    if (!rollIsDue(log, active, batch, baseOffset, nowMs)) return active;
    flushStaged(log);
    // While writes are queued a failure must find them all in one segment.
    if (log.writer.isWritingAsynchronously || !hasRoom) return null;
    assertFewSegments(log);
    return rollSegment(log, active);
  } catch (error) {
    throw storageError(log.context.directory, `cannot start a segment in ${log.folder}`, error);
  }
}

/**
 * If the write fails, the batch in hand fails with it: what its producer sent before is gone, and
 * it was judged by that.
 */
function flushStaged(log: AppendLog): void {
  const failure = log.writer.flush();
  if (failure !== null) throw failure;
}

/** Retention and deletion may begin one more, to take all the others away. */
function assertFewSegments({ segments }: AppendLog): void {
  if (segments.count < LIMITS.segmentsPerLogMax) return;
  throw new EngineError(
    'TOO_MANY_SEGMENTS',
    `the log has ${segments.count} segments: raise segment.bytes or segment.ms, or keep less`,
  );
}

/** Closes the active segment and opens the next one at the log end. Nothing may be staged. */
export function rollSegment(log: AppendLog, active: Segment): Segment {
  const next = startSegment(log, log.offsets.logEnd);
  log.sealing.add(active);
  log.context.checkpoints.request(log.checkpointTarget);
  log.context.counters.segmentsRolled++;
  return next;
}

function rollIsDue(
  log: AppendLog,
  active: Segment,
  batch: Buffer,
  baseOffset: number,
  nowMs: number,
): boolean {
  const { settings } = log;
  const { age, noted } = active;
  return mustRoll(
    {
      segmentBytes: noted.size,
      batchBytes: batch.length,
      relativeOffset: baseOffset + lastOffsetDelta(batch) - active.baseOffset,
      batchTimestampMs: maxTimestamp(batch),
      firstTimestampMs: noted.firstTimestampMs,
      firstAppendMs: age.createdMs,
      nowMs,
      offsetIndexEntries: noted.indexes!.offsets.count,
      timeIndexEntries: noted.indexes!.times.count,
    },
    {
      segmentBytes: settings.segmentBytes,
      // Only what is not active any more is compacted.
      segmentMs: settings.compacted
        ? Math.min(settings.segmentMs, settings.maxCompactionLagMs)
        : settings.segmentMs,
      segmentIndexBytes: settings.segmentIndexBytes,
      jitterMs: age.rollJitterMs,
    },
  );
}

/** The header's own bounds; a record in between is trusted unless `odradek.validate=records`. */
function checkTimestamps(log: AppendLog, batch: Buffer, nowMs: number, origin: OriginRules): void {
  const { settings } = log;
  const problem =
    timestampProblem(settings, maxTimestamp(batch), nowMs) ??
    timestampProblem(settings, baseTimestamp(batch), nowMs);
  if (problem !== null && !origin.timestamps) {
    throw new EngineError('INVALID_TIMESTAMP', problem);
  }
}

const REFUSALS: Record<BatchProblem, { code: EngineErrorCode; text: string }> = {
  'unsupported-magic': { code: 'UNSUPPORTED_MAGIC', text: 'the batch is not of record format v2' },
  'bad-length': { code: 'CORRUPT_BATCH', text: 'the length field does not fit the bytes' },
  'more-than-one-batch': {
    code: 'INVALID_BATCH',
    text: 'more than one batch was sent for one partition',
  },
  'too-large': { code: 'BATCH_TOO_LARGE', text: 'the batch is larger than max.message.bytes' },
  'bad-crc': { code: 'CORRUPT_BATCH', text: 'the checksum does not match the bytes' },
  'unknown-codec': { code: 'UNKNOWN_CODEC', text: 'the compression codec does not exist' },
  'control-batch': { code: 'INVALID_BATCH', text: 'clients do not write control batches' },
  'bad-count': {
    code: 'INVALID_BATCH',
    text: 'the record count is not that of the offsets, or more than the bytes can hold',
  },
  'bad-timestamp': {
    code: 'INVALID_TIMESTAMP',
    text: 'the batch says that its timestamps are those of the append, which only the log sets',
  },
  'bad-producer': { code: 'INVALID_BATCH', text: 'producer id, epoch and sequence disagree' },
};

function refusal(problem: BatchProblem, batch: Buffer, maxBatchBytes: number): EngineError {
  const { code, text } = REFUSALS[problem];
  const sizes =
    problem === 'too-large' ? `: ${batch.length} bytes, ${maxBatchBytes} are allowed` : '';
  return new EngineError(code, text + sizes);
}

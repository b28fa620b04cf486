import {
  baseOffset,
  batchSize,
  HEADER_SIZE,
  lastOffsetDelta,
  leaderEpoch,
  NO_EPOCH,
  PREFIX_SIZE,
  recordCount,
} from '../../batch/header.js';
import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { LogSettings } from '../log-settings.js';
import type { Appended } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { Leadership } from '../state/leadership.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { ActiveSegment } from './active-segment.js';
import { judgeBatch } from './judge-batch.js';
import { ORIGINS } from './origin.js';
import type { Staging } from './staging.js';

/** The log that a piece goes to. */
export interface PieceLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly leadership: Leadership;
  readonly active: ActiveSegment;
  readonly staging: Staging;
}

const ignore = (): void => {};

/**
 * Batches of a leader, one after another in one piece, with the offsets and epochs that they carry.
 * All of them are judged before the first one is staged.
 */
export class ReplicaPiece {
  readonly #log: PieceLog;
  readonly #bytes: Buffer;
  /** Offset of the first batch. */
  readonly #firstOffset: number;
  /**
   * Whether a batch leaves offsets out, in front of it or within: the log must be marked before.
   */
  readonly leavesGap: boolean;
  /**
   * Whether an epoch is not the largest so far, or the next epoch that the log stamps is not: the
   * log must be marked before, too.
   */
  readonly breaksEpochs: boolean;
  /** Where the batch that is staged next begins in the piece. */
  #at = 0;
  /** The log end behind what was staged. */
  #nextOffset: number;
  #last: Promise<Appended> | null = null;

  /** Throws the problem of a bad batch, with the codes of `PartitionLog.append`. */
  constructor(log: PieceLog, bytes: Buffer) {
    this.#log = log;
    this.#bytes = bytes;
    this.#nextOffset = log.offsets.logEnd;
    let next = log.offsets.logEnd;
    let leavesGap = false;
    let latest = log.epochs.latest;
    let breaksEpochs = false;
    for (let at = 0; at === 0 || at < bytes.length; at += sizeAt(bytes, at)) {
      const batch = bytes.subarray(at, at + sizeAt(bytes, at));
      judgeBatch(log.settings, batch, ORIGINS.replica);
      const base = placeOf(batch, next);
      const last = lastOffsetDelta(batch);
      leavesGap ||= base > next || recordCount(batch) <= last;
      next = base + last + 1;
      const epoch = leaderEpoch(batch);
      breaksEpochs ||= epoch !== NO_EPOCH && epoch < latest;
      latest = Math.max(latest, epoch);
    }
    this.leavesGap = leavesGap;
    const { current } = log.leadership;
    this.breaksEpochs = breaksEpochs || (current !== NO_EPOCH && latest > current);
    this.#firstOffset = baseOffset(bytes);
  }

  /**
   * Stages the batches that are not staged yet. The promise is that of the last batch, with the
   * first offset of the piece. Null when the rest must wait, as in `LeaderAppends`.
   */
  append(): Promise<Appended> | null {
    const log = this.#log;
    while (this.#at < this.#bytes.length) {
      // The batches staged before are lost, and their promise says why.
      if (this.#last !== null && log.offsets.logEnd !== this.#nextOffset) return this.#last;
      const end = this.#at + sizeAt(this.#bytes, this.#at);
      const batch = this.#bytes.subarray(this.#at, end);
      const base = baseOffset(batch);
      const nowMs = log.context.clock.wallMs();
      const segment = log.active.forBatch(batch, base, nowMs);
      if (segment === null) return null;
      if (base > log.offsets.logEnd || recordCount(batch) <= lastOffsetDelta(batch)) {
        segment.noteGap();
      }
      const begin = log.staging.note(batch, segment, base, nowMs);
      const place = {
        baseOffset: base,
        lastOffset: base + lastOffsetDelta(batch),
        appendTimeMs: -1,
        logStartOffset: log.offsets.logStart,
        duplicate: false,
      };
      this.#last = log.staging.writer.stage(batch, place, begin);
      this.#last.catch(ignore);
      this.#nextOffset = log.offsets.logEnd;
      this.#at = end;
    }
    return this.#last!.then((last) => ({ ...last, baseOffset: this.#firstOffset }));
  }
}

/** Bytes of the batch at `at`; all remaining bytes where no batch can end. */
function sizeAt(bytes: Buffer, at: number): number {
  const left = bytes.length - at;
  if (left < PREFIX_SIZE) return left;
  const size = batchSize(bytes, at);
  return size < HEADER_SIZE || size > left ? left : size;
}

/** The base offset of a batch that comes at or above `next`. No checksum covers the base offset. */
function placeOf(batch: Buffer, next: number): number {
  const base = baseOffset(batch);
  if (base < next) {
    throw new EngineError(
      'UNEXPECTED_OFFSET',
      `the log continues at ${next}, the batch begins at ${base}`,
    );
  }
  if (base + lastOffsetDelta(batch) > LIMITS.replicaOffsetMax) {
    throw new EngineError('INVALID_BATCH', `no log has come to offset ${base}`);
  }
  if (leaderEpoch(batch) < NO_EPOCH) {
    throw new EngineError('INVALID_BATCH', `no leader has epoch ${leaderEpoch(batch)}`);
  }
  return base;
}

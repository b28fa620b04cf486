import { baseSequence, lastOffsetDelta, producerEpoch, producerId } from '../../batch/header.js';
import { stampAppendTime, stampBatch } from '../../batch/stamp.js';
import { EngineError } from '../../errors.js';
import type { LogSettings } from '../log-settings.js';
import type { Appended } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { Leadership } from '../state/leadership.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import { lastSequenceOf, type ProducerBatch } from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import type { ActiveSegment } from './active-segment.js';
import type { AppendQueue } from './append-queue.js';
import { nameRecords } from './check-records.js';
import { checkTimestamps, judgeBatch } from './judge-batch.js';
import { ORIGINS, type OriginRules } from './origin.js';
import { isByHeader, readyRecords } from './ready-records.js';
import { expectAgain, noteRefusal } from './refused-batches.js';
import type { Staging } from './staging.js';

/** The log that a leader appends to. */
export interface LeadingLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly offsets: OffsetTracker;
  readonly producers: ProducerStates;
  readonly leadership: Leadership;
  readonly life: LogLife;
  readonly active: ActiveSegment;
  readonly staging: Staging;
}

/** THE APPEND PATH of a leader: batches of its clients, in the order of the calls. */
export class LeaderAppends {
  readonly #log: LeadingLog;
  readonly #queue: AppendQueue;

  constructor(log: LeadingLog, queue: AppendQueue) {
    this.#log = log;
    this.#queue = queue;
  }

  /** Appends as `PartitionLog.append` promises. */
  append(
    batch: Buffer,
    rules: OriginRules,
    expectedOffset: number | null = null,
  ): Promise<Appended> {
    const { leadership, settings } = this.#log;
    const { refusal } = leadership;
    if (refusal) return Promise.reject(refusal);
    const isAtOnce = !this.#queue.isTaken && isByHeader(settings, batch, rules);
    if (!isAtOnce) return this.#appendBehind(batch, rules, expectedOffset);
    return (
      this.#attempt(batch, rules, expectedOffset) ??
      this.#queue.take(() => this.#appendWhenReady(batch, rules, expectedOffset))
    );
  }

  /** Notes a batch that was refused in front of the log, as `PartitionLog.refused` says. */
  expectAgain(header: Buffer): void {
    const { producers, context } = this.#log;
    expectAgain(producers, header, context.clock.wallMs());
  }

  /**
   * Records may have to be unpacked, to be checked or to be stored in the topic's codec, on a
   * thread: appends keep their order by queueing behind one another.
   */
  #appendBehind(
    batch: Buffer,
    rules: OriginRules,
    expectedOffset: number | null,
  ): Promise<Appended> {
    const ready = readyRecords(this.#log, batch, rules);
    return this.#queue.take(async () => {
      const found = await ready;
      if (!(found instanceof EngineError)) {
        return found === null || found === batch
          ? this.#appendWhenReady(batch, rules, expectedOffset)
          : this.#appendWhenReady(found, ORIGINS.built, expectedOffset);
      }
      this.#noteRefusal(batch, found);
      return { appended: Promise.reject(found) };
    });
  }

  /** Appends as soon as the writer allows it. Called only at the front of the queue. */
  async #appendWhenReady(
    batch: Buffer,
    rules: OriginRules,
    expectedOffset: number | null,
  ): Promise<{ appended: Promise<Appended> }> {
    for (;;) {
      const appended = this.#attempt(batch, rules, expectedOffset);
      if (appended !== null) return { appended };
      try {
        await this.#log.active.whenReady();
      } catch (error) {
        this.#noteRefusal(batch, error);
        throw error;
      }
    }
  }

  /**
   * Appends, or refuses, at once. Null, with nothing done, when a segment must be started, or
   * woken, and that cannot be done yet: then `#appendWhenReady` appends.
   */
  #attempt(
    batch: Buffer,
    rules: OriginRules,
    expectedOffset: number | null,
  ): Promise<Appended> | null {
    try {
      return this.#append(batch, rules, expectedOffset);
    } catch (error) {
      this.#noteRefusal(batch, error);
      return this.#refuse(batch, error);
    }
  }

  /** The batch was refused: notes it if its producer will send it again. */
  #noteRefusal(batch: Buffer, error: unknown): void {
    const { producers, context } = this.#log;
    noteRefusal(producers, batch, error, context.clock.wallMs());
  }

  /**
   * In this order, all synchronous:
   *
   * 1. judge the batch by its header (length, magic, CRC, counts, timestamps), but for the checks
   *    that its origin is spared;
   * 2. ask whether an idempotent producer sent it before, or skipped something;
   * 3. ask whether the next offset is the one that the caller expects;
   * 4. roll the segment if it must;
   * 5. stamp offset, epoch, and append time where the topic wants it, in place;
   * 6. note size, index entry, producer and epoch;
   * 7. stage it for the next gathered write.
   *
   * The promise settles as `PartitionLog.append` says. Throws the problem of a bad batch.
   */
  #append(
    batch: Buffer,
    rules: OriginRules,
    expectedOffset: number | null,
  ): Promise<Appended> | null {
    const { life, settings, context, offsets, active, leadership, staging } = this.#log;
    life.assertServing();
    leadership.assertLeading();
    judgeBatch(settings, batch, rules);
    const nowMs = context.clock.wallMs();
    checkTimestamps(settings, batch, nowMs, rules);
    const original = this.#findOriginal(batch, rules);
    const place = original?.baseOffset ?? offsets.logEnd;
    if (expectedOffset !== null && place !== expectedOffset) return this.#misplaced(expectedOffset);
    if (original !== null) return staging.answerDuplicate(original);

    const segment = active.forBatch(batch, offsets.logEnd, nowMs);
    if (segment === null) return null;
    const baseOffset = offsets.logEnd;
    stampBatch(batch, { baseOffset, leaderEpoch: leadership.current });
    let appendTimeMs = -1;
    if (settings.timestampType === 'append') {
      appendTimeMs = nowMs;
      stampAppendTime(batch, nowMs);
    }
    const begin = staging.note(batch, segment, baseOffset, nowMs);
    const lastOffset = baseOffset + lastOffsetDelta(batch);
    const { logStart: logStartOffset } = offsets;
    const appended = { baseOffset, lastOffset, appendTimeMs, logStartOffset, duplicate: false };
    return staging.writer.stage(batch, appended, begin);
  }

  /**
   * The end that the caller was measured by is that of the log only if the appends up to it are
   * kept: so it waits for them, and fails as they do.
   */
  async #misplaced(expectedOffset: number): Promise<never> {
    const { offsets, staging } = this.#log;
    const offset = offsets.logEnd;
    await staging.whenPromised(offset);
    throw new EngineError(
      'OFFSET_MISMATCH',
      `the next offset is ${offset}, not ${expectedOffset}: nothing was appended`,
      { offset },
    );
  }

  #findOriginal(batch: Buffer, rules: OriginRules): ProducerBatch | null {
    const id = producerId(batch);
    if (id < 0 || rules.sequence) return null;
    const sequence = baseSequence(batch);
    const lastSequence = lastSequenceOf(sequence, lastOffsetDelta(batch) + 1);
    return this.#log.producers.check(id, producerEpoch(batch), sequence, lastSequence);
  }

  async #refuse(batch: Buffer, error: unknown): Promise<never> {
    const isOutOfTime = error instanceof EngineError && error.code === 'INVALID_TIMESTAMP';
    throw isOutOfTime ? await nameRecords(this.#log, batch, error) : error;
  }
}

import type { Appended, Clock, TurnSlices } from '../../engine/index.js';
import { ApiError } from '../protocol/api-error.js';
import { Alarm } from './alarm.js';
import type { Mortal } from './deadlines.js';
import type { RecordBytes } from './record-codec.js';
import { stateBatches } from './state-batches.js';
import type { StateTopic } from './state-topic.js';
import { WriteLine } from './write-line.js';

export interface TermOptions<R> {
  readonly topic: StateTopic<R>;
  /** The time that a write waits for the in-sync replicas. */
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly slices: TurnSlices;
}

/**
 * One term of a shard: from the beginning of its load until the partition is not led any more, or
 * is led in a later epoch. Writes and deadlines belong to a term. Nothing that was begun in it
 * takes effect after its end.
 */
export class Term<R> {
  readonly index: number;
  /** The leader epoch of the partition. */
  readonly epoch: number;
  readonly #options: TermOptions<R>;
  /** The writes of each key that has any under way. */
  readonly #lines = new Map<string, WriteLine>();
  readonly #alarms: { stop(): void }[] = [];
  #isOver = false;

  constructor(index: number, epoch: number, options: TermOptions<R>) {
    this.index = index;
    this.epoch = epoch;
    this.#options = options;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Throws ApiError NOT_COORDINATOR once the term is over. */
  check(): void {
    if (this.#isOver) throw notCoordinator();
  }

  /** An alarm that rings within the term. */
  alarm<T extends Mortal>(onDue: (who: T) => Promise<void>): Alarm<T> {
    const alarm = new Alarm(this.#options.clock, onDue);
    this.#alarms.push(alarm);
    return alarm;
  }

  /**
   * Appends records of a key, in the order of the calls. When all in-sync replicas have them,
   * `onWritten` is called, in the order of the writes of the key, and when it has ended the promise
   * resolves. Rejects with the errors of `records`, the partition or `onWritten`, and with ApiError
   * NOT_COORDINATOR when the term ends before; the records may be in the log then.
   *
   * `onWritten` gets the records that a load of the log would find, whatever answer the caller
   * gets: for a failed write, the records whose batches are in the log for good. It is called once
   * for each batch. While that may still happen for a write that was answered with a failure, such
   * as REQUEST_TIMED_OUT, other writes of the key are REQUEST_TIMED_OUT. `onOver` is called when
   * the write is finished.
   *
   * @param timestampMs wall time
   */
  write(
    key: string,
    records: readonly R[] | Promise<readonly R[]>,
    timestampMs: number,
    onWritten: (records: readonly R[]) => unknown,
    onOver: () => void = () => {},
  ): Promise<void> {
    const line = this.#lines.get(key) ?? this.#newLine(key);
    /** The records of each batch. */
    const batches: (readonly R[])[] = [];
    return line.begin({
      place: async () => this.#place(line, await records, timestampMs, batches),
      onWritten: async (counted) => {
        for (const at of counted) {
          this.check();
          await onWritten(batches[at]!);
        }
        this.check();
      },
      onOver,
    });
  }

  #newLine(key: string): WriteLine {
    const line = new WriteLine(() => void this.#lines.delete(key));
    this.#lines.set(key, line);
    return line;
  }

  /** Resolves when every write of the key so far was answered, well or not. */
  async settled(key: string): Promise<void> {
    await this.#lines.get(key)?.answered();
  }

  /**
   * Appends a few records of any keys, which have their places when this returns. Resolves when all
   * in-sync replicas have them, however long that takes. Throws, or rejects, with the errors of the
   * partition, and NOT_COORDINATOR once the term is over.
   */
  append(records: readonly R[], timestampMs: number): Promise<unknown> {
    this.check();
    const { topic } = this.#options;
    const partition = topic.partition(this.index);
    const encoded = records.map((record) => topic.codec.encode(record));
    return Promise.all(
      [...stateBatches(encoded, timestampMs)].map(({ bytes }) => partition.append(bytes, -1)),
    );
  }

  /** Stops the alarms; writes under way go on. */
  stop(): void {
    for (const alarm of this.#alarms) alarm.stop();
  }

  /**
   * Ends the term, before it returns. Resolves when every write that was under way has failed with
   * NOT_COORDINATOR.
   */
  async end(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.stop();
    const work = this.#options.slices.begin();
    for (const line of this.#lines.values()) {
      for (const write of line.writes) {
        write.end(notCoordinator());
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    }
  }

  /**
   * Gives the batches their place, and adds their records to `batches`. Then it resolves with
   * promises that resolve when all in-sync replicas have the batches.
   */
  async #place(
    line: WriteLine,
    records: readonly R[],
    timestampMs: number,
    batches: (readonly R[])[],
  ): Promise<readonly Promise<Appended>[]> {
    if (line.isOpen) {
      throw new ApiError('REQUEST_TIMED_OUT', 'an earlier write of the key waits for replicas');
    }
    const { topic, slices, clock, writeTimeoutMs } = this.#options;
    const work = slices.begin();
    const encoded: RecordBytes[] = [];
    for (const record of records) {
      const bytes = topic.codec.encodeInSlices(record, work);
      encoded.push(bytes instanceof Promise ? await bytes : bytes);
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    const appended: Promise<Appended>[] = [];
    let at = 0;
    for (const { bytes, count } of stateBatches(encoded, timestampMs)) {
      this.check();
      const deadlineMs = clock.monotonicMs() + writeTimeoutMs;
      const wait = { deadlineMs, connection: null };
      // What is refused now is awaited with the others.
      const append = async () => topic.partition(this.index).append(bytes, -1, wait);
      const promise = append();
      promise.catch(() => {});
      appended.push(promise);
      batches.push(records.slice(at, at + count));
      at += count;
      const pause = work.did(bytes.length, 'bytes');
      if (pause !== null) await pause;
    }
    return appended;
  }
}

function notCoordinator(): ApiError {
  return new ApiError('NOT_COORDINATOR', 'this broker coordinates the key no more');
}

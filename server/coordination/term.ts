import type { Appended, Clock, TurnSlices } from '../../engine/index.js';
import { OverdueAppend } from '../partition/leader.js';
import { ApiError } from '../protocol/api-error.js';
import { Alarm } from './alarm.js';
import type { Mortal } from './deadlines.js';
import type { RecordBytes } from './record-codec.js';
import { stateBatches } from './state-batches.js';
import type { StateTopic } from './state-topic.js';

export interface TermOptions<R> {
  readonly topic: StateTopic<R>;
  /** How long a write waits for the in-sync replicas. */
  readonly writeTimeoutMs: number;
  readonly clock: Clock;
  readonly slices: TurnSlices;
}

/**
 * One term of a shard: from the beginning of its load until the partition is led no more, or anew.
 * Writes and deadlines belong to a term. Nothing that was begun in it takes effect after its end.
 */
export class Term<R> {
  readonly index: number;
  /** The leader epoch of the partition. */
  readonly epoch: number;
  readonly #options: TermOptions<R>;
  /** The last write of each key of which more may come. */
  readonly #last = new Map<string, Promise<unknown>>();
  /** The last write of each key whose caller waits for an answer. */
  readonly #answering = new Map<string, Promise<unknown>>();
  /** The last write of each key that has no place in the log yet. */
  readonly #placing = new Map<string, Promise<unknown>>();
  /** Keys with a write that has timed out, of which it is not known whether it will count. */
  readonly #overdue = new Set<string>();
  /** How to fail each write of which more may come. */
  readonly #underWay = new Set<(error: ApiError) => void>();
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
   * resolves. Rejects with what `records`, the partition or `onWritten` reject with, and with
   * ApiError NOT_COORDINATOR when the term ends before; the records may be in the log then.
   *
   * REQUEST_TIMED_OUT says that they may still count: `onWritten` is called if they do, in its
   * turn, and until that is known other writes of the key are refused likewise. `onOver` is called
   * when nothing more comes of the write.
   *
   * @param timestampMs wall time
   */
  write(
    key: string,
    records: readonly R[] | Promise<readonly R[]>,
    timestampMs: number,
    onWritten: () => unknown,
    onOver: () => void = () => {},
  ): Promise<void> {
    const place = async () => this.#place(key, await records, timestampMs);
    const placed = (this.#placing.get(key) ?? Promise.resolve()).then(place);
    void follow(this.#placing, key, placed);
    const appended = placed.then((appends) => Promise.all(appends));
    const outcome = appended.catch(async (error: unknown) => {
      if (!(error instanceof OverdueAppend)) throw error;
      this.#overdue.add(key);
      return Promise.all((await placed).map(outcomeOf));
    });
    // It is awaited only when its turn has come, and may fail before.
    outcome.catch(() => {});
    const before = this.#last.get(key) ?? Promise.resolve();
    const finish = async (): Promise<void> => {
      await outcome;
      this.check();
      await onWritten();
    };
    const written = this.#untilOver(before.then(finish)).finally(onOver);
    void follow(this.#last, key, written).then(() => {
      if (!this.#last.has(key)) this.#overdue.delete(key);
    });
    const answer = Promise.race([appended.then(() => written), written]);
    const answered = this.#answering.get(key);
    void follow(
      this.#answering,
      key,
      answer.catch(() => {}).then(() => answered),
    );
    return answer;
  }

  /** Resolves when every write of the key so far was answered, one way or another. */
  async settled(key: string): Promise<void> {
    await this.#answering.get(key);
  }

  /**
   * Appends records of any keys, few of them, which have their places when this returns. Resolves
   * when all in-sync replicas have them, however long that takes. Throws, or rejects, with what the
   * partition does, and NOT_COORDINATOR once the term is over.
   */
  append(records: readonly R[], timestampMs: number): Promise<unknown> {
    this.check();
    const { topic } = this.#options;
    const partition = topic.partition(this.index);
    const encoded = records.map((record) => topic.codec.encode(record));
    return Promise.all(
      [...stateBatches(encoded, timestampMs)].map((batch) => partition.append(batch, -1)),
    );
  }

  /** No alarm rings any more; writes that are under way go on. */
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
    for (const fail of this.#underWay) {
      fail(notCoordinator());
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
  }

  /**
   * Gives the batches their place. Resolves then, with what will resolve when all in-sync replicas
   * have them.
   */
  async #place(
    key: string,
    records: readonly R[],
    timestampMs: number,
  ): Promise<readonly Promise<Appended>[]> {
    if (this.#overdue.has(key)) {
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
    for (const batch of stateBatches(encoded, timestampMs)) {
      this.check();
      const deadlineMs = clock.monotonicMs() + writeTimeoutMs;
      const wait = { deadlineMs, connection: null };
      const append = topic.partition(this.index).append(batch, -1, wait);
      // It is awaited with the others, and may fail before.
      append.catch(() => {});
      appended.push(append);
      const pause = work.did(batch.length, 'bytes');
      if (pause !== null) await pause;
    }
    return appended;
  }

  /** Settles as the write does, or with the end of the term. */
  #untilOver(write: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#underWay.add(reject);
      const ended = (): void => void this.#underWay.delete(reject);
      void write.then(resolve, reject).then(ended);
    });
  }
}

/** Settles as an append does in the end, beyond its deadline. */
async function outcomeOf(append: Promise<Appended>): Promise<Appended> {
  try {
    return await append;
  } catch (error) {
    if (error instanceof OverdueAppend) return error.whenKnown();
    throw error;
  }
}

/** What comes next in the line of `key` waits for `promise`, however it ends. Resolves then. */
function follow<T>(
  line: Map<string, Promise<unknown>>,
  key: string,
  promise: Promise<T>,
): Promise<unknown> {
  const settled: Promise<unknown> = promise
    .catch(() => {})
    .then(() => {
      if (line.get(key) === settled) line.delete(key);
    });
  line.set(key, settled);
  return settled;
}

function notCoordinator(): ApiError {
  return new ApiError('NOT_COORDINATOR', 'this broker coordinates the key no more');
}

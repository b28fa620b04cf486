import type { Appended } from '../../engine/index.js';
import { OverdueAppend } from '../partition/leader.js';
import { ApiError } from '../protocol/api-error.js';

/** The steps of a write of a key. */
export interface WriteSteps {
  /** Gives the records their places. Resolves with the promises of the appends. */
  place(): Promise<readonly Promise<Appended>[]>;
  /**
   * Called with the indexes of the appends that count: all of them unless the write has failed. The
   * next write in the line waits for it.
   */
  onWritten(counted: readonly number[]): unknown;
  /** Called when the write is finished. */
  onOver(): void;
}

/**
 * The writes of one key that are under way: each has its place behind the one before, and counts
 * after it.
 */
export class WriteLine {
  readonly #onEmpty: () => void;
  /** The writes in their order. */
  readonly #writes = new Set<Write>();
  /** Settles when the last write has its place, or gets none. */
  #placed: Promise<unknown> = DONE;
  /** Resolves when the last write is finished. */
  #finished: Promise<void> = DONE;
  #isOpen = false;

  /** `onEmpty` is called when no write is under way any more; the line is not used again. */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /** Whether a write was answered with a failure although some of its appends may count. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** The unfinished writes. */
  get writes(): Iterable<Pick<Write, 'end'>> {
    return this.#writes;
  }

  /**
   * Begins a write. Resolves when `onWritten` has ended; rejects with the errors of `place`, an
   * append or `onWritten`, and with the error of `end`. Also after a failure `onWritten` is called,
   * in the order of the writes, if any of the appends counts: some may have been taken, and one
   * that is REQUEST_TIMED_OUT or NOT_ENOUGH_REPLICAS_AFTER_APPEND has its place in the log.
   */
  begin(steps: WriteSteps): Promise<void> {
    const write = new Write(steps);
    this.#writes.add(write);
    const placed = placeAfter(this.#placed, steps);
    this.#placed = placed;
    this.#finished = this.#finish(write, placed, this.#finished);
    return write.answer;
  }

  /** Resolves when every write so far was answered, well or not. */
  async answered(): Promise<void> {
    for (const { answer } of [...this.#writes]) {
      try {
        await answer;
      } catch {
        // The caller that began the write gets the error.
      }
    }
  }

  async #finish(
    write: Write,
    placed: Promise<readonly Promise<Appended>[]>,
    before: Promise<void>,
  ): Promise<void> {
    const counted = await this.#outcome(write, placed);
    await before;
    if (counted !== null) await write.written(counted);
    write.over();
    this.#writes.delete(write);
    if (this.#writes.size === 0) this.#onEmpty();
  }

  /**
   * Resolves with the indexes of the appends that count, once that is known; null where the write
   * failed and none counts. A failure is answered at once.
   */
  async #outcome(
    write: Write,
    placed: Promise<readonly Promise<Appended>[]>,
  ): Promise<readonly number[] | null> {
    let appends: readonly Promise<Appended>[] = [];
    try {
      appends = await placed;
      await Promise.all(appends);
      return [...appends.keys()];
    } catch (error) {
      if (appends.length > 1 || (appends.length === 1 && hasPlace(error))) this.#isOpen = true;
      write.fail(error);
    }
    const outcomes = await Promise.all(appends.map(counts));
    const counted = [...appends.keys()].filter((at) => outcomes[at]);
    return counted.length === 0 ? null : counted;
  }
}

const DONE = Promise.resolve();

class Write {
  readonly answer: Promise<void>;
  readonly #steps: WriteSteps;
  #resolve: () => void = () => {};
  #reject: (error: unknown) => void = () => {};
  #isOver = false;

  constructor(steps: WriteSteps) {
    this.#steps = steps;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Answers with the error, if nothing was answered yet. */
  fail(error: unknown): void {
    this.#reject(error);
  }

  /** Called when the write counts, or some appends of a failed write. Never rejects. */
  async written(counted: readonly number[]): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#steps.onWritten(counted);
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  /** Finishes the write. A second call does nothing. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#steps.onOver();
  }

  /** Finishes the write early, with an error. */
  end(error: unknown): void {
    this.fail(error);
    this.over();
  }
}

async function placeAfter(
  before: Promise<unknown>,
  steps: WriteSteps,
): Promise<readonly Promise<Appended>[]> {
  try {
    await before;
  } catch {
    // A write without a place makes room for the next.
  }
  return steps.place();
}

/** Whether an append counts in the end, beyond its deadline. */
async function counts(append: Promise<Appended>): Promise<boolean> {
  try {
    await append.catch((error: unknown) => {
      if (error instanceof OverdueAppend) return error.whenKnown();
      throw error;
    });
    return true;
  } catch (error) {
    return isTooFewReplicas(error);
  }
}

/** Whether an append that failed with this error is in the log, for good or until more is known. */
function hasPlace(error: unknown): boolean {
  return error instanceof OverdueAppend || isTooFewReplicas(error);
}

/** The high watermark has passed the records, with fewer replicas in sync than were asked for. */
function isTooFewReplicas(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'NOT_ENOUGH_REPLICAS_AFTER_APPEND';
}

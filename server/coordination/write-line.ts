import type { Appended } from '../../engine/index.js';
import { OverdueAppend } from '../partition/leader.js';

/** What a write of a key does. */
export interface WriteSteps {
  /** Gives the records their places. Resolves with what each append comes to. */
  place(): Promise<readonly Promise<Appended>[]>;
  /** All in-sync replicas have the records. What comes next in the line waits for it. */
  onWritten(): unknown;
  /** Nothing more comes of the write. */
  onOver(): void;
}

/**
 * The writes of one key that are under way: each has its place behind the one before, and counts
 * after it.
 */
export class WriteLine {
  readonly #onEmpty: () => void;
  /** In their order. */
  readonly #writes = new Set<Write>();
  /** Of the last write: settles when it has its place, or has none. */
  #placed: Promise<unknown> = DONE;
  /** Of the last write: resolves when nothing more comes of it. */
  #finished: Promise<void> = DONE;
  #isOverdue = false;

  /** `onEmpty` is called when nothing is under way any more; the line is not used again. */
  constructor(onEmpty: () => void) {
    this.#onEmpty = onEmpty;
  }

  /** Whether a write has timed out, of which it is not known whether it will count. */
  get isOverdue(): boolean {
    return this.#isOverdue;
  }

  /** The writes of which more may come. */
  get writes(): Iterable<Pick<Write, 'end'>> {
    return this.#writes;
  }

  /**
   * Begins a write. Resolves when `onWritten` has ended; rejects with what `place`, an append or
   * `onWritten` rejects with, and with the error of `end`. After REQUEST_TIMED_OUT, `onWritten` is
   * called, in its turn, if the write counts after all.
   */
  begin(steps: WriteSteps): Promise<void> {
    const write = new Write(steps);
    this.#writes.add(write);
    const placed = placeAfter(this.#placed, steps);
    this.#placed = placed;
    this.#finished = this.#finish(write, placed, this.#finished);
    return write.answer;
  }

  /** Resolves when every write so far was answered, one way or another. */
  async answered(): Promise<void> {
    for (const { answer } of [...this.#writes]) {
      try {
        await answer;
      } catch {
        // Whoever began it is told.
      }
    }
  }

  async #finish(
    write: Write,
    placed: Promise<readonly Promise<Appended>[]>,
    before: Promise<void>,
  ): Promise<void> {
    const counts = await this.#outcome(write, placed);
    await before;
    if (counts) await write.written();
    write.over();
    this.#writes.delete(write);
    if (this.#writes.size === 0) this.#onEmpty();
  }

  /** Whether the write counts, when that is known; a failure is answered at once. */
  async #outcome(write: Write, placed: Promise<readonly Promise<Appended>[]>): Promise<boolean> {
    let appends: readonly Promise<Appended>[] = [];
    try {
      appends = await placed;
      await Promise.all(appends);
      return true;
    } catch (error) {
      write.fail(error);
      if (!(error instanceof OverdueAppend)) return false;
    }
    this.#isOverdue = true;
    try {
      await Promise.all(appends.map(outcomeOf));
      return true;
    } catch {
      return false;
    }
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

  /** The write counts. Never rejects. */
  async written(): Promise<void> {
    if (this.#isOver) return;
    try {
      await this.#steps.onWritten();
      this.#resolve();
    } catch (error) {
      this.#reject(error);
    }
  }

  /** Nothing more comes of it. Twice is once. */
  over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#steps.onOver();
  }

  /** As `over`, before its time. */
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
    // One that has no place makes room for the next.
  }
  return steps.place();
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

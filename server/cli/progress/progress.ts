import type { Timer } from '../../../engine/index.js';
import { CLI_LIMITS } from '../limits.js';
import { type ProgressAmount, progressLine } from './progress-line.js';
import { Rate } from './rate.js';
import { isStdoutPiped, type ProgressTerminal, stderrTerminal } from './terminal.js';

const ERASE_LINE = '\r\x1b[K';

/** Shows how far some work is. */
export interface Progress {
  /**
   * Takes note of it; the next drawing shows it. Costs nothing, so it may be called for each piece.
   */
  report(amount: ProgressAmount): void;
  /** What is done, from now on, in a few words. */
  says(what: string): void;
  /** Removes the bar until the next drawing: to be called before others write to stderr. */
  clear(): void;
  /** The same where stdout stands on this terminal: to be called before writing to it. */
  clearForStdout(): void;
}

/**
 * Does work with a bar on the terminal, once it has lasted for two seconds: how much is done, how
 * fast, and how long the rest takes. The bar is gone when this settles, as the work does. A signal
 * leaves its last state on a line of its own. Nothing is written where stderr is no terminal.
 */
export async function withProgress<Result>(
  what: string,
  work: (progress: Progress) => Promise<Result>,
  terminal: ProgressTerminal = stderrTerminal(),
): Promise<Result> {
  if (!terminal.isTerminal) return work(UNSEEN);
  const bar = new ProgressBar(what, terminal);
  try {
    return await work(bar);
  } finally {
    bar.end();
  }
}

/** The same for a command that prints lines meanwhile: nothing is shown where they go to a pipe. */
export function withPrintedProgress<Result>(
  what: string,
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  return withProgress(what, work, stderrTerminal({ isScreenTaken: isStdoutPiped() }));
}

const UNSEEN: Progress = {
  report: () => {},
  says: () => {},
  clear: () => {},
  clearForStdout: () => {},
};

class ProgressBar implements Progress {
  readonly #terminal: ProgressTerminal;
  readonly #rate = new Rate();
  #what: string;
  #amount: ProgressAmount | null = null;
  #isDrawn = false;
  #timer: Timer;
  #forgetEnd: (() => void) | null = null;

  constructor(what: string, terminal: ProgressTerminal) {
    this.#what = what;
    this.#terminal = terminal;
    this.#rate.note(terminal.clock.monotonicMs(), 0);
    this.#timer = terminal.clock.schedule(CLI_LIMITS.progressShownAfterMs, this.#tick);
  }

  readonly report = (amount: ProgressAmount): void => {
    this.#amount = amount;
  };

  readonly says = (what: string): void => {
    this.#what = what;
  };

  readonly clear = (): void => {
    if (this.#isDrawn) this.#terminal.write(ERASE_LINE);
    this.#isDrawn = false;
  };

  readonly clearForStdout = (): void => {
    if (this.#terminal.sharesStdout) this.clear();
  };

  end(): void {
    this.#timer.cancel();
    this.#forgetEnd?.();
    this.clear();
  }

  readonly #tick = (): void => {
    const { clock, isDumb } = this.#terminal;
    const { progressLineMs, progressRedrawnMs } = CLI_LIMITS;
    this.#draw();
    this.#timer = clock.schedule(isDumb ? progressLineMs : progressRedrawnMs, this.#tick);
  };

  #draw(): void {
    if (this.#amount === null) return;
    const { clock, isDumb } = this.#terminal;
    this.#forgetEnd ??= this.#terminal.onEnd(this.#leave);
    this.#rate.note(clock.monotonicMs(), this.#amount.done);
    // In the last column a terminal may begin the next line.
    const width = this.#terminal.width() - 1;
    const line = progressLine(this.#what, this.#amount, this.#rate.perSecond(), width);
    this.#terminal.write(isDumb ? `${line}\n` : `${ERASE_LINE}${line}`);
    this.#isDrawn = !isDumb;
  }

  /** The process ends: the last state stays, and what others write begins a line. */
  readonly #leave = (): void => {
    this.#timer.cancel();
    if (!this.#isDrawn) return;
    this.#draw();
    this.#terminal.write('\n');
    this.#isDrawn = false;
  };
}

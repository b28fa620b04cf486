import type { Clock } from './clock.js';
import { LIMITS } from './limits.js';
import type { EngineLogger } from './logger.js';

/** How far the opening of logs is, as `onProgress` is told. */
export interface EngineProgress {
  /**
   * `open`: logs are opened. `recover`: what lies behind their checkpoints is read, checked and
   * written again, which the first opening after an unclean stop does; told where that is most of
   * the work, and from then on to its end.
   */
  readonly phase: 'open' | 'recover';
  readonly done: number;
  /**
   * At least `done`, which it is at the end. Bytes are an estimate while logs wait of which nothing
   * was read yet, so they may become more or less.
   */
  readonly total: number;
  /** `logs` while they are opened, `bytes` while they are recovered. */
  readonly unit: 'logs' | 'bytes';
}

/**
 * Tells a program how far a piece of work is: not for each step, but at most every
 * `LIMITS.progressToldEveryMs`, and at the end of what has lasted for so long. A callback that
 * throws, or whose promise rejects, is a line in the log, and is not called again: it does not stop
 * the work.
 */
export class ProgressTeller<Amount> {
  readonly #clock: Clock;
  readonly #logger: EngineLogger;
  #tell: ((amount: Amount) => unknown) | null;
  #toldAtMs = 0;
  #isTold = false;

  constructor(tell: ((amount: Amount) => unknown) | null, clock: Clock, logger: EngineLogger) {
    this.#tell = tell;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** A piece of work begins. */
  begin(): void {
    this.#toldAtMs = this.#clock.monotonicMs();
    this.#isTold = false;
  }

  /** A step was done; the amount is asked for only if it is told. */
  step(amount: () => Amount): void {
    if (this.#tell === null) return;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldAtMs < LIMITS.progressToldEveryMs) return;
    this.#toldAtMs = nowMs;
    this.#isTold = true;
    this.#call(amount());
  }

  /** All is done. */
  end(amount: () => Amount): void {
    this.step(amount);
    if (this.#isTold) this.#call(amount());
  }

  #call(amount: Amount): void {
    try {
      const told = this.#tell?.(amount);
      if (isThenable(told)) told.then(undefined, this.#giveUp);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  readonly #giveUp = (error: unknown): void => {
    this.#tell = null;
    this.#logger.warn({ error }, 'onProgress failed: it is not called again');
  };
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null | undefined)?.then === 'function';
}

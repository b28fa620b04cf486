/** A scheduled callback that can be cancelled. Cancelling twice, or after it ran, does nothing. */
export interface Timer {
  /** Keeps the callback from running, unless it has begun. */
  cancel(): void;
}

/**
 * Time, passed in. Wall time stamps records and judges retention; monotonic time carries timeouts,
 * deadlines and leases, because the wall clock can jump.
 */
export interface Clock {
  /** Milliseconds since the Unix epoch. May jump either way. */
  wallMs(): number;
  /** Milliseconds from an arbitrary start. Never goes back. */
  monotonicMs(): number;
  /**
   * Runs `run` once, no sooner than `delayMs` of monotonic time from now. Never keeps the process
   * alive. A promise that `run` returns must not reject; a clock that is moved by hand may wait for
   * it.
   */
  schedule(delayMs: number, run: () => unknown): Timer;
  /** Runs `run` once, when this turn of the event loop has delivered its events. */
  afterTurn(run: () => void): void;
}

/** setTimeout's ceiling; a longer delay would fire at once. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** The machine's own clocks. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  schedule(delayMs, run) {
    if (delayMs <= TIMEOUT_MS_MAX) {
      const handle = setTimeout(run, delayMs).unref();
      return { cancel: () => clearTimeout(handle) };
    }
    let inner: Timer;
    const step = (leftMs: number): void => {
      const waitMs = Math.min(leftMs, TIMEOUT_MS_MAX);
      const handle = setTimeout(() => (leftMs > waitMs ? step(leftMs - waitMs) : run()), waitMs);
      handle.unref();
      inner = { cancel: () => clearTimeout(handle) };
    };
    step(delayMs);
    return { cancel: () => inner.cancel() };
  },
  afterTurn: (run) => void setImmediate(run),
};

import type { Clock, Timer } from '../../engine/index.js';

/** A lease as seen by the store that serves it. */
export interface LeaseState {
  readonly id: string;
  readonly ttlMs: number;
  /** Monotonic; the lease ends when this moment comes, inclusive. */
  deadlineMs: number;
  timer: Timer;
  isLive: boolean;
  readonly end: () => void;
  readonly expired: Promise<void>;
}

/** The leases of one process, timed by the monotonic clock. Knows nothing of keys. */
export class Leases {
  readonly #clock: Clock;
  readonly #onExpiry: (id: string) => void;
  readonly #live = new Map<string, LeaseState>();
  #count = 0;

  /** `onExpiry` runs after a lease ended because its holder did not keep it alive. */
  constructor(clock: Clock, onExpiry: (id: string) => void) {
    this.#clock = clock;
    this.#onExpiry = onExpiry;
  }

  isLive(id: string): boolean {
    return this.#live.has(id);
  }

  grant(ttlMs: number): LeaseState {
    const { promise, resolve } = withResolver();
    const lease: LeaseState = {
      id: String(++this.#count),
      ttlMs,
      deadlineMs: 0,
      timer: NO_TIMER,
      isLive: true,
      end: resolve,
      expired: promise,
    };
    this.#live.set(lease.id, lease);
    this.#arm(lease);
    return lease;
  }

  /**
   * False when it has ended; a deadline that passed unnoticed, as in a suspended machine, ends it
   * now.
   */
  keepAlive(lease: LeaseState): boolean {
    if (!lease.isLive) return false;
    if (this.#clock.monotonicMs() >= lease.deadlineMs) {
      this.#expire(lease);
      return false;
    }
    lease.timer.cancel();
    this.#arm(lease);
    return true;
  }

  /** False when it had ended before. */
  end(lease: LeaseState): boolean {
    if (!lease.isLive) return false;
    lease.isLive = false;
    lease.timer.cancel();
    this.#live.delete(lease.id);
    lease.end();
    return true;
  }

  endAll(): void {
    for (const lease of [...this.#live.values()]) this.end(lease);
  }

  #arm(lease: LeaseState): void {
    lease.deadlineMs = this.#clock.monotonicMs() + lease.ttlMs;
    lease.timer = this.#clock.schedule(lease.ttlMs, () => this.#expire(lease));
  }

  #expire(lease: LeaseState): void {
    if (this.end(lease)) this.#onExpiry(lease.id);
  }
}

const NO_TIMER: Timer = { cancel: () => {} };

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

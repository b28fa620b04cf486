import type { Clock, Timer } from '../../engine/index.js';
import { Deadlines, type Mortal } from './deadlines.js';

/**
 * Calls each holder whose deadline has come, with one timer for all of them. A postponed deadline
 * costs nothing: the alarm then rings early, and makes no call.
 */
export class Alarm<T extends Mortal> {
  readonly #clock: Clock;
  readonly #onDue: (who: T) => Promise<void>;
  readonly #deadlines = new Deadlines<T>();
  #timer: Timer | null = null;
  /** Monotonic; Infinity without a timer. */
  #timerMs = Number.POSITIVE_INFINITY;
  #isRinging = false;
  #isStopped = false;

  /** `onDue` must not reject. It may set deadlines, its own among them. */
  constructor(clock: Clock, onDue: (who: T) => Promise<void>) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Replaces the deadline of `who`, on the monotonic clock; Infinity for none. */
  set(who: T, deadlineMs: number): void {
    if (this.#isStopped) return;
    this.#deadlines.set(who, deadlineMs);
    if (!this.#isRinging) this.#arm();
  }

  /** `who` is not called any more. */
  remove(who: T): void {
    this.#deadlines.remove(who);
  }

  /** Makes no call any more. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#timer = null;
  }

  #arm(): void {
    const nextMs = this.#deadlines.nextMs;
    if (this.#isStopped || nextMs >= this.#timerMs) return;
    this.#timer?.cancel();
    this.#timerMs = nextMs;
    const delayMs = Math.max(0, nextMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => this.#ring());
  }

  /** Resolves when every called holder has finished its work. */
  async #ring(): Promise<void> {
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
    this.#isRinging = true;
    const nowMs = this.#clock.monotonicMs();
    const due: T[] = [];
    // All due holders are taken before any is called: one that is due again at once waits for the
    // next ring.
    const take = (): T | undefined => this.#deadlines.takeDue(nowMs);
    for (let who = take(); who !== undefined; who = take()) due.push(who);
    const called: Promise<void>[] = [];
    for (const who of due) {
      if (this.#isStopped) break;
      called.push(this.#onDue(who));
    }
    this.#isRinging = false;
    this.#arm();
    await Promise.all(called);
  }
}

/** Something that stopped reading because the budget was spent. */
export interface BudgetWaiter {
  /** Called when there is room again, or when this waiter may finish its frame regardless. */
  onBudget(): void;
}

/**
 * The bytes that all connections of a broker hold together: received and unanswered, written and
 * unsent. It counts bytes that are held, never announced ones, and refuses nothing: connections ask
 * before they read on.
 *
 * When half-received frames have used up the budget, none of them could ever be completed. So one
 * waiter at a time may overdraw until its frame is whole: the broker holds at most the limit, one
 * frame, and a floor and a read for each connection.
 */
export class ByteBudget {
  readonly limitBytes: number;
  #usedBytes = 0;
  readonly #waiting = new Set<BudgetWaiter>();
  #overdraft: BudgetWaiter | null = null;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  get hasRoom(): boolean {
    return this.#usedBytes < this.limitBytes;
  }

  /** Counts a change of the held bytes. A fall below the limit wakes every waiter. */
  add(bytes: number): void {
    const wasOver = this.#usedBytes >= this.limitBytes;
    this.#usedBytes += bytes;
    if (!wasOver || this.#usedBytes >= this.limitBytes || this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.onBudget();
  }

  /**
   * Whether `waiter` may read on. If not, `onBudget` is called once when it may. `midFrame`: it
   * holds a part of a frame, and so can be given the overdraft; it keeps it until it asks again
   * between frames, or leaves.
   */
  mayRead(waiter: BudgetWaiter, midFrame: boolean): boolean {
    if (this.#overdraft === waiter && !midFrame) this.#passOverdraft();
    if (this.#usedBytes < this.limitBytes) return true;
    if (midFrame) this.#overdraft ??= waiter;
    if (this.#overdraft === waiter) return true;
    this.#waiting.add(waiter);
    return false;
  }

  /** Calls `onBudget` once, when there is room again. Called while there is none. */
  whenRoom(waiter: BudgetWaiter): void {
    this.#waiting.add(waiter);
  }

  /** Forgets a waiter that is closing. */
  leave(waiter: BudgetWaiter): void {
    this.#waiting.delete(waiter);
    if (this.#overdraft === waiter) this.#passOverdraft();
  }

  /** Lets all waiters ask again: the first that is in the middle of a frame gets the overdraft. */
  #passOverdraft(): void {
    this.#overdraft = null;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.onBudget();
  }
}

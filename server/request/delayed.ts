import { type Clock, LIMITS, type Timer } from '../../engine/index.js';

/** A waiting operation: a long-poll fetch, or a produce with acks=all. */
export interface DelayedOperation<K> {
  /** The keys that it waits on; a check of any of them may complete it. */
  readonly keys: readonly K[];
  /** On the monotonic clock. */
  readonly deadlineMs: number;
  /**
   * Completes the operation if that is possible now. `moved`: the only thing that has moved, null
   * where that is unknown. After it returns true the operation is over, and nothing more is called.
   */
  tryComplete(moved: K | null): boolean;
  /** Called when the deadline has come first. The operation is over. */
  onExpire(): void;
}

export interface DelayedHandle<K> {
  /**
   * Ends the waiting without completing it; nothing is called any more. Does nothing if it is over.
   */
  cancel(): void;
  /** From now on a check of `key` may complete it, too. Does nothing if it is over. */
  watch(key: K): void;
}

interface Waiter<K> extends DelayedHandle<K> {
  readonly operation: DelayedOperation<K>;
  readonly keys: K[];
  /** Place in the heap, or -1 when it is over. */
  at: number;
  /** Whether its `tryComplete` is running; `again` if a check came meanwhile. */
  trying: boolean;
  again: boolean;
}

/**
 * Everything that waits for a partition to move, with deadlines. Each operation ends exactly once:
 * completed, expired or cancelled. A check looks only at the operations that wait on its key; one
 * timer serves all deadlines. A key is compared by identity (or by value, if it is a primitive) and
 * costs nothing when no operation waits on it.
 */
export class DelayedOperations<K> {
  readonly #clock: Clock;
  readonly #byKey = new Map<K, Set<Waiter<K>>>();
  /** A binary heap by deadline. */
  readonly #heap: Waiter<K>[] = [];
  #keyCount = 0;
  #timer: Timer | null = null;
  #timerMs = Number.POSITIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Keys that operations wait on, each as often as one does. */
  get keyCount(): number {
    return this.#keyCount;
  }

  /** Operations that wait. */
  get size(): number {
    return this.#heap.length;
  }

  /**
   * Tries once, and waits if that fails: so the caller need not have looked before. Both may happen
   * before this returns: completing, and expiring if the deadline has passed.
   */
  add(operation: DelayedOperation<K>): DelayedHandle<K> {
    const waiter: Waiter<K> = {
      operation,
      keys: [],
      at: -1,
      trying: false,
      again: false,
      cancel: () => this.#remove(waiter),
      watch: (key) => {
        if (waiter.at >= 0) this.#register(waiter, key);
      },
    };
    if (operation.tryComplete(null)) return waiter;
    if (operation.deadlineMs <= this.#clock.monotonicMs()) {
      operation.onExpire();
      return waiter;
    }
    for (const key of operation.keys) this.#register(waiter, key);
    this.#heap.push(waiter);
    this.#rise(waiter, this.#heap.length - 1);
    if (operation.deadlineMs < this.#timerMs) this.#schedule();
    return waiter;
  }

  /**
   * `key` has moved, and `moved` may name the thing more exactly: lets the operations that wait on
   * `key` try. Returns how many completed.
   */
  check(key: K, moved: K = key): number {
    const waiters = this.#byKey.get(key);
    if (!waiters) return 0;
    let completed = 0;
    // A copy, because completing one may add another or end a third.
    for (const waiter of [...waiters]) {
      if (waiter.at < 0 || !this.#try(waiter, moved)) continue;
      this.#remove(waiter);
      completed += 1;
    }
    return completed;
  }

  /**
   * Ends the operations that wait on `key` by their `onExpire`, as if their deadlines had come. It
   * must not be called from within a `tryComplete`.
   */
  expire(key: K): void {
    for (const waiter of [...(this.#byKey.get(key) ?? [])]) {
      if (waiter.at < 0) continue;
      this.#remove(waiter);
      waiter.operation.onExpire();
    }
  }

  /** Ends every waiting operation by its `onExpire`, as if all deadlines had come: for a stop. */
  expireAll(): void {
    for (let waiter = this.#heap[0]; waiter; waiter = this.#heap[0]) {
      this.#remove(waiter);
      waiter.operation.onExpire();
    }
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerMs = Number.POSITIVE_INFINITY;
  }

  /**
   * A completion may move the key that it waits on: a check from within is remembered, not nested.
   */
  #try(waiter: Waiter<K>, moved: K): boolean {
    if (waiter.trying) {
      waiter.again = true;
      return false;
    }
    waiter.trying = true;
    let done = false;
    let what: K | null = moved;
    do {
      waiter.again = false;
      done = waiter.operation.tryComplete(what);
      what = null;
    } while (!done && waiter.again && waiter.at >= 0);
    waiter.trying = false;
    return done;
  }

  #remove(waiter: Waiter<K>): void {
    if (waiter.at < 0) return;
    const at = waiter.at;
    waiter.at = -1;
    const last = this.#heap.pop()!;
    if (last !== waiter) {
      this.#rise(last, at);
      this.#sink(last, last.at);
    }
    this.#forget(waiter);
  }

  #register(waiter: Waiter<K>, key: K): void {
    waiter.keys.push(key);
    this.#keyCount += 1;
    const waiters = this.#byKey.get(key);
    if (waiters) waiters.add(waiter);
    else this.#byKey.set(key, new Set([waiter]));
  }

  /** Unregisters an operation that is over; of one with many keys, some in each turn. */
  #forget(waiter: Waiter<K>): void {
    const { keys } = waiter;
    const left = Math.max(0, keys.length - LIMITS.turnElementsMax);
    while (keys.length > left) {
      const key = keys.pop()!;
      this.#keyCount -= 1;
      const waiters = this.#byKey.get(key);
      waiters?.delete(waiter);
      if (waiters?.size === 0) this.#byKey.delete(key);
    }
    if (left > 0) this.#clock.afterTurn(() => this.#forget(waiter));
  }

  /**
   * The timer may be early, when the first operation to expire has ended otherwise: then it is only
   * set again.
   */
  #schedule(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#timerMs = this.#heap[0]?.operation.deadlineMs ?? Number.POSITIVE_INFINITY;
    if (this.#timerMs === Number.POSITIVE_INFINITY) return;
    const delayMs = Math.max(0, this.#timerMs - this.#clock.monotonicMs());
    this.#timer = this.#clock.schedule(delayMs, () => this.#expire());
  }

  #expire(): void {
    const nowMs = this.#clock.monotonicMs();
    for (let waiter = this.#heap[0]; waiter; waiter = this.#heap[0]) {
      if (waiter.operation.deadlineMs > nowMs) break;
      this.#remove(waiter);
      waiter.operation.onExpire();
    }
    this.#schedule();
  }

  #rise(waiter: Waiter<K>, from: number): void {
    let at = from;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = this.#heap[parentAt]!;
      if (parent.operation.deadlineMs <= waiter.operation.deadlineMs) break;
      this.#put(parent, at);
      at = parentAt;
    }
    this.#put(waiter, at);
  }

  #sink(waiter: Waiter<K>, from: number): void {
    let at = from;
    for (;;) {
      let childAt = 2 * at + 1;
      const right = this.#heap[childAt + 1];
      if (right && right.operation.deadlineMs < this.#heap[childAt]!.operation.deadlineMs) {
        childAt += 1;
      }
      const child = this.#heap[childAt];
      if (!child || child.operation.deadlineMs >= waiter.operation.deadlineMs) break;
      this.#put(child, at);
      at = childAt;
    }
    this.#put(waiter, at);
  }

  #put(waiter: Waiter<K>, at: number): void {
    this.#heap[at] = waiter;
    waiter.at = at;
  }
}

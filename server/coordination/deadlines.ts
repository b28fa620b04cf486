import { SERVER_LIMITS } from '../limits.js';

/** A holder of a deadline, such as a member that must send heartbeats. */
export interface Mortal {
  /** On the monotonic clock; Infinity for a holder that waits for an answer. */
  deadlineMs: number;
  /**
   * The deadline under which the queue has it; Infinity when it is not queued. Only the queue sets
   * it.
   */
  queuedMs: number;
}

interface Place<T> {
  readonly atMs: number;
  readonly who: T;
}

/**
 * Holders by their deadlines: a binary heap that does not move an entry when its deadline is
 * postponed, so that a heartbeat costs nothing here. An entry that comes up early is queued again
 * at its holder's deadline.
 */
export class Deadlines<T extends Mortal> {
  #heap: Place<T>[] = [];
  #live = 0;

  /** Entries in the heap, outdated ones included. */
  get size(): number {
    return this.#heap.length;
  }

  /** No later than the first deadline; Infinity if there is none. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Sets a deadline. It costs nothing unless it is earlier than the queued one. */
  set(who: T, deadlineMs: number): void {
    who.deadlineMs = deadlineMs;
    if (deadlineMs >= who.queuedMs) return;
    if (who.queuedMs === Number.POSITIVE_INFINITY) this.#live += 1;
    who.queuedMs = deadlineMs;
    if (this.#heap.length > 2 * this.#live + SERVER_LIMITS.staleDeadlinesMax) this.#sweep();
    this.#push({ atMs: deadlineMs, who });
  }

  /** Removes `who`: it does not fall due any more. */
  remove(who: T): void {
    if (who.queuedMs === Number.POSITIVE_INFINITY) return;
    this.#live -= 1;
    who.queuedMs = Number.POSITIVE_INFINITY;
    who.deadlineMs = Number.POSITIVE_INFINITY;
  }

  /** Takes out a holder whose deadline has come; undefined if there is none. */
  takeDue(nowMs: number): T | undefined {
    for (let place = this.#heap[0]; place !== undefined && place.atMs <= nowMs; ) {
      this.#pop();
      const { atMs, who } = place;
      if (who.queuedMs === atMs) {
        this.#live -= 1;
        who.queuedMs = Number.POSITIVE_INFINITY;
        if (who.deadlineMs <= nowMs) return who;
        if (who.deadlineMs < Number.POSITIVE_INFINITY) this.set(who, who.deadlineMs);
      }
      place = this.#heap[0];
    }
    return undefined;
  }

  #sweep(): void {
    const places = this.#heap.filter(({ atMs, who }) => who.queuedMs === atMs);
    this.#heap = [];
    for (const place of places) this.#push(place);
  }

  #push(place: Place<T>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(place);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt]!;
      if (parent.atMs <= place.atMs) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = place;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && right.atMs < heap[childAt]!.atMs) childAt += 1;
      const child = heap[childAt]!;
      if (child.atMs >= last.atMs) break;
      heap[at] = child;
      at = childAt;
    }
    heap[at] = last;
  }
}

import type { Appended } from '../partition-log.js';

/** One append that was written, or is about to be, and waits for its promise to hold. */
export interface AppendWaiter {
  /** Exclusive: the append's promise holds when it holds for the log up to this offset. */
  readonly endOffset: number;
  readonly appended: Appended;
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: Error) => void;
}

/** Appends waiting for the durable end, in offset order. */
export class AppendWaiters {
  #queue: AppendWaiter[] = [];
  #head = 0;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  push(waiter: AppendWaiter): void {
    this.#queue.push(waiter);
    this.#count++;
  }

  /** Resolves everything up to `endOffset` (exclusive). */
  resolveUpTo(endOffset: number): void {
    const queue = this.#queue;
    while (this.#head < queue.length && queue[this.#head]!.endOffset <= endOffset) {
      const waiter = queue[this.#head++]!;
      this.#count--;
      waiter.resolve(waiter.appended);
    }
    if (this.#head === queue.length) {
      this.#queue = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#queue = queue.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Rejects everything whose records reach beyond `offset`. */
  rejectFrom(offset: number, error: Error): void {
    const waiting = this.#queue.slice(this.#head);
    this.#queue = waiting.filter((waiter) => waiter.endOffset <= offset);
    this.#head = 0;
    this.#count = this.#queue.length;
    for (const waiter of waiting) if (waiter.endOffset > offset) waiter.reject(error);
  }
}

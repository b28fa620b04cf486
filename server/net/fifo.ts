import { SERVER_LIMITS } from '../limits.js';

/**
 * A queue at the price of an array. An item that was taken does not stay reachable for long, even
 * if the queue is never empty.
 */
export class Fifo<T> {
  #items: T[] = [];
  #first = 0;

  get length(): number {
    return this.#items.length - this.#first;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  /** The oldest item, or undefined. */
  peek(): T | undefined {
    return this.#items[this.#first];
  }

  /** Removes the oldest item; there is one. */
  drop(): void {
    this.#first += 1;
    if (this.#first === this.#items.length) {
      this.#items.length = 0;
      this.#first = 0;
    } else if (this.#first > SERVER_LIMITS.queueTakenMax && this.#first > this.#items.length / 2) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
  }

  clear(): void {
    this.#items.length = 0;
    this.#first = 0;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#first; at < this.#items.length; at++) yield this.#items[at]!;
  }
}

import { SERVER_LIMITS } from '../../limits.js';
import { Fifo } from '../fifo.js';

interface Waiting<T> {
  readonly item: T;
  /** The order of arrival: smaller for earlier items. */
  readonly number: number;
}

/**
 * A queue in which small items come first: on levels by size, each up to four times as large as the
 * one before. Within a level: first come, first served. Each item is in it once.
 */
export class SizedQueue<T> {
  readonly #levels = Array.from(
    { length: SERVER_LIMITS.requestSizeLevels },
    () => new Fifo<Waiting<T>>(),
  );
  readonly #present = new Set<T>();
  #added = 0;

  get length(): number {
    return this.#present.size;
  }

  has(item: T): boolean {
    return this.#present.has(item);
  }

  /** Adds an item that is not there. */
  add(item: T, bytes: number): void {
    let level = 0;
    let levelEnd: number = SERVER_LIMITS.smallRequestBytes;
    while (bytes >= levelEnd && level < this.#levels.length - 1) {
      level += 1;
      levelEnd *= 4;
    }
    this.#levels[level]!.push({ item, number: this.#added });
    this.#added += 1;
    this.#present.add(item);
  }

  /** Removes the oldest item of the lowest level; there is one. */
  takeSmallest(): T {
    return this.#take(this.#levels.find((level) => level.length > 0)!);
  }

  /** Removes the item that came first; there is one. */
  takeOldest(): T {
    let oldest: Fifo<Waiting<T>> | null = null;
    let number = Number.POSITIVE_INFINITY;
    for (const level of this.#levels) {
      const first = level.peek();
      if (first === undefined || first.number > number) continue;
      oldest = level;
      number = first.number;
    }
    return this.#take(oldest!);
  }

  #take(level: Fifo<Waiting<T>>): T {
    const { item } = level.peek()!;
    level.drop();
    this.#present.delete(item);
    return item;
  }
}

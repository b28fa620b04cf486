import type { ServerLimits } from '../limits.js';
import type { ByteBudget } from './byte-budget.js';
import { Fifo } from './fifo.js';
import type { Turn } from './turn.js';

/** What waits to begin a large request. */
interface Waiter {
  start(): void;
}

/** A large request that is counted. */
export interface InProgress {
  /** It has ended, or waits for others and holds little. Counts once. */
  end(): void;
}

/**
 * Bounds the large requests that all connections have begun and not ended, in array elements: an
 * element that is decoded takes some thirty times its bytes on the wire, whether its client waits
 * for the answer or has gone. While the broker's byte budget is spent, too, they begin one after
 * another.
 */
export class RequestsInProgress {
  readonly #turn: Turn;
  readonly #budget: ByteBudget;
  readonly #elementsMax: number;
  readonly #largeMin: number;
  readonly #waiting = new Fifo<Waiter>();
  readonly #isWaiting = new Set<Waiter>();
  #elements = 0;
  #isArmed = false;

  constructor(turn: Turn, budget: ByteBudget, limits: ServerLimits) {
    this.#turn = turn;
    this.#budget = budget;
    this.#elementsMax = limits.elementsInProgressMax;
    this.#largeMin = limits.largeRequestElementsMin;
  }

  /** Elements of the large requests in progress. */
  get elements(): number {
    return this.#elements;
  }

  /** Whether large requests wait. */
  get isFull(): boolean {
    return this.#elements >= this.#elementsMax || (this.#elements > 0 && !this.#budget.hasRoom);
  }

  /** Calls `waiter.start` when a large request may begin. It is full. */
  wait(waiter: Waiter): void {
    if (this.#isWaiting.has(waiter)) return;
    this.#isWaiting.add(waiter);
    this.#waiting.push(waiter);
  }

  /** A request has begun. Null for one that is not large. */
  began(elements: number): InProgress | null {
    if (elements < this.#largeMin) return null;
    this.#elements += elements;
    let isCounted = true;
    return {
      end: () => {
        if (!isCounted) return;
        isCounted = false;
        this.#ended(elements);
      },
    };
  }

  #ended(elements: number): void {
    this.#elements -= elements;
    if (this.#isArmed || this.#waiting.length === 0 || this.isFull) return;
    this.#isArmed = true;
    this.#turn.next(() => {
      this.#isArmed = false;
      this.#goOn();
    });
  }

  /** As many as waited at first: who has more to begin comes to the end of the line. */
  #goOn(): void {
    for (let left = this.#waiting.length; left > 0 && !this.isFull; left--) {
      const next = this.#waiting.peek()!;
      this.#waiting.drop();
      this.#isWaiting.delete(next);
      next.start();
    }
  }
}

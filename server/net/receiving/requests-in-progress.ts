import type { ServerLimits } from '../../limits.js';
import { Fifo } from '../fifo.js';
import type { Turn } from '../turn.js';
import type { BudgetWaiter, ByteBudget } from './byte-budget.js';
import { SizedQueue } from './sized-queue.js';

/** What waits to begin a large request. */
interface Waiter {
  start(): void;
}

/** A large request that is counted. */
export interface InProgress {
  /** It holds so many elements more, or fewer. */
  add(elements: number): void;
  /** It has ended, or waits for others and holds little. Counts once. */
  end(): void;
}

/**
 * Bounds the large requests that all connections have begun and not ended, in array elements, those
 * of requests and those that answers are made of: an element takes some thirty times its bytes on
 * the wire, whether its client waits for the answer or has gone. While the broker's byte budget is
 * spent they begin one after another: their answers would be held, too. Those that wait begin the
 * small first, and the oldest in turn.
 */
export class RequestsInProgress implements BudgetWaiter {
  readonly #turn: Turn;
  readonly #budget: ByteBudget;
  readonly #elementsMax: number;
  readonly #largeMin: number;
  readonly #largeAnswerMin: number;
  readonly #answersMax: number;
  readonly #waiting = new SizedQueue<Waiter>();
  readonly #answersWaiting = new Fifo<Waiter>();
  #answers = 0;
  #elements = 0;
  #isArmed = false;
  #takesOldest = false;

  constructor(turn: Turn, budget: ByteBudget, limits: ServerLimits) {
    this.#turn = turn;
    this.#budget = budget;
    this.#elementsMax = limits.elementsInProgressMax;
    this.#largeMin = limits.largeRequestElementsMin;
    this.#largeAnswerMin = limits.largeAnswerElementsMin;
    this.#answersMax = limits.largeAnswersAtOnceMax;
  }

  /** Elements of the large requests in progress. */
  get elements(): number {
    return this.#elements;
  }

  /** Whether large requests wait. */
  get isFull(): boolean {
    if (this.#elements >= this.#elementsMax) return true;
    // What has spent the budget may be the very requests that wait: one goes on.
    return this.#elements > 0 && !this.#budget.hasRoom;
  }

  /** Calls `waiter.start` when a large request may begin. It is full. */
  wait(waiter: Waiter, bytes: number): void {
    if (!this.#waiting.has(waiter)) this.#waiting.add(waiter, bytes);
    if (!this.#budget.hasRoom) this.#budget.whenRoom(this);
  }

  /** A request has begun. Null for one that is not large. */
  began(elements: number): InProgress | null {
    return elements < this.#largeMin ? null : this.#count(elements);
  }

  /**
   * One that has begun turns out to be large. A promise where it has to wait; null if it is not.
   * Few go on at a time: how large each becomes is not known.
   */
  enter(elements: number): InProgress | Promise<InProgress> | null {
    if (elements < this.#largeAnswerMin) return null;
    if (this.#mayAnswer) return this.#countAnswer(elements);
    return new Promise((resolve) => {
      // Counted in the turn in which it may go on, so that no other takes its place.
      this.#answersWaiting.push({ start: () => resolve(this.#countAnswer(elements)) });
      if (!this.#budget.hasRoom) this.#budget.whenRoom(this);
    });
  }

  get #mayAnswer(): boolean {
    return this.#answers < this.#answersMax && !this.isFull;
  }

  #countAnswer(elements: number): InProgress {
    const counted = this.#count(elements);
    this.#answers += 1;
    let isCounted = true;
    return {
      add: counted.add,
      end: () => {
        if (!isCounted) return;
        isCounted = false;
        this.#answers -= 1;
        counted.end();
      },
    };
  }

  #count(elements: number): InProgress {
    let counted = elements;
    this.#elements += counted;
    return {
      add: (more) => {
        if (counted === 0) return;
        counted += more;
        this.#elements += more;
        if (more < 0) this.#wake();
      },
      end: () => {
        this.#elements -= counted;
        counted = 0;
        this.#wake();
      },
    };
  }

  onBudget(): void {
    this.#wake();
  }

  #wake(): void {
    if (this.#isArmed || this.#waiting.length + this.#answersWaiting.length === 0) return;
    if (this.isFull) {
      if (!this.#budget.hasRoom) this.#budget.whenRoom(this);
      return;
    }
    this.#isArmed = true;
    this.#turn.next(() => {
      this.#isArmed = false;
      this.#goOn();
    });
  }

  /** As many as waited at first: who has more to begin comes to the end of the line. */
  #goOn(): void {
    for (let left = this.#waiting.length; left > 0 && !this.isFull; left--) {
      this.#takesOldest = !this.#takesOldest;
      const next = this.#takesOldest ? this.#waiting.takeOldest() : this.#waiting.takeSmallest();
      next.start();
    }
    while (this.#answersWaiting.length > 0 && this.#mayAnswer) {
      const next = this.#answersWaiting.peek()!;
      this.#answersWaiting.drop();
      next.start();
    }
    if (this.#waiting.length + this.#answersWaiting.length > 0 && !this.#budget.hasRoom)
      this.#budget.whenRoom(this);
  }
}

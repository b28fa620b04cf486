import type { ServerLimits } from '../../limits.js';
import { Fifo } from '../fifo.js';
import type { Turn } from '../turn.js';
import type { BudgetWaiter, ByteBudget } from './byte-budget.js';
import { SizedQueue } from './sized-queue.js';

/** A connection or request that waits to begin a large request. */
interface Waiter {
  start(): void;
}

/** A large request that is counted. */
export interface InProgress {
  /** Adds elements that the request holds now; a negative number takes some away. */
  add(elements: number): void;
  /**
   * Called when the request has ended, or waits for something else and holds little. Only the first
   * call counts.
   */
  end(): void;
}

/**
 * Bounds the large requests that all connections have begun and not ended, by the array elements of
 * requests and answers: an element takes some thirty times its bytes on the wire, whether its
 * client waits for the answer or has gone. While the broker's byte budget is spent, large requests
 * begin one after another: their answers would be held, too. Of the waiting requests, the oldest
 * and the smallest one begin alternately.
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
    // The waiting requests themselves may have spent the budget: so one goes on.
    return this.#elements > 0 && !this.#budget.hasRoom;
  }

  /** Calls `waiter.start` when a large request may begin. Called while `isFull`. */
  wait(waiter: Waiter, bytes: number): void {
    if (!this.#waiting.has(waiter)) this.#waiting.add(waiter, bytes);
    if (!this.#budget.hasRoom) this.#budget.whenRoom(this);
  }

  /** Counts a request that has begun. Null for a request that is not large. */
  began(elements: number): InProgress | null {
    return elements < this.#largeMin ? null : this.#count(elements);
  }

  /**
   * Counts a request that has begun and turns out to be large. A promise where it has to wait; null
   * if it is not large. Only a few go on at a time, since it is unknown how large each becomes.
   */
  enter(elements: number): InProgress | Promise<InProgress> | null {
    if (elements < this.#largeAnswerMin) return null;
    if (this.#mayAnswer) return this.#countAnswer(elements);
    return new Promise((resolve) => {
      // The request is counted in the turn in which it may go on, so that no other takes its place.
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

  /**
   * Starts at most as many as waited at first: a waiter with more requests comes to the end of the
   * queue.
   */
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

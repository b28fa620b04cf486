import type { ServerLimits } from '../../limits.js';
import type { Turn } from '../turn.js';
import { TurnAllowance } from '../turn-allowance.js';
import type { ByteBudget } from './byte-budget.js';
import { RequestsInProgress } from './requests-in-progress.js';
import { SizedQueue } from './sized-queue.js';

/**
 * The pipeline of one connection, which waits for a turn of the event loop in which it may begin
 * requests.
 */
export interface Beginner {
  /** Size of the request that it would begin next. */
  readonly nextBytes: number;
  /** Begins requests while `mayBegin` says so. */
  start(): void;
}

/**
 * Bounds the requests that begin in one turn of the event loop, over all connections of the broker:
 * each counts for `requestBeginElements` and for its array elements, and once they are beyond
 * `turnBegunElementsMax` the next ones wait for a later turn. In that turn the waiting connections
 * begin one request each, one after another, so that connections with many requests do not hold up
 * one with few. Small requests come first, since only the size of a request tells how much it holds
 * before it is decoded; each turn also begins the request that has waited longest.
 */
export class RequestTurns {
  readonly inProgress: RequestsInProgress;
  readonly #turn: Turn;
  readonly #allowance: TurnAllowance;
  readonly #beginElements: number;
  readonly #waiting = new SizedQueue<Beginner>();
  /** The connection that may begin a request now, of those that waited. */
  #next: Beginner | null = null;
  #isArmed = false;

  constructor(turn: Turn, budget: ByteBudget, limits: ServerLimits) {
    this.inProgress = new RequestsInProgress(turn, budget, limits);
    this.#turn = turn;
    const { turnBegunElementsMax, turnBegunUnaskedDivisor } = limits;
    this.#allowance = new TurnAllowance(turn, turnBegunElementsMax, turnBegunUnaskedDivisor);
    this.#beginElements = limits.requestBeginElements;
  }

  /**
   * Whether `beginner` may begin a request now, which it then does. If not, its `start` is called
   * when it may.
   */
  mayBegin(beginner: Beginner): boolean {
    const isNext = this.#next === beginner;
    const isFree = this.#next === null && this.#waiting.length === 0 && this.#allowance.left > 0;
    if (isNext || isFree) {
      this.#next = null;
      this.#allowance.spend(this.#beginElements);
      return true;
    }
    if (this.#waiting.has(beginner)) return false;
    this.#waiting.add(beginner, beginner.nextBytes);
    this.#arm();
    return false;
  }

  /** Counts the array elements of a request that has begun in this turn. */
  did(elements: number): void {
    this.#allowance.spend(elements);
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#turn.next(() => {
      this.#isArmed = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    // A connection with more requests comes behind the others with the same size.
    while (this.#waiting.length > 0 && this.#allowance.left > 0) {
      this.#begin(this.#waiting.takeSmallest());
    }
    if (this.#waiting.length === 0) return;
    this.#begin(this.#waiting.takeOldest());
    if (this.#waiting.length > 0) this.#arm();
  }

  #begin(next: Beginner): void {
    this.#next = next;
    next.start();
    this.#next = null;
  }
}

import type { ServerLimits } from '../limits.js';
import { Fifo } from './fifo.js';
import type { Turn } from './turn.js';
import { TurnAllowance } from './turn-allowance.js';

/** What waits for a turn in which it may begin requests: the pipeline of one connection. */
export interface Beginner {
  /** Begins requests while `mayBegin` says so. */
  start(): void;
}

/**
 * The share of an allowance that is spent without asking for the turn: one callback for that many
 * requests.
 */
const UNASKED_DIVISOR = 2;

/**
 * Bounds the requests that begin in one turn of the event loop, over all connections of the broker:
 * each counts for `requestBeginElements` and for its array elements, and once they are beyond
 * `turnBegunElementsMax` the next ones wait for a later turn. In that one the connections that wait
 * begin one request each, in turn, so that one with few is not held up by those with many.
 */
export class RequestTurns {
  readonly #turn: Turn;
  readonly #allowance: TurnAllowance;
  readonly #beginElements: number;
  readonly #waiting = new Fifo<Beginner>();
  readonly #isWaiting = new Set<Beginner>();
  /** The one whose turn it is among those that waited. */
  #next: Beginner | null = null;
  #isArmed = false;

  constructor(turn: Turn, limits: ServerLimits) {
    this.#turn = turn;
    this.#allowance = new TurnAllowance(turn, limits.turnBegunElementsMax, UNASKED_DIVISOR);
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
    if (this.#isWaiting.has(beginner)) return false;
    this.#isWaiting.add(beginner);
    this.#waiting.push(beginner);
    this.#arm();
    return false;
  }

  /** A request that has begun in this turn holds so many array elements. */
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
    for (let next = this.#waiting.peek(); next !== undefined; next = this.#waiting.peek()) {
      if (this.#allowance.left <= 0) {
        this.#arm();
        return;
      }
      // Who has more to begin comes to the end of the line.
      this.#waiting.drop();
      this.#isWaiting.delete(next);
      this.#next = next;
      next.start();
      this.#next = null;
    }
  }
}

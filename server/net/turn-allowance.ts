import { SERVER_LIMITS } from '../limits.js';
import type { Turn } from './turn.js';

/**
 * What may still be done in this turn of the event loop: the bytes that one connection moves, or
 * the requests that all begin. Asking the turn costs a callback and another poll, so it is asked
 * only by those who do much: a connection of small requests, one a turn, has it asked once in
 * hundreds of them. The price is that a turn may see more than the allowance, by one part in
 * `unaskedDivisor`.
 */
export class TurnAllowance {
  readonly #turn: Turn;
  readonly #max: number;
  readonly #unasked: number;
  /** The turn in which it was last asked, and what was spent since. */
  #number = -1;
  #spent = 0;

  constructor(turn: Turn, max: number, unaskedDivisor: number = SERVER_LIMITS.turnUnaskedDivisor) {
    this.#turn = turn;
    this.#max = max;
    this.#unasked = Math.floor(max / unaskedDivisor);
  }

  /** Zero or less when nothing more may be done until the next turn. */
  get left(): number {
    if (this.#spent >= this.#unasked) {
      const number = this.#turn.current();
      if (number !== this.#number) {
        this.#number = number;
        this.#spent = 0;
      }
    }
    return this.#max - this.#spent;
  }

  spend(amount: number): void {
    this.#spent += amount;
  }
}

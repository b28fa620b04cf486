import { SERVER_LIMITS } from '../limits.js';
import type { Turn } from './turn.js';

/**
 * The work that may still be done in this turn of the event loop: bytes that one connection moves,
 * or requests that all connections begin. Asking for the number of the turn costs a callback and
 * another poll, so only large spenders ask: a connection of small requests, one a turn, asks once
 * in hundreds of them. The price is that a turn may exceed the allowance by its `unaskedDivisor`th
 * part.
 */
export class TurnAllowance {
  readonly #turn: Turn;
  readonly #max: number;
  readonly #unasked: number;
  /** The number of the turn when it was last asked for, and the amount spent since. */
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

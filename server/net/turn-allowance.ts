import { SERVER_LIMITS } from '../limits.js';
import type { Turn } from './turn.js';

/**
 * How many bytes one connection may still move in this turn of the event loop. Asking the turn costs a callback and another poll, so
 * it is asked only by those who move much: a connection of small requests, one a turn, has it asked once in hundreds of them. The price
 * is that a turn may see a sixteenth more than the allowance.
 */
export class TurnAllowance {
  readonly #turn: Turn;
  readonly #bytesMax: number;
  readonly #unaskedBytes: number;
  /** The turn in which it was last asked, and what was spent since. */
  #number = -1;
  #spentBytes = 0;

  constructor(turn: Turn, bytesMax: number) {
    this.#turn = turn;
    this.#bytesMax = bytesMax;
    this.#unaskedBytes = Math.floor(bytesMax / SERVER_LIMITS.turnUnaskedDivisor);
  }

  /** Zero or less when nothing more may be moved until the next turn. */
  get leftBytes(): number {
    if (this.#spentBytes >= this.#unaskedBytes) {
      const number = this.#turn.current();
      if (number !== this.#number) {
        this.#number = number;
        this.#spentBytes = 0;
      }
    }
    return this.#bytesMax - this.#spentBytes;
  }

  spend(bytes: number): void {
    this.#spentBytes += bytes;
  }
}

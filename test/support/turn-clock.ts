import { ManualClock } from '../../engine/manual-clock.js';

/** A clock whose turns end when the test says so. */
export class TurnClock extends ManualClock {
  asked = 0;
  #ends: (() => void)[] = [];

  override afterTurn(run: () => void): void {
    this.asked += 1;
    this.#ends.push(run);
  }

  endTurn(): void {
    const ends = this.#ends;
    this.#ends = [];
    for (const end of ends) end();
  }
}

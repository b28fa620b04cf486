import type { Clock } from './clock.js';
import { LIMITS } from './limits.js';

/**
 * `elements`: things that were looked at (partitions, members, segments). `records`: records, headers of
 * records and headers of batches that were walked, of which a turn does many more. `bytes`: unpacked, hashed
 * or searched.
 */
export type WorkKind = 'elements' | 'records' | 'bytes';

/** Is told of the work that event loop turns do, so that a test can bound what one turn did. */
export interface WorkMeter {
  /** Called in the turn that does the work. */
  add(kind: WorkKind, amount: number): void;
}

/** Counts nothing. */
export const unmetered: WorkMeter = { add() {} };

/**
 * Cuts long work into slices, so that those who do little are served in between. All work of a broker shares
 * one allowance per turn of the event loop (`LIMITS.turnElementsMax`, `turnRecordsMax`, `turnBytesMax`): once
 * it is used up, whoever reports work waits in line, and each later turn lets one of them go on.
 *
 * ```ts
 * for (const member of members) {
 *   look(member);
 *   const pause = slices.did(1);
 *   if (pause !== null) await pause;
 * }
 * ```
 */
export class TurnSlices {
  readonly #clock: Clock;
  readonly #meter: WorkMeter;
  readonly #waiting: (() => void)[] = [];
  #elements = 0;
  #records = 0;
  #bytes = 0;
  #isArmed = false;

  constructor(clock: Clock, meter: WorkMeter = unmetered) {
    this.#clock = clock;
    this.#meter = meter;
  }

  /**
   * Reports work that this turn has just done. Null: go on. A promise: await it before doing more; it resolves
   * in a later turn, with a fresh allowance, and never rejects. State may have changed meanwhile.
   */
  did(amount: number, kind: WorkKind = 'elements'): Promise<void> | null {
    this.#meter.add(kind, amount);
    if (kind === 'elements') this.#elements += amount;
    else if (kind === 'records') this.#records += amount;
    else this.#bytes += amount;
    if (!this.#isArmed) this.#arm();
    const isUsedUp =
      this.#elements >= LIMITS.turnElementsMax ||
      this.#records >= LIMITS.turnRecordsMax ||
      this.#bytes >= LIMITS.turnBytesMax;
    if (!isUsedUp) return null;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #arm(): void {
    this.#isArmed = true;
    this.#clock.afterTurn(() => {
      this.#isArmed = false;
      this.#elements = 0;
      this.#records = 0;
      this.#bytes = 0;
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#arm();
      next();
    });
  }
}

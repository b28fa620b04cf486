import type { Clock } from './clock.js';
import { LIMITS } from './limits.js';
import { WaitingWork } from './waiting-work.js';

/**
 * `elements`: things that were looked at (partitions, members, segments). `records`: records,
 * headers of records and headers of batches that were walked, of which a turn does many more.
 * `bytes`: unpacked, hashed, searched or encoded.
 */
export type WorkKind = 'elements' | 'records' | 'bytes';

/** Gets the work that each turn of the event loop does, so that a test can bound it. */
export interface WorkMeter {
  /** Called in the turn that does the work. */
  add(kind: WorkKind, amount: number): void;
}

/** Counts nothing. */
export const unmetered: WorkMeter = { add() {} };

/**
 * The allowance of a turn, for each kind of work. Work of all kinds adds up to shares of one
 * allowance.
 */
const TURN_MAX: Readonly<Record<WorkKind, number>> = {
  elements: LIMITS.turnElementsMax,
  records: LIMITS.turnRecordsMax,
  bytes: LIMITS.turnBytesMax,
};

/**
 * Cuts long work into slices, so that short requests are served in between. All work of a broker
 * shares one allowance per turn of the event loop (`LIMITS.turnElementsMax`, `turnRecordsMax`,
 * `turnBytesMax`): once it is used up, a request or job that reports work waits for a later turn.
 *
 * Each request, and each job, reports to a {@link Work} of its own, which knows how much it has
 * done. Requests and jobs that have done little go first: it is unknown beforehand whether a
 * request is long, but known how much it has done. So no small request waits behind long ones,
 * however many they are.
 *
 * - Work that has done less than `LIMITS.shortWorkShare` of an allowance goes on although the
 *   turn's allowance is used up, until all work together exceeds the allowance by
 *   `LIMITS.turnShortShareMax`.
 * - Each turn lets the long work go on that has waited longest, for `LIMITS.turnOldestShare` of the
 *   allowance, however much short work there is: behind n others it waits for n turns at most.
 * - The rest of the allowance goes to the work that has done least, first come, first served.
 *
 * ```ts
 * const work = slices.begin();
 * for (const member of members) {
 *   look(member);
 *   const pause = work.did(1);
 *   if (pause !== null) await pause;
 * }
 * ```
 */
export class TurnSlices {
  readonly #clock: Clock;
  readonly #meter: WorkMeter;
  readonly #waiting = new WaitingWork();
  #turn = 0;
  /**
   * Shares of the allowance: the work that this turn has done, and the grants that it has given and
   * not yet seen used.
   */
  #doneShare = 0;
  #grantedShare = 0;
  #isArmed = false;

  constructor(clock: Clock, meter: WorkMeter = unmetered) {
    this.#clock = clock;
    this.#meter = meter;
  }

  /**
   * Begins a piece of work: a request, or a job. It needs no end. `gate` is also asked at each
   * report of elements.
   */
  begin(gate: WorkGate | null = null): Work {
    return new Work(this, gate);
  }

  /** Counts work that was done in this turn, and returns the share of an allowance that it is. */
  count(amount: number, kind: WorkKind): number {
    this.#meter.add(kind, amount);
    if (!this.#isArmed) this.#arm();
    const share = amount / TURN_MAX[kind];
    this.#doneShare += share;
    return share;
  }

  /** Takes up to `share` from a grant for this turn. True: some of the grant is left. */
  spend(grant: Grant, share: number): boolean {
    if (grant.turn !== this.#turn) return false;
    this.#grantedShare -= Math.min(grant.share, share);
    return grant.share > share;
  }

  /** Whether work without a grant, which has done `share` so far, may do more in this turn. */
  mayGoOn(share: number): boolean {
    const isShort = share < LIMITS.shortWorkShare;
    return this.#doneShare + this.#grantedShare < (isShort ? 1 + LIMITS.turnShortShareMax : 1);
  }

  /** Resolves in a later turn with a grant for that turn. */
  wait(share: number): Promise<Grant> {
    return new Promise((resolve) => {
      this.#waiting.add(share, (granted) => {
        this.#grantedShare += granted;
        resolve({ turn: this.#turn, share: granted });
      });
    });
  }

  #arm(): void {
    this.#isArmed = true;
    this.#clock.afterTurn(() => {
      this.#isArmed = false;
      this.#turn += 1;
      this.#doneShare = 0;
      this.#grantedShare = 0;
      if (this.#waiting.isEmpty) return;
      this.#arm();
      this.#waiting.resumeOldest(LIMITS.turnOldestShare);
      while (this.#grantedShare < 1 && !this.#waiting.isEmpty) {
        this.#waiting.resumeShortest(1 - this.#grantedShare);
      }
    });
  }
}

/** A share of one turn's allowance for one piece of work, whatever other work does in that turn. */
interface Grant {
  readonly turn: number;
  readonly share: number;
}

const NO_GRANT: Grant = { turn: -1, share: 0 };

/** Says when a piece of work may go on, for other reasons than its share of a turn. */
export interface WorkGate {
  /** Null, or a promise to await first. It may reject: then the work must not go on. */
  did(amount: number): Promise<void> | null;
}

/** One request or job, as {@link TurnSlices} sees it. Made by `TurnSlices.begin`. */
export class Work {
  readonly #slices: TurnSlices;
  readonly #gate: WorkGate | null;
  #doneShare = 0;
  #grant = NO_GRANT;

  constructor(slices: TurnSlices, gate: WorkGate | null) {
    this.#slices = slices;
    this.#gate = gate;
  }

  /**
   * Reports work that this turn has just done. Null: go on. A promise: await it before doing more;
   * it resolves in a later turn, and rejects only where a gate does. State may have changed
   * meanwhile.
   */
  did(amount: number, kind: WorkKind = 'elements'): Promise<void> | null {
    const pause = this.#spend(amount, kind);
    const held = this.#gate === null || kind !== 'elements' ? null : this.#gate.did(amount);
    if (held === null) return pause;
    return pause === null ? held : Promise.all([pause, held]).then(() => {});
  }

  #spend(amount: number, kind: WorkKind): Promise<void> | null {
    const share = this.#slices.count(amount, kind);
    this.#doneShare += share;
    if (this.#grant !== NO_GRANT) {
      const { turn, share: granted } = this.#grant;
      const isLeft = this.#slices.spend(this.#grant, share);
      this.#grant = isLeft ? { turn, share: granted - share } : NO_GRANT;
      if (isLeft) return null;
    }
    return this.#slices.mayGoOn(this.#doneShare) ? null : this.#wait();
  }

  async #wait(): Promise<void> {
    this.#grant = await this.#slices.wait(this.#doneShare);
  }
}

import { LIMITS } from './limits.js';

/**
 * Called in the turn in which the work goes on, with the share of that turn's allowance that it may
 * use.
 */
type Resume = (grantedShare: number) => void;

interface Waiting {
  readonly resume: Resume;
  /** The order of arrival: smaller for earlier work. */
  readonly number: number;
  /** The share that it may use before it belongs to the next level. */
  readonly leftShare: number;
}

const { waitingWorkLevels: LEVELS, waitingWorkLevelFactor: LEVEL_FACTOR } = LIMITS;

/**
 * Work that waits for a later turn of the event loop, on levels by how much it has done so far:
 * below `LIMITS.shortWorkShare` of an allowance, below `LIMITS.waitingWorkLevelFactor` times that,
 * and so on. Within a level: first come, first served.
 */
export class WaitingWork {
  readonly #levels: readonly Waiting[][] = Array.from({ length: LEVELS }, () => []);
  #added = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** `doneShare` is the work done in all turns so far, in allowances. */
  add(doneShare: number, resume: Resume): void {
    let level = 0;
    let levelEnd: number = LIMITS.shortWorkShare;
    while (doneShare >= levelEnd && level < LEVELS - 1) {
      level += 1;
      levelEnd *= LEVEL_FACTOR;
    }
    // The last level has no end.
    const leftShare = level === LEVELS - 1 ? 1 : levelEnd - doneShare;
    this.#levels[level]!.push({ resume, number: this.#added, leftShare });
    this.#added += 1;
    this.#count += 1;
  }

  /** Lets the long work go on that has waited longest, if there is any. */
  resumeOldest(grantedShare: number): void {
    let oldest: Waiting[] | undefined;
    for (const level of this.#levels) {
      if (level.length === 0 || level === this.#levels[0]) continue;
      if (oldest === undefined || level[0]!.number < oldest[0]!.number) oldest = level;
    }
    this.#take(oldest)?.resume(grantedShare);
  }

  /**
   * Lets work of the lowest level go on until it belongs to the next level, but never for less than
   * `LIMITS.shortWorkShare`: so a turn lets only a few go on.
   */
  resumeShortest(atMostShare: number): void {
    const next = this.#take(this.#levels.find((level) => level.length > 0));
    next?.resume(Math.min(atMostShare, Math.max(next.leftShare, LIMITS.shortWorkShare)));
  }

  #take(level: Waiting[] | undefined): Waiting | undefined {
    const taken = level?.shift();
    if (taken !== undefined) this.#count -= 1;
    return taken;
  }
}

import { LIMITS } from './limits.js';

/**
 * Called in the turn in which the work goes on, with the share of that turn's allowance that it may
 * use.
 */
type Resume = (grantedShare: number) => void;

interface Waiting {
  readonly resume: Resume;
  /** Smaller for those who came earlier. */
  readonly number: number;
  /** What it may do before it belongs to the next level. */
  readonly leftShare: number;
}

const { waitingWorkLevels: LEVELS, waitingWorkLevelFactor: LEVEL_FACTOR } = LIMITS;

/**
 * Work that waits for a turn, on levels by what it has done so far: below `LIMITS.shortWorkShare`
 * of an allowance, below `LIMITS.waitingWorkLevelFactor` times that, and so on. On a level, first
 * come is first served.
 */
export class WaitingWork {
  readonly #levels: readonly Waiting[][] = Array.from({ length: LEVELS }, () => []);
  #added = 0;
  #count = 0;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** `doneShare` is what the work has done in all its turns, in allowances. */
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

  /** Lets the one go on that has waited longest of those that are not short, if there is one. */
  resumeOldest(grantedShare: number): void {
    let oldest: Waiting[] | undefined;
    for (const level of this.#levels) {
      if (level.length === 0 || level === this.#levels[0]) continue;
      if (oldest === undefined || level[0]!.number < oldest[0]!.number) oldest = level;
    }
    this.#take(oldest)?.resume(grantedShare);
  }

  /**
   * Lets one of those go on that have done least, until it is no longer one of them, but never for
   * less than a short one: a turn lets few go on.
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

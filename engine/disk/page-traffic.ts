import type { CacheMoment } from './resident-ranges.js';
import { WarmUps } from './warm-ups.js';

/** The state of the page cache that the files of one data directory share. */
export class PageTraffic {
  /**
   * Bytes that were written, or read from the disk, so far: they may have pushed other pages out.
   */
  bytes = 0;
  readonly warmUps: WarmUps;
  readonly #nowMs: () => number;

  /** `nowMs` is monotonic; at most `warmUpsMax` ranges are read at a time. */
  constructor(nowMs: () => number, warmUpsMax: number) {
    this.#nowMs = nowMs;
    this.warmUps = new WarmUps(warmUpsMax);
  }

  moment(): CacheMoment {
    return { trafficBytes: this.bytes, nowMs: this.#nowMs() };
  }
}

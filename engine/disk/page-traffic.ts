import type { CacheMoment } from './resident-ranges.js';
import { WarmUps } from './warm-ups.js';

/** What the files of one data directory have in common with regard to the page cache. */
export class PageTraffic {
  /** Bytes that were written, or read from the disk, so far: what may have pushed others out. */
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

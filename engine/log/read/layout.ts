import type { LogLayout } from '../partition-log.js';
import { blockBefore } from './block-before.js';
import type { ReadableLog } from './readable-log.js';

/** How the records of one log lie. */
export class Layout implements LogLayout {
  readonly #log: ReadableLog;
  readonly hasGaps: boolean;

  constructor(log: ReadableLog, hasGaps: boolean) {
    this.#log = log;
    this.hasGaps = hasGaps;
  }

  blockBefore(offset: number, maxBytes: number): Promise<number> {
    return blockBefore(this.#log, offset, maxBytes);
  }
}

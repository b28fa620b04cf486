import { NO_EPOCH } from '../../batch/header.js';
import type { EpochEnd } from '../partition-log.js';

/** One leader epoch and the first offset written in it (inclusive). */
export interface EpochStart {
  readonly epoch: number;
  readonly startOffset: number;
}

/**
 * The leader epochs that wrote the offsets of a log (KIP-101): epochs and start offsets both rise.
 * OffsetForLeaderEpoch answers from them; every checkpoint saves them.
 */
export class LeaderEpochs {
  /** Replaced as a whole, never changed. */
  #starts: readonly EpochStart[] = [];
  /** The epoch of the last entry, at hand for every append. */
  #latest = -1;
  /** Where that epoch begins: most offsets that are asked for lie behind it. */
  #latestStart = Number.POSITIVE_INFINITY;
  /**
   * Whether a batch's own epoch must be that of its offset here. Not in a log that has epochs of
   * another directory: it may go on with lower epochs, and batches of these lower epochs stay when
   * this directory's epochs have risen above the others.
   */
  #areOwn: boolean;

  constructor(starts: readonly EpochStart[] = [], areOwn = true) {
    this.#areOwn = areOwn;
    this.#become([...starts]);
  }

  get areOwn(): boolean {
    return this.#areOwn;
  }

  /** Notes that the log has epochs of another directory. */
  noteForeign(): void {
    this.#areOwn = false;
  }

  get latest(): number {
    return this.#latest;
  }

  entries(): readonly EpochStart[] {
    return this.#starts;
  }

  /**
   * Epochs that wrote below `endOffset` (exclusive): batches above may still be lost. In a log of
   * which everything was deleted, a known epoch begins at the log start.
   */
  snapshot(endOffset: number, logStartOffset: number): readonly EpochStart[] {
    return this.#starts.filter(
      ({ startOffset }) => startOffset < endOffset || startOffset === logStartOffset,
    );
  }

  /**
   * Notes that `epoch` wrote at `offset`; nothing to do while the epoch stays the same. An earlier
   * epoch without offsets below is removed.
   */
  assign(epoch: number, offset: number): void {
    if (epoch > this.#latest) this.#begin(epoch, offset);
  }

  #begin(epoch: number, offset: number): void {
    const before = this.#starts.filter(({ startOffset }) => startOffset < offset);
    this.#become([...before, { epoch, startOffset: offset }]);
  }

  /** The epoch that wrote `offset`; -1 when it is unknown. */
  epochOf(offset: number): number {
    let epoch = -1;
    for (const start of this.#starts) {
      if (start.startOffset > offset) break;
      epoch = start.epoch;
    }
    return epoch;
  }

  /**
   * Whether a batch at `offset` can have that epoch, as far as is known. A writer that does not
   * know its epoch writes -1; no leader has a lower one.
   */
  mayHaveWritten(epoch: number, offset: number): boolean {
    if (epoch < 0) return epoch === NO_EPOCH;
    if (offset >= this.#latestStart) return epoch === this.#latest || !this.#areOwn;
    const known = this.epochOf(offset);
    return epoch === known || known === -1 || !this.#areOwn;
  }

  /**
   * The end of the asked epoch: the start of the next larger one, or the log end when it is the
   * latest. The `present` epoch has begun at the log end although nothing may be written in it yet,
   * and one between it and the latest ended there: a reader at the log end was told of either. An
   * epoch above all of these is unknown: (-1, -1).
   */
  endOf(epoch: number, logEndOffset: number, present: number = this.latest): EpochEnd {
    if (epoch < 0 || epoch > Math.max(this.latest, present)) {
      return { leaderEpoch: -1, endOffset: -1 };
    }
    if (epoch >= this.latest) {
      const isKnown = epoch === this.latest || epoch === present || this.latest < 0;
      return { leaderEpoch: isKnown ? epoch : this.latest, endOffset: logEndOffset };
    }
    const above = this.#starts.findIndex((start) => start.epoch > epoch);
    const next = this.#starts[above]!;
    const floor = this.#starts[above - 1];
    return { leaderEpoch: floor?.epoch ?? epoch, endOffset: next.startOffset };
  }

  /** Forgets epochs that began at or above `offset`, after a truncation to it. */
  truncateEnd(offset: number): void {
    this.#become(this.#starts.filter((start) => start.startOffset < offset));
  }

  /** Forgets everything: the log begins again, empty. */
  forgetAll(): void {
    this.#areOwn = true;
    this.#become([]);
  }

  /** Goes back to earlier entries: batches that were noted since were not written. */
  backTo(entries: readonly EpochStart[], logStartOffset: number): void {
    this.#become(entries);
    this.truncateStart(logStartOffset);
  }

  /**
   * Forgets epochs that ended at or below `offset`, the new log start; the epoch that holds it now
   * begins there.
   */
  truncateStart(offset: number): void {
    const holds = this.#starts.findLastIndex((start) => start.startOffset <= offset);
    if (holds < 0) return;
    const kept = this.#starts.slice(holds);
    kept[0] = { epoch: kept[0]!.epoch, startOffset: offset };
    this.#become(kept);
  }

  #become(starts: readonly EpochStart[]): void {
    this.#starts = starts;
    const last = starts.at(-1);
    this.#latest = last?.epoch ?? -1;
    this.#latestStart = last?.startOffset ?? Number.POSITIVE_INFINITY;
  }
}

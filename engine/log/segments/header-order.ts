import { leaderEpoch, NO_EPOCH } from '../../batch/header.js';
import type { SegmentOrder } from '../../maintenance/job-runner.js';
import type { Segment } from './segment.js';

/** A header, and the offsets that it claims; the last one inclusive. */
export interface OrderedHeader {
  readonly bytes: Buffer;
  readonly at: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** The leader epochs that wrote the offsets of a log. */
export interface EpochHistory {
  /** Whether a batch's own epoch must be that of its offset. */
  readonly areOwn: boolean;
  entries(): SegmentOrder['epochs'];
  /** Whether a batch at `offset` can have that epoch, as far as is known. */
  mayHaveWritten(epoch: number, offset: number): boolean;
}

/** For an unknown history: any offset may have any epoch. */
export const UNKNOWN_EPOCHS = null;

/**
 * Judges the fields that a batch's checksum leaves out, its base offset and its leader epoch, by
 * the place of the batch. The batch begins where the one before ended, or above that where
 * compaction may have left a gap; then it ends below the next known offset. The epoch history tells
 * its epoch. Headers are shown one after another, for one walk at a time; `begin` starts another
 * walk.
 */
export class HeaderOrder {
  #isGapless = false;
  #next = -1;
  #endOffset = 0;
  #epochs: EpochHistory | null = UNKNOWN_EPOCHS;

  /**
   * The first header begins at `next`, or at or above it in a segment with gaps; -1: that is
   * unknown. All end below `endOffset` (exclusive). Returns itself.
   */
  begin(
    { isGapless }: { readonly isGapless: boolean },
    next: number,
    epochs: EpochHistory | null,
    endOffset: number = Number.MAX_SAFE_INTEGER,
  ): this {
    this.#isGapless = isGapless;
    this.#next = next;
    this.#epochs = epochs;
    this.#endOffset = endOffset;
    return this;
  }

  /** The first offset that the next header can have; null where it is unknown. */
  get next(): number | null {
    return this.#next < 0 ? null : this.#next;
  }

  fits({ bytes, at, baseOffset, lastOffset }: OrderedHeader): boolean {
    const next = this.#next;
    if (this.#isGapless && next >= 0 ? baseOffset !== next : baseOffset < next) return false;
    if (lastOffset < baseOffset || lastOffset >= this.#endOffset) return false;
    const epoch = leaderEpoch(bytes, at);
    const epochs = this.#epochs;
    if (epochs === null ? epoch < NO_EPOCH : !epochs.mayHaveWritten(epoch, baseOffset))
      return false;
    this.#next = lastOffset + 1;
    return true;
  }
}

/** The order for a job, which has no log. */
export function orderOf(
  log: { readonly epochs: EpochHistory },
  segment: Segment,
  endOffset: number,
): SegmentOrder {
  const { baseOffset, isGapless } = segment;
  return {
    baseOffset,
    isGapless,
    endOffset,
    epochs: log.epochs.areOwn ? log.epochs.entries() : [],
  };
}

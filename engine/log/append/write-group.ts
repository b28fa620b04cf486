import type { Appended } from '../partition-log.js';
import type { SegmentMark } from '../segments/noted-batches.js';
import type { Segment } from '../segments/segment.js';
import type { EpochStart } from '../state/leader-epochs.js';
import type { AppendWaiter } from './append-waiters.js';

/**
 * Where a group begins, taken before its first batch is noted: where to go back to if the write
 * fails.
 */
export interface GroupBegin {
  readonly segment: Segment;
  readonly mark: SegmentMark;
  /** First offset of the group, inclusive. */
  readonly startOffset: number;
  readonly epochs: readonly EpochStart[];
}

/** Batches that go to one segment in one gathered write. */
export class WriteGroup implements GroupBegin {
  readonly segment: Segment;
  readonly mark: SegmentMark;
  readonly startOffset: number;
  readonly epochs: readonly EpochStart[];
  readonly appends: AppendWaiter[] = [];
  buffers: Uint8Array[] = [];
  bytes = 0;
  /** Exclusive. */
  endOffset: number;

  constructor({ segment, mark, startOffset, epochs }: GroupBegin) {
    this.segment = segment;
    this.mark = mark;
    this.startOffset = startOffset;
    this.epochs = epochs;
    this.endOffset = startOffset;
  }

  /** The promise settles with the outcome of the append. */
  add(batch: Uint8Array, appended: Appended): Promise<Appended> {
    const endOffset = appended.lastOffset + 1;
    this.buffers.push(batch);
    this.bytes += batch.length;
    this.endOffset = endOffset;
    return new Promise((resolve, reject) => {
      this.appends.push({ endOffset, appended, resolve, reject });
    });
  }

  /**
   * Copies the batches: they are views on receive buffers whose owners expect them to be used only
   * within this turn.
   */
  copy(): void {
    this.buffers = [Buffer.concat(this.buffers, this.bytes)];
  }
}

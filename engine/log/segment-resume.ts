import { HeaderOrder, UNKNOWN_EPOCHS } from './header-order.js';
import { walkHeaders } from './header-walk.js';
import { emptyIndexes, type Segment, type SegmentIndexes } from './segment.js';

const order = new HeaderOrder();

/** How far a segment's bookkeeping came. */
export interface Resumed {
  /** `end` when every header was sound, else the position of the first that is not. */
  readonly reached: number;
  /** False when the index files said nothing, or did not fit the log: every header was walked. */
  readonly fromFiles: boolean;
}

/**
 * Notes the batches of a segment up to byte `end` (exclusive): what index files say, if their last entry fits the log, and the few headers behind that
 * entry; else all headers, up to one that does not go on where the one before ended. It makes no difference how much of the index had been saved, as long as the time index reaches as far as the offset index.
 */
export function resumeSegment(
  segment: Segment,
  found: SegmentIndexes | null,
  end: number,
  indexIntervalBytes: number,
): Resumed {
  const note = (header: { bytes: Buffer; at: number; size: number }): boolean => {
    segment.note(header.bytes, header.at, header.size, indexIntervalBytes);
    return false;
  };
  segment.indexes = found ?? emptyIndexes();
  const entry = fittingEntry(segment, end);
  if (entry !== null) {
    const reached = walkHeaders(
      segment.file,
      entry,
      end,
      order.begin(segment, -1, UNKNOWN_EPOCHS),
      (header) => {
        if (header.position !== entry) return note(header);
        segment.resumeBehindEntry(header.position + header.size, header.size);
        return false;
      },
    );
    if (reached === end) return { reached, fromFiles: true };
  }
  segment.startOver();
  order.begin(segment, segment.baseOffset, UNKNOWN_EPOCHS);
  return { reached: walkHeaders(segment.file, 0, end, order, note), fromFiles: false };
}

/** Where the batch of the last index entry begins; null without entries, or when that entry lies. */
function fittingEntry(segment: Segment, end: number): number | null {
  const { offsets } = segment.indexes!;
  const last = offsets.count - 1;
  if (last < 0) return null;
  const from = offsets.positionAt(last);
  let fits = false;
  walkHeaders(segment.file, from, end, null, (header) => {
    fits = header.lastOffset === segment.baseOffset + offsets.relativeOffsetAt(last);
    return true;
  });
  return fits ? from : null;
}

import type { TurnSlices } from '../../turn-slices.js';
import { HeaderOrder, UNKNOWN_EPOCHS } from './header-order.js';
import { type HeaderAt, walkHeaders, walkHeadersInSlices } from './header-walk.js';
import type { NotedBatches, SegmentIndexes } from './noted-batches.js';
import type { Segment } from './segment.js';

const order = new HeaderOrder();

/** The segment whose headers are walked. */
type WalkedSegment = Pick<Segment, 'baseOffset' | 'file' | 'isGapless'>;

/** The end of a resumed segment's notes. */
export interface Resumed {
  /** `end` when every header was sound, else the position of the first that is not. */
  readonly reached: number;
  /** The first offset that the next batch can have. */
  readonly nextOffset: number;
  /** False when the index files were empty, or did not fit the log: every header was walked. */
  readonly fromFiles: boolean;
}

/**
 * Notes in `noted` the batches of a segment up to byte `end` (exclusive): from the index files, if
 * their last entry fits the log, and the few headers behind that entry; else from all headers, up
 * to one that does not go on where the one before ended. It makes no difference how much of the
 * index had been saved, as long as the time index reaches as far as the offset index.
 */
export function resumeSegment(
  segment: WalkedSegment,
  noted: NotedBatches,
  found: SegmentIndexes | null,
  end: number,
  indexIntervalBytes: number,
): Resumed {
  const entry = fittingEntry(segment, noted.adoptIndexes(found), end);
  if (entry !== null) {
    const visit = notingBehind(noted, entry, indexIntervalBytes);
    const reached = walkHeaders(
      segment.file,
      entry,
      end,
      order.begin(segment, -1, UNKNOWN_EPOCHS),
      visit,
    );
    if (reached === end) {
      return { reached, nextOffset: order.next ?? segment.baseOffset, fromFiles: true };
    }
  }
  noted.startOver();
  const visit = notingBehind(noted, null, indexIntervalBytes);
  order.begin(segment, segment.baseOffset, UNKNOWN_EPOCHS);
  const reached = walkHeaders(segment.file, 0, end, order, visit);
  return { reached, nextOffset: order.next ?? segment.baseOffset, fromFiles: false };
}

/** As `resumeSegment`, in slices: no other caller may use `noted` meanwhile. */
export async function resumeInSlices(
  segment: WalkedSegment,
  noted: NotedBatches,
  found: SegmentIndexes | null,
  end: number,
  indexIntervalBytes: number,
  slices: TurnSlices,
): Promise<Resumed> {
  const own = new HeaderOrder();
  const entry = fittingEntry(segment, noted.adoptIndexes(found), end);
  if (entry !== null) {
    const visit = notingBehind(noted, entry, indexIntervalBytes);
    own.begin(segment, -1, UNKNOWN_EPOCHS);
    const reached = await walkHeadersInSlices(segment.file, entry, end, slices, own, visit);
    if (reached === end) {
      return { reached, nextOffset: own.next ?? segment.baseOffset, fromFiles: true };
    }
  }
  noted.startOver();
  const visit = notingBehind(noted, null, indexIntervalBytes);
  own.begin(segment, segment.baseOffset, UNKNOWN_EPOCHS);
  const reached = await walkHeadersInSlices(segment.file, 0, end, slices, own, visit);
  return { reached, nextOffset: own.next ?? segment.baseOffset, fromFiles: false };
}

/** Notes each batch; if the walk begins at an index entry, its batch is known from the index. */
function notingBehind(
  noted: NotedBatches,
  entry: number | null,
  indexIntervalBytes: number,
): (header: HeaderAt) => boolean {
  return (header) => {
    if (header.position === entry) {
      noted.resumeBehindEntry(header.position + header.size, header.size);
    } else noted.note(header.bytes, header.at, header.size, indexIntervalBytes);
    return false;
  };
}

/**
 * Bytes of a segment whose headers have to be walked to resume it: those behind its last index
 * entry, all if that entry is wrong.
 */
export function bytesToWalk(
  segment: WalkedSegment,
  found: SegmentIndexes | null,
  end: number,
): number {
  return end - (found === null ? 0 : (fittingEntry(segment, found, end) ?? 0));
}

/**
 * Where the batch of the last index entry begins; null without entries, or when that entry is
 * wrong.
 */
function fittingEntry(
  segment: WalkedSegment,
  { offsets }: SegmentIndexes,
  end: number,
): number | null {
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

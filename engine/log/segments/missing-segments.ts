/**
 * Whether a segment is missing between one whose last offset lies below `endOffset` and the next: a
 * segment begins where the one before ended, also after a compaction and where a leader left
 * offsets out. Below the log start a crash may have left any of the segments.
 */
export function isMissingBehind(endOffset: number, nextBase: number, logStart: number): boolean {
  return endOffset < nextBase && nextBase > logStart;
}

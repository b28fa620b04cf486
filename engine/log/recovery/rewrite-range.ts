import { inChunks } from '../../disk/copy-range.js';
import type { LogFile } from '../../disk/log-file.js';

/**
 * Writes the bytes from `from` to `end` (exclusive) over themselves, so that the next sync carries
 * them to the disk whatever the page cache believes. The bytes do not change. `onWritten` is told
 * how many, piece by piece.
 */
export async function rewriteRange(
  file: LogFile,
  from: number,
  end: number,
  onWritten: (bytes: number) => void,
): Promise<void> {
  await inChunks(file, from, end, async (bytes, position) => {
    await file.writev([bytes], position);
    onWritten(bytes.length);
  });
}

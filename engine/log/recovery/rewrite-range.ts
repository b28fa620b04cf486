import { inChunks } from '../../disk/copy-range.js';
import type { LogFile } from '../../disk/log-file.js';

/**
 * Writes the bytes from `from` to `end` (exclusive) over themselves, so that the next sync carries
 * them to the disk whatever the page cache believes. The bytes do not change.
 */
export async function rewriteRange(file: LogFile, from: number, end: number): Promise<void> {
  await inChunks(file, from, end, (bytes, position) => file.writev([bytes], position));
}

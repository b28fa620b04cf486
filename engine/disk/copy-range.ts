import { LIMITS } from '../limits.js';
import type { Disk, DiskFile } from './disk.js';

/** A file whose bytes are read. */
export type ReadableFile = Pick<DiskFile, 'read'>;

/**
 * Copies the bytes from `from` to `end` (exclusive), as far as the file goes, into the file at
 * `path`, which has just them afterwards, durably but for its name.
 */
export async function copyRange(
  disk: Disk,
  file: ReadableFile,
  from: number,
  end: number,
  path: string,
): Promise<void> {
  const copy = await disk.open(path, 'append');
  try {
    await inChunks(file, from, end, (bytes, position) => copy.writev([bytes], position - from));
    await copy.truncate(end - from);
    await copy.datasync();
  } finally {
    await copy.close();
  }
}

/** Hands out the bytes from `from` to `end` (exclusive), each chunk once `use` is done. */
export async function inChunks(
  file: ReadableFile,
  from: number,
  end: number,
  use: (bytes: Buffer, position: number) => Promise<void>,
): Promise<void> {
  const chunk = Buffer.allocUnsafe(Math.min(LIMITS.recoveryReadBytes, end - from));
  for (let position = from; position < end; ) {
    const count = await file.read(
      chunk.subarray(0, Math.min(chunk.length, end - position)),
      position,
    );
    if (count === 0) return;
    await use(chunk.subarray(0, count), position);
    position += count;
  }
}

import type { Disk } from '../../disk/disk.js';
import type { LogFile } from '../../disk/log-file.js';
import { LIMITS } from '../../limits.js';

/**
 * Writes the bytes from `from` to `end` (exclusive) over themselves, so that the next sync carries
 * them to the disk whatever the page cache believes. The bytes do not change.
 */
export async function rewriteRange(file: LogFile, from: number, end: number): Promise<void> {
  await inChunks(file, from, end, (bytes, position) => file.writev([bytes], position));
}

/**
 * Copies the bytes from `from` to `end` (exclusive) into a new file at `path`, durably but for its
 * name.
 */
export async function copyAside(
  disk: Disk,
  file: LogFile,
  from: number,
  end: number,
  path: string,
): Promise<void> {
  const aside = await disk.open(path, 'append');
  try {
    await inChunks(file, from, end, (bytes, position) => aside.writev([bytes], position - from));
    await aside.truncate(end - from);
    await aside.datasync();
  } finally {
    await aside.close();
  }
}

async function inChunks(
  file: LogFile,
  from: number,
  end: number,
  write: (bytes: Buffer, position: number) => Promise<void>,
): Promise<void> {
  const chunk = Buffer.allocUnsafe(Math.min(LIMITS.recoveryReadBytes, end - from));
  for (let position = from; position < end; ) {
    const count = await file.read(
      chunk.subarray(0, Math.min(chunk.length, end - position)),
      position,
    );
    if (count === 0) return;
    await write(chunk.subarray(0, count), position);
    position += count;
  }
}

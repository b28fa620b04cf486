import { LIMITS } from '../limits.js';

/** Bytes in all buffers together. */
export function totalSize(buffers: readonly Uint8Array[]): number {
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
  return size;
}

/**
 * The rest of a gather write after its first `count` bytes: views, no copies. `count` is at most
 * the total size.
 */
export function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let index = 0;
  let left = count;
  while (index < buffers.length && left >= buffers[index]!.length) left -= buffers[index++]!.length;
  const rest = buffers.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

/** One writev(2): how many bytes it wrote, or a throw with its errno. */
type WriteOnceSync = (buffers: readonly Uint8Array[], position: number) => number;

/**
 * Writes every byte, or throws. writev(2) may write less than it was given and call that a success,
 * on a full disk too; only writing the rest tells why. A write that makes no progress and gives no
 * errno throws `ESHORT`.
 */
export function writeAllSync(
  writeOnce: WriteOnceSync,
  buffers: readonly Uint8Array[],
  position: number,
): void {
  let left = buffers;
  let at = position;
  for (let size = totalSize(buffers); size > 0; ) {
    const written = progress(writeOnce(firstBuffers(left), at), at);
    size -= written;
    at += written;
    if (size > 0) left = dropBytes(left, written);
  }
}

/** As `writeAllSync`; the buffers may not change until it settles. */
export async function writeAll(
  writeOnce: (buffers: readonly Uint8Array[], position: number) => Promise<number>,
  buffers: readonly Uint8Array[],
  position: number,
): Promise<void> {
  let left = buffers;
  let at = position;
  for (let size = totalSize(buffers); size > 0; ) {
    const written = progress(await writeOnce(firstBuffers(left), at), at);
    size -= written;
    at += written;
    if (size > 0) left = dropBytes(left, written);
  }
}

/** The buffers that one writev(2) takes of the rest. */
function firstBuffers(left: readonly Uint8Array[]): readonly Uint8Array[] {
  return left.length <= LIMITS.writevBuffersMax ? left : left.slice(0, LIMITS.writevBuffersMax);
}

function progress(written: number, position: number): number {
  if (written > 0) return written;
  const message = `ESHORT: a write at position ${position} wrote nothing and gave no reason`;
  throw Object.assign(new Error(message), { code: 'ESHORT' });
}

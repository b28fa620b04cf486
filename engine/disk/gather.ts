/** Bytes in all buffers together. */
export function totalSize(buffers: readonly Uint8Array[]): number {
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
  return size;
}

/** What is left of a gather write after its first `count` bytes: views, no copies. `count` is at most the total size. */
export function dropBytes(buffers: readonly Uint8Array[], count: number): Uint8Array[] {
  let index = 0;
  let left = count;
  while (index < buffers.length && left >= buffers[index]!.length) left -= buffers[index++]!.length;
  const rest = buffers.slice(index);
  if (left > 0) rest[0] = rest[0]!.subarray(left);
  return rest;
}

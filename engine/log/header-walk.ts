import { batchSize, HEADER_SIZE, lastOffset, MAGIC_V2, magic } from '../batch/header.js';
import type { LogFile } from '../disk/log-file.js';

/** Headers are read this much at a time: many small batches, or the one header of a large one. */
const CHUNK_BYTES = 4096;

const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/** One batch's header, found sound. `bytes` is a shared buffer, valid until the next call of the walk. */
export interface HeaderAt {
  readonly bytes: Buffer;
  readonly at: number;
  readonly position: number;
  readonly size: number;
  readonly lastOffset: number;
}

/**
 * Walks batch headers synchronously from `from` (where a batch begins) to `end` (exclusive). Checks magic and size of each, no CRC. Stops when `visit` returns
 * true. Returns the position it stopped at: `end` when all were sound and visited, that of the batch that `visit` stopped at, or that of the first unsound header.
 */
export function walkHeaders(
  file: LogFile,
  from: number,
  end: number,
  visit: (header: HeaderAt) => boolean,
): number {
  let position = from;
  let chunkFrom = from;
  let chunkEnd = from;
  while (position < end) {
    if (position + HEADER_SIZE > chunkEnd) {
      chunkFrom = position;
      chunkEnd =
        position +
        file.readSync(chunk.subarray(0, Math.min(CHUNK_BYTES, end - position)), position);
      if (position + HEADER_SIZE > chunkEnd) return position;
    }
    const at = position - chunkFrom;
    const size = batchSize(chunk, at);
    if (magic(chunk, at) !== MAGIC_V2 || size < HEADER_SIZE || size > end - position)
      return position;
    if (visit({ bytes: chunk, at, position, size, lastOffset: lastOffset(chunk, at) }))
      return position;
    position += size;
  }
  return position;
}

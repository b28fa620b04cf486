import {
  baseOffset,
  batchSize,
  HEADER_SIZE,
  lastOffsetDelta,
  MAGIC_V2,
  magic,
} from '../../batch/header.js';
import type { LogFile } from '../../disk/log-file.js';
import { LIMITS } from '../../limits.js';
import type { TurnSlices } from '../../turn-slices.js';
import type { HeaderOrder, OrderedHeader } from './header-order.js';

const chunk = Buffer.allocUnsafeSlow(LIMITS.headerReadBytes);

/**
 * One batch's header, found sound. `bytes` is a shared buffer, valid until the next call of the
 * walk.
 */
export interface HeaderAt extends OrderedHeader {
  readonly position: number;
  readonly size: number;
}

/**
 * Walks batch headers synchronously from `from` (where a batch begins) to `end` (exclusive). Checks
 * magic and size of each, and by `order` its offsets and epoch; no CRC. Stops when `visit` returns
 * true. Returns the position it stopped at: `end` when all were sound and visited, that of the
 * batch that `visit` stopped at, or that of the first unsound header.
 */
export function walkHeaders(
  file: LogFile,
  from: number,
  end: number,
  order: HeaderOrder | null,
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
        file.readSync(
          chunk.subarray(0, Math.min(LIMITS.headerReadBytes, end - position)),
          position,
        );
      if (position + HEADER_SIZE > chunkEnd) return position;
    }
    const header = soundHeader(chunk, position - chunkFrom, position, end, order);
    if (header === null || visit(header)) return position;
    position += header.size;
  }
  return position;
}

/**
 * As `walkHeaders`, but the headers are read on the thread pool, and other requests are served in
 * between. The caller checks afterwards whether the segment has changed.
 */
export async function walkHeadersInSlices(
  file: LogFile,
  from: number,
  end: number,
  slices: TurnSlices,
  order: HeaderOrder | null,
  visit: (header: HeaderAt) => boolean,
): Promise<number> {
  const bytes = Buffer.allocUnsafe(Math.min(LIMITS.headerReadLongBytes, Math.max(0, end - from)));
  const work = slices.begin();
  let position = from;
  let wanted = LIMITS.headerReadBytes;
  while (position < end) {
    const into = bytes.subarray(0, Math.min(wanted, end - position));
    const count = await file.read(into, position);
    let walked = 0;
    let at = 0;
    let isOver = count < HEADER_SIZE;
    while (!isOver && at + HEADER_SIZE <= count) {
      const header = soundHeader(bytes, at, position + at, end, order);
      walked++;
      isOver = header === null || visit(header);
      if (!isOver) at += header!.size;
    }
    position += at;
    const pause = work.did(walked, 'records');
    if (pause !== null) await pause;
    if (isOver) return position;
    // A chunk of large batches holds one header.
    wanted = walked === 1 ? LIMITS.headerReadBytes : LIMITS.headerReadLongBytes;
  }
  return position;
}

function soundHeader(
  bytes: Buffer,
  at: number,
  position: number,
  end: number,
  order: HeaderOrder | null,
): HeaderAt | null {
  const size = batchSize(bytes, at);
  if (magic(bytes, at) !== MAGIC_V2 || size < HEADER_SIZE || size > end - position) return null;
  const first = baseOffset(bytes, at);
  const lastOffset = first + lastOffsetDelta(bytes, at);
  const header = { bytes, at, position, size, baseOffset: first, lastOffset };
  return order === null || order.fits(header) ? header : null;
}

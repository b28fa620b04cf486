import { crc32c } from '../batch/crc32c.js';
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BATCH_LENGTH_AT,
  baseOffset,
  batchSize,
  crc,
  HEADER_SIZE,
  LAST_OFFSET_DELTA_AT,
  LEADER_EPOCH_AT,
  lastOffset,
  lastOffsetDelta,
  leaderEpoch,
  MAGIC_AT,
  MAGIC_V2,
  magic,
  NO_EPOCH,
  PREFIX_SIZE,
  RECORD_COUNT_AT,
  recordCount,
} from '../batch/header.js';
import { writeInt64 } from '../batch/int64.js';
import { stampCrc } from '../batch/stamp.js';
import { scanBatchAt } from '../batch/validate.js';

/** A stretch of a damaged segment, and what a repair does with it. */
export type Mending =
  | { readonly kind: 'kept'; readonly position: number; readonly size: number }
  /**
   * Only a field outside the checksum had changed, which `field` names: the batch is whole again.
   */
  | {
      readonly kind: 'mended';
      readonly position: number;
      readonly size: number;
      readonly batch: Buffer;
      readonly field: MendedField;
    }
  /**
   * The stretch cannot be read. Offsets from `fromOffset` to below `toOffset` are lost; none where
   * the two are equal.
   */
  | {
      readonly kind: 'lost';
      readonly position: number;
      readonly size: number;
      readonly fromOffset: number;
      readonly toOffset: number;
      /**
       * The leader epoch of the batches that take their place; null where neither the history nor a
       * batch before tells it.
       */
      readonly leaderEpoch: number | null;
    }
  /**
   * A batch of an earlier repair, without records, in the place of offsets that the next segment
   * has again. Those from `fromOffset` to below `toOffset` stay filled.
   */
  | {
      readonly kind: 'covered';
      readonly position: number;
      readonly size: number;
      readonly fromOffset: number;
      readonly toOffset: number;
      readonly leaderEpoch: number;
    };

export type MendedField = 'length' | 'magic' | 'base offset' | 'leader epoch';

/** What is known of the offsets behind a segment. */
export interface SegmentEnd {
  /** Offsets below it were in this segment, readable or not. */
  readonly offset: number;
  /** Whether the next segment begins at that offset; else the log may go on. */
  readonly isBound: boolean;
}

/** The leader epoch of a batch with this base offset; null where the history does not reach. */
export type EpochAt = (offset: number) => number | null;

const OFFSET_SPAN = 2 ** 31;

/**
 * Goes through the bytes of a segment that begins with `firstOffset` and says what can be kept,
 * mended or is lost, from front to back, without a gap. Where the bytes end before `end`, the
 * offsets up to `end` are lost. Bytes at the end that are no batch, and of which no lost offset is
 * known, are a torn tail: 'lost' without an offset.
 */
export function mendSegment(
  bytes: Buffer,
  firstOffset: number,
  end: SegmentEnd | null,
  epochAt: EpochAt = () => null,
): Mending[] {
  const mendings: Mending[] = [];
  const walk: Walk = { bytes, end, epochAt, position: 0, expected: firstOffset, epoch: null };
  while (walk.position < bytes.length) add(mendings, step(walk));
  if (end !== null && walk.expected < end.offset) add(mendings, lost(walk, 0, end.offset));
  return mendings;
}

/** The state of the walk through a segment. */
interface Walk {
  readonly bytes: Buffer;
  readonly end: SegmentEnd | null;
  readonly epochAt: EpochAt;
  position: number;
  /** The first offset that the next batch can have. */
  expected: number;
  /** The leader epoch of the last batch. */
  epoch: number | null;
}

/** Neighbouring stretches that are kept become one. */
function add(mendings: Mending[], mending: Mending): void {
  const last = mendings.at(-1);
  if (mending.kind === 'kept' && last?.kind === 'kept') {
    mendings[mendings.length - 1] = { ...last, size: last.size + mending.size };
  } else {
    mendings.push(mending);
  }
}

function step(walk: Walk): Mending {
  const { bytes, position, expected, end } = walk;
  const restored = restoreAt(bytes, position, expected);
  if (restored !== null) {
    if (end?.isBound && isCovered(restored.batch, end.offset)) return covered(walk, end.offset);
    const follow = offsetBehind(bytes, position + restored.batch.length, end);
    const base = fittingBase(restored.batch, expected, follow);
    return mended(walk, restored.batch, base, restored.field);
  }
  const next = nextBatchAt(walk);
  const toOffset = next === null ? (end?.offset ?? expected) : baseOffset(bytes, next);
  return lost(walk, (next ?? bytes.length) - position, Math.max(expected, toOffset));
}

/** Whether a batch without records, as a repair writes them, reaches into the next segment. */
function isCovered(batch: Buffer, next: number): boolean {
  return batch.length === HEADER_SIZE && recordCount(batch) === 0 && lastOffset(batch) >= next;
}

function covered(walk: Walk, toOffset: number): Mending {
  const { bytes, position } = walk;
  const fromOffset = Math.min(baseOffset(bytes, position), toOffset);
  walk.position += HEADER_SIZE;
  if (fromOffset < toOffset) walk.expected = toOffset;
  const epoch = leaderEpoch(bytes, position);
  return { kind: 'covered', position, size: HEADER_SIZE, fromOffset, toOffset, leaderEpoch: epoch };
}

function lost(walk: Walk, size: number, toOffset: number): Mending {
  const { position, expected: fromOffset } = walk;
  walk.position += size;
  walk.expected = toOffset;
  const epoch = walk.epochAt(fromOffset) ?? walk.epoch;
  return { kind: 'lost', position, size, fromOffset, toOffset, leaderEpoch: epoch };
}

/** A whole batch at its place, with its base offset and the epoch that the log has there. */
function mended(walk: Walk, batch: Buffer, base: number, field: MendedField | null): Mending {
  const { position } = walk;
  const size = batch.length;
  const own = leaderEpoch(batch);
  const epoch = walk.epochAt(base) ?? (own < NO_EPOCH ? (walk.epoch ?? NO_EPOCH) : own);
  walk.position += size;
  walk.expected = base + lastOffsetDelta(batch) + 1;
  walk.epoch = epoch;
  let changed = field;
  if (epoch !== own) changed = 'leader epoch';
  if (base !== baseOffset(batch)) changed = 'base offset';
  if (changed === null) return { kind: 'kept', position, size };
  const copy = Buffer.from(batch);
  writeInt64(copy, BASE_OFFSET_AT, base);
  copy.writeInt32BE(epoch, LEADER_EPOCH_AT);
  return { kind: 'mended', position, size, batch: copy, field: changed };
}

/**
 * The whole batch at this place, if need be with another length or magic: these two lie outside its
 * checksum.
 */
function restoreAt(
  bytes: Buffer,
  position: number,
  expected: number,
): { batch: Buffer; field: 'length' | 'magic' | null } | null {
  const available = bytes.length - position;
  const size = scanBatchAt(bytes, position, available);
  if (typeof size === 'number') {
    return { batch: bytes.subarray(position, position + size), field: null };
  }
  if (available < HEADER_SIZE) return null;
  const claimed = batchSize(bytes, position);
  if (magic(bytes, position) !== MAGIC_V2 && claimed >= HEADER_SIZE && claimed <= available) {
    const batch = Buffer.from(bytes.subarray(position, position + claimed));
    batch[MAGIC_AT] = MAGIC_V2;
    return scanBatchAt(batch, 0, claimed) === claimed ? { batch, field: 'magic' } : null;
  }
  const length = lengthByChecksum(bytes, position, expected);
  if (length === null) return null;
  const batch = Buffer.from(bytes.subarray(position, position + length));
  batch.writeInt32BE(length - PREFIX_SIZE, BATCH_LENGTH_AT);
  return scanBatchAt(batch, 0, length) === length ? { batch, field: 'length' } : null;
}

/**
 * The length with which the bytes match the checksum of the batch: up to a later header, or to the
 * end.
 */
function lengthByChecksum(bytes: Buffer, position: number, expected: number): number | null {
  if (magic(bytes, position) !== MAGIC_V2) return null;
  const wanted = crc(bytes, position);
  let checked = position + ATTRIBUTES_AT;
  let sum = 0;
  for (let end = position + HEADER_SIZE; end <= bytes.length; end++) {
    if (end < bytes.length && !looksLikeHeader(bytes, end, expected)) continue;
    sum = crc32c(bytes.subarray(checked, end), sum);
    checked = end;
    if (sum === wanted) return end - position;
  }
  return null;
}

/** A cheap test, since it is made at every byte. */
function looksLikeHeader(bytes: Buffer, at: number, above: number): boolean {
  if (at + HEADER_SIZE > bytes.length || bytes[at + MAGIC_AT] !== MAGIC_V2) return false;
  if (batchSize(bytes, at) < HEADER_SIZE || lastOffsetDelta(bytes, at) < 0) return false;
  const base = baseOffset(bytes, at);
  return base >= above && base - above < OFFSET_SPAN;
}

/**
 * The base offset of a batch that lies behind `expected` and in front of `follow`: its own, or
 * `expected` where its own cannot be.
 */
function fittingBase(batch: Buffer, expected: number, follow: number | null): number {
  const own = baseOffset(batch);
  if (own === expected) return own;
  const count = lastOffsetDelta(batch) + 1;
  // An offset that lies too near has changed itself.
  const bound = follow !== null && follow >= expected + count ? follow : Number.POSITIVE_INFINITY;
  const isNear = own > expected && own - expected < OFFSET_SPAN;
  if (isNear && own + count <= bound) return own;
  return expected;
}

/** The offset at which the next batch begins; null where that is unknown. */
function offsetBehind(bytes: Buffer, position: number, end: SegmentEnd | null): number | null {
  const bound = end?.isBound ? end.offset : null;
  if (position === bytes.length) return bound;
  const size = scanBatchAt(bytes, position, bytes.length - position);
  return typeof size === 'number' ? baseOffset(bytes, position) : bound;
}

/**
 * The position of the first whole batch behind a damaged one that is followed by another batch, or
 * by nothing.
 */
function nextBatchAt({ bytes, position, expected, end }: Walk): number | null {
  const isNext = (at: number): boolean => {
    if (!looksLikeHeader(bytes, at, expected)) return false;
    if (end?.isBound && baseOffset(bytes, at) >= end.offset) return false;
    const size = scanBatchAt(bytes, at, bytes.length - at);
    if (typeof size !== 'number') return false;
    const behind = at + size;
    return behind === bytes.length || looksLikeHeader(bytes, behind, baseOffset(bytes, at) + 1);
  };
  // Bytes within the length that the damaged batch claims are its own records, whose values may
  // hold whole batches.
  const claimed = position + HEADER_SIZE <= bytes.length ? batchSize(bytes, position) : 0;
  if (claimed >= HEADER_SIZE && position + claimed < bytes.length && isNext(position + claimed)) {
    return position + claimed;
  }
  for (let at = position + 1; at + HEADER_SIZE <= bytes.length; at++) if (isNext(at)) return at;
  return null;
}

/**
 * Batches without records in the place of lost batches, so that the offsets around them stay as
 * they are.
 */
export function fillers(fromOffset: number, toOffset: number, leaderEpoch: number): Buffer[] {
  const batches: Buffer[] = [];
  for (let base = fromOffset; base < toOffset; base += OFFSET_SPAN) {
    const count = Math.min(OFFSET_SPAN, toOffset - base);
    const batch = Buffer.alloc(HEADER_SIZE);
    writeInt64(batch, BASE_OFFSET_AT, base);
    batch.writeInt32BE(HEADER_SIZE - PREFIX_SIZE, BATCH_LENGTH_AT);
    batch.writeInt32BE(leaderEpoch, LEADER_EPOCH_AT);
    batch[MAGIC_AT] = MAGIC_V2;
    batch.writeInt32BE(count - 1, LAST_OFFSET_DELTA_AT);
    // Both timestamps, producer id, epoch and sequence: none.
    batch.fill(0xff, LAST_OFFSET_DELTA_AT + 4, RECORD_COUNT_AT);
    stampCrc(batch);
    batches.push(batch);
  }
  return batches;
}

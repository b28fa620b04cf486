import { buildBatchSync } from '../../../engine/batch/builder.js';
import { HEADER_SIZE, lastOffset, lastOffsetDelta } from '../../../engine/batch/header.js';
import { stampBatch } from '../../../engine/batch/stamp.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import { BATCHES } from './batch-seeds.js';
import type { FuzzRandom } from './fuzz-random.js';
import { mutate } from './mutate.js';

const TIMESTAMP_MS = 1_767_225_600_000;
const LEADER_EPOCH_AT = 12;

/** How a log was treated; the first byte of an input. */
export const TREATMENT = { cut: 0, flipped: 1, garbled: 2 } as const;

/** A segment's bytes, from offset 0 without a gap. */
function wholeLog(random: FuzzRandom): { bytes: Buffer; positions: number[] } {
  const batches: Buffer[] = [];
  const positions: number[] = [];
  let nextOffset = 0;
  let position = 0;
  for (let left = 2 + random.below(4); left > 0; left--) {
    const batch = Buffer.from(random.once(5) ? batchOfBatches(random) : random.pick(BATCHES));
    stampBatch(batch, { baseOffset: nextOffset, leaderEpoch: 0 });
    nextOffset = lastOffset(batch) + 1;
    batches.push(batch);
    positions.push(position);
    position += batch.length;
  }
  return { bytes: Buffer.concat(batches), positions };
}

/** A record whose value is a piece of a log, as a backup or a mirror has them. */
function batchOfBatches(random: FuzzRandom): Buffer {
  const inner = [random.pick(BATCHES), random.pick(BATCHES)].map((batch, at) => {
    const stamped = Buffer.from(batch);
    stampBatch(stamped, { baseOffset: 100 * (at + 1), leaderEpoch: 0 });
    return stamped;
  });
  return buildBatchSync([{ key: null, value: Buffer.concat(inner), timestamp: TIMESTAMP_MS }]);
}

/**
 * The treatment, then the log: cut somewhere, as a crash leaves it; with one bit changed, under the
 * checksum, in a batch that is not the last; or garbled in any way.
 */
export function treatedLog(random: FuzzRandom): Buffer {
  const { bytes, positions } = wholeLog(random);
  const treatment = random.below(3);
  if (treatment === TREATMENT.cut)
    return treated(treatment, bytes.subarray(0, random.below(bytes.length + 1)));
  if (treatment === TREATMENT.garbled) return treated(treatment, mutate(random, bytes));
  const batch = random.below(positions.length - 1);
  const from = positions[batch]! + 21;
  const at = from + random.below(positions[batch + 1]! - from);
  bytes[at]! ^= 1 << random.below(8);
  return treated(treatment, bytes);
}

function treated(treatment: number, bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.of(treatment), bytes]);
}

/** Where the whole batches end that continue each other from offset 0. */
export function wholePrefix(bytes: Buffer): number {
  let at = 0;
  let nextOffset = 0;
  while (at < bytes.length) {
    const size = scanBatchAt(bytes, at, bytes.length - at);
    if (typeof size !== 'number' || bytes.readInt32BE(at) !== 0) return at;
    const isNext =
      bytes.readInt32BE(at + 4) === nextOffset &&
      bytes.readInt32BE(at + LEADER_EPOCH_AT) === 0 &&
      lastOffsetDelta(bytes, at) >= 0;
    if (!isNext || size < HEADER_SIZE) return at;
    nextOffset += lastOffsetDelta(bytes, at) + 1;
    at += size;
  }
  return at;
}

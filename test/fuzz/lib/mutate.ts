import type { FuzzRandom } from './fuzz-random.js';

/** Where lengths, counts, offsets and versions go wrong. */
export const EDGES: readonly number[] = [
  0, 1, -1, 2, -2, 7, 8, 15, 16, 60, 61, 62, 127, 128, 255, 256, 1000, 4096, 0x7fff, 0x8000, 0xffff,
  65_536, 1_000_000, 0x7fff_fffe, 0x7fff_ffff, -0x8000_0000, -0x7fff_ffff,
];

const LONG_EDGES: readonly bigint[] = [
  0n,
  -1n,
  -2n,
  -3n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n - 1n,
  -(2n ** 63n),
];

/** Bytes near `seed`: one to four of its places are changed, or it is cut, repeated, spliced. */
export function mutate(random: FuzzRandom, seed: Buffer, other: Buffer = seed): Buffer {
  let bytes: Buffer = Buffer.from(seed);
  for (let left = 1 + random.below(4); left > 0; left--) bytes = changeOnce(random, bytes, other);
  return bytes;
}

function changeOnce(random: FuzzRandom, bytes: Buffer, other: Buffer): Buffer {
  const { length } = bytes;
  if (length === 0) return Buffer.from(other.subarray(0, random.below(16)));
  const at = random.below(length);
  switch (random.below(12)) {
    case 0:
    case 1:
      bytes[at]! ^= 1 << random.below(8);
      return bytes;
    case 2:
    case 3:
      bytes[at] = random.bits();
      return bytes;
    case 4:
      bytes[at] = random.pick([0, 1, 2, 0x7f, 0x80, 0xfe, 0xff]);
      return bytes;
    case 5:
      if (length >= 2) bytes.writeUInt16BE(random.pick(EDGES) & 0xffff, random.below(length - 1));
      return bytes;
    case 6:
      if (length >= 4) bytes.writeInt32BE(random.pick(EDGES), random.below(length - 3));
      return bytes;
    case 7:
      if (length >= 8) bytes.writeBigInt64BE(random.pick(LONG_EDGES), random.below(length - 7));
      return bytes;
    case 8:
      return bytes.subarray(0, at);
    case 9: {
      const from = random.below(length);
      const piece = bytes.subarray(from, from + 1 + random.below(32));
      return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
    }
    case 10:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))]);
    default:
      return Buffer.concat([bytes.subarray(0, at), other.subarray(random.below(other.length + 1))]);
  }
}

/** Up to `sizeMax` bytes (inclusive) without any form. */
export function noise(random: FuzzRandom, sizeMax: number): Buffer {
  const bytes = Buffer.allocUnsafe(random.below(sizeMax + 1));
  for (let at = 0; at < bytes.length; at++) bytes[at] = random.bits();
  return bytes;
}

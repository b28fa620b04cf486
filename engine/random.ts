import { randomFillSync } from 'node:crypto';

/** Randomness, passed in, so that a run can be repeated from its seed. */
export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** Fills the whole buffer with random bytes and returns it. */
  fill(bytes: Buffer): Buffer;
}

/** The machine's cryptographic randomness. */
export const systemRandom: Random = {
  next: () => Math.random(),
  fill: (bytes) => randomFillSync(bytes),
};

/** A seeded generator (mulberry32): the same seed gives the same run. Not for secrets. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    fill(bytes) {
      for (let at = 0; at < bytes.length; at++) bytes[at] = Math.floor(next() * 256);
      return bytes;
    },
  };
}

/**
 * A new topic or directory id: a version 4 UUID in Kafka's text form, 22 characters of base64url.
 */
export function newUuid(random: Random): string {
  const bytes = random.fill(Buffer.alloc(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const text = bytes.toString('base64url');
  // Kafka never hands out an id that begins with a dash: command lines would take it for an option.
  return text.startsWith('-') ? newUuid(random) : text;
}

/**
 * XXH32, the checksum inside of LZ4 frames. Source: the xxHash specification 0.1.1. All products
 * are modulo 2^32.
 */

const PRIME_1 = 0x9e3779b1;
const PRIME_2 = 0x85ebca77;
const PRIME_3 = 0xc2b2ae3d;
const PRIME_4 = 0x27d4eb2f;
const PRIME_5 = 0x165667b1;
const STRIPE_BYTES = 16;

/** Takes bytes in pieces, of which all but the last are a multiple of 16 long. The seed is 0. */
export class Xxh32 {
  #a = (PRIME_1 + PRIME_2) | 0;
  #b = PRIME_2 | 0;
  #c = 0;
  #d = -PRIME_1 | 0;
  #length = 0;

  /** Adds a piece that other pieces follow: its length is a multiple of 16. */
  add(bytes: Buffer): void {
    for (let at = 0; at + STRIPE_BYTES <= bytes.length; at += STRIPE_BYTES) {
      this.#a = round(this.#a, bytes.readInt32LE(at));
      this.#b = round(this.#b, bytes.readInt32LE(at + 4));
      this.#c = round(this.#c, bytes.readInt32LE(at + 8));
      this.#d = round(this.#d, bytes.readInt32LE(at + 12));
    }
    this.#length += bytes.length;
  }

  /** Adds the last piece, of any length. Returns the checksum, unsigned. */
  end(bytes: Buffer): number {
    this.add(bytes);
    let sum = PRIME_5;
    if (this.#length >= STRIPE_BYTES) {
      sum = rotated(this.#a, 1) + rotated(this.#b, 7) + rotated(this.#c, 12) + rotated(this.#d, 18);
    }
    sum = (sum + this.#length) | 0;
    let at = bytes.length - (bytes.length % STRIPE_BYTES);
    for (; at + 4 <= bytes.length; at += 4) {
      sum = (sum + Math.imul(bytes.readInt32LE(at), PRIME_3)) | 0;
      sum = Math.imul(rotated(sum, 17), PRIME_4);
    }
    for (; at < bytes.length; at++) {
      sum = (sum + Math.imul(bytes[at]!, PRIME_5)) | 0;
      sum = Math.imul(rotated(sum, 11), PRIME_1);
    }
    sum = Math.imul(sum ^ (sum >>> 15), PRIME_2);
    sum = Math.imul(sum ^ (sum >>> 13), PRIME_3);
    return (sum ^ (sum >>> 16)) >>> 0;
  }
}

function round(lane: number, word: number): number {
  return Math.imul(rotated((lane + Math.imul(word, PRIME_2)) | 0, 13), PRIME_1);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}

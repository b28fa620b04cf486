/**
 * One LZ4 block, unpacked into memory that the caller has, and as far as the caller wants at a
 * time.
 *
 * ```text
 *   { token: literals 4 bits, match 4 bits | more of literals: bytes of 255 and one below | literals
 *     | distance 2 | more of match, likewise }*     the last sequence ends with its literals
 * ```
 *
 * A match is four bytes longer than its number. Source: LZ4 block format.
 */

import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';

const SHORTEST_MATCH = 4;
const SHORT_COPY_BYTES: number = LIMITS.lz4ShortCopyBytes;

/**
 * The size that a block unpacks to, by its sequences: right for a good block, any number for a
 * damaged one.
 */
export function lz4BlockSize(bytes: Buffer, start: number, end: number): number {
  let position = start;
  let size = 0;
  while (position < end) {
    const token = bytes[position++]!;
    let literals = token >>> 4;
    if (literals === 15) {
      for (let byte = 255; byte === 255 && position < end; literals += byte) {
        byte = bytes[position++]!;
      }
    }
    size += literals;
    position += literals;
    // The last sequence of a block has no match.
    if (position >= end) break;
    position += 2;
    let match = token & 15;
    if (match === 15) {
      for (let byte = 255; byte === 255 && position < end; match += byte) {
        byte = bytes[position++]!;
      }
    }
    size += SHORTEST_MATCH + match;
  }
  return size;
}

/** Where a block lies, and where it goes. */
export interface Lz4Place {
  readonly bytes: Buffer;
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  readonly out: Buffer;
  readonly outStart: number;
  /** Exclusive: nothing is written from here on. */
  readonly outEnd: number;
  /** First byte of `out` that a match may refer to. */
  readonly windowFrom: number;
}

/** Unpacks one block piece by piece. */
export class Lz4Block {
  readonly #place: Lz4Place;
  #position: number;
  #outPosition: number;
  /** What is left of a match that went beyond a piece. */
  #matchLeft = 0;
  #distance = 0;

  constructor(place: Lz4Place) {
    this.#place = place;
    this.#position = place.start;
    this.#outPosition = place.outStart;
  }

  /** Behind the last byte that was unpacked. */
  get outPosition(): number {
    return this.#outPosition;
  }

  /**
   * Goes on until `pieceBytes` more are unpacked, or a run of literals more, or the block is over;
   * says whether it is.
   *
   * @throws EngineError `CORRUPT_BATCH` where lengths or distances leave the block, its window or
   *   `outEnd`
   */
  unpack(pieceBytes: number): boolean {
    const { bytes, end, out, outEnd, windowFrom } = this.#place;
    const until = this.#outPosition + pieceBytes;
    this.#copyMatch(until);
    let position = this.#position;
    let at = this.#outPosition;
    while (position < end && at < until) {
      const token = bytes[position++]!;
      let literals = token >>> 4;
      if (literals === 15) {
        literals += this.#lengthAt(position);
        position = this.#position;
      }
      const literalsEnd = position + literals;
      if (literalsEnd > end || at + literals > outEnd) throw corrupt('literals are longer than it');
      if (literals < SHORT_COPY_BYTES)
        while (position < literalsEnd) out[at++] = bytes[position++]!;
      else {
        at += bytes.copy(out, at, position, literalsEnd);
        position = literalsEnd;
      }
      if (position === end) break;
      if (position + 2 > end) throw corrupt('a distance is cut off');
      const distance = bytes[position]! | (bytes[position + 1]! << 8);
      position += 2;
      let match = token & 15;
      if (match === 15) {
        match += this.#lengthAt(position);
        position = this.#position;
      }
      match += SHORTEST_MATCH;
      let from = at - distance;
      if (distance === 0 || from < windowFrom) throw corrupt('a match lies before it');
      if (at + match > outEnd) throw corrupt('a match is longer than it');
      if (match < SHORT_COPY_BYTES) {
        for (const to = at + match; at < to; ) out[at++] = out[from++]!;
      } else {
        this.#outPosition = at;
        this.#matchLeft = match;
        this.#distance = distance;
        this.#copyMatch(until);
        at = this.#outPosition;
      }
    }
    this.#position = position;
    this.#outPosition = at;
    return position === end && this.#matchLeft === 0;
  }

  /** The bytes of a length behind its four bits; moves on behind them. */
  #lengthAt(from: number): number {
    const { bytes, end } = this.#place;
    let position = from;
    let length = 0;
    for (let byte = 255; byte === 255; length += byte) {
      if (position >= end) throw corrupt('a length is cut off');
      byte = bytes[position++]!;
    }
    this.#position = position;
    return length;
  }

  /** Copies what is left of a match, not beyond `until`. */
  #copyMatch(until: number): void {
    const { out } = this.#place;
    let at = this.#outPosition;
    const from = at - this.#distance;
    const to = Math.max(at, Math.min(at + this.#matchLeft, until));
    this.#matchLeft -= to - at;
    this.#outPosition = to;
    // A match that reaches into itself repeats: each copy doubles what the next one can take.
    while (at < to) {
      const count = Math.min(at - from, to - at);
      out.copyWithin(at, from, from + count);
      at += count;
    }
  }
}

function corrupt(what: string): EngineError {
  return new EngineError('CORRUPT_BATCH', `an LZ4 block is damaged: ${what}`);
}

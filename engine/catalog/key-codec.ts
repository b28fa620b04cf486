import { assert } from '../assert.js';
import type { CatalogKey } from './catalog.js';

/**
 * Bytes of catalog keys: they sort bytewise exactly as {@link CatalogKey} says.
 *
 * ```text
 * key     part, part, …
 * number  0x01, float64 big-endian with the sign bit flipped (all bits if negative)
 * string  0x02, UTF-8 with 0x00 as 0x00 0xFF, then 0x00 0x00
 * ```
 *
 * No part is a prefix of another, so the keys below a prefix are one contiguous run that begins
 * with the prefix's bytes.
 */

const NUMBER_TAG = 0x01;
const STRING_TAG = 0x02;
const ESCAPE = 0xff;
/** Above every tag: appended to a prefix's bytes it makes the exclusive end of its run. */
const ABOVE_TAGS = 0xff;

/** Largest encoded key, inclusive. LMDB takes 1978 bytes with 4 KiB pages. */
export const CATALOG_KEY_BYTES_MAX = 1024;

const scratch = Buffer.alloc(9);
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * The bytes of a key or a key prefix. Asserts at most {@link CATALOG_KEY_BYTES_MAX} bytes, no NaN
 * and well-formed strings: a caller that makes keys of a client's words bounds those first.
 */
export function encodeKey(key: CatalogKey): Buffer {
  const parts: Buffer[] = [];
  let size = 0;
  for (const part of key) {
    const bytes = typeof part === 'number' ? encodeNumber(part) : encodeString(part);
    parts.push(bytes);
    size += bytes.length;
  }
  assert(size <= CATALOG_KEY_BYTES_MAX, 'a catalog key is too long');
  return Buffer.concat(parts, size);
}

/** The exclusive end of the run of keys that begin with `prefix`. */
export function endOfPrefix(prefix: Buffer): Buffer {
  return Buffer.concat([prefix, Buffer.of(ABOVE_TAGS)]);
}

/** The inverse of {@link encodeKey}. Throws a RangeError when the bytes are no key. */
export function decodeKey(bytes: Buffer): CatalogKey {
  const key: (string | number)[] = [];
  let at = 0;
  while (at < bytes.length) {
    const tag = bytes[at++];
    if (tag === NUMBER_TAG) {
      key.push(decodeNumber(bytes, at));
      at += 8;
    } else if (tag === STRING_TAG) {
      const end = endOfString(bytes, at);
      key.push(decodeString(bytes.subarray(at, end)));
      at = end + 2;
    } else {
      throw new RangeError(`unknown tag ${tag} in a catalog key`);
    }
  }
  return key;
}

function encodeNumber(value: number): Buffer {
  assert(!Number.isNaN(value), 'a catalog key holds NaN');
  scratch[0] = NUMBER_TAG;
  // Adding zero makes -0 and 0 one key.
  scratch.writeDoubleBE(value + 0, 1);
  flipForOrder(scratch, 1, scratch[1]! >= 0x80);
  return Buffer.from(scratch);
}

function decodeNumber(bytes: Buffer, at: number): number {
  bytes.copy(scratch, 1, at, at + 8);
  if (at + 8 > bytes.length) throw new RangeError('a catalog key ends inside a number');
  flipForOrder(scratch, 1, scratch[1]! < 0x80);
  return scratch.readDoubleBE(1);
}

function flipForOrder(bytes: Buffer, at: number, isNegative: boolean): void {
  if (!isNegative) bytes[at] = bytes[at]! ^ 0x80;
  else for (let index = at; index < at + 8; index++) bytes[index] = bytes[index]! ^ 0xff;
}

function encodeString(text: string): Buffer {
  assert(!LONE_SURROGATE.test(text), 'a catalog key holds half a surrogate pair');
  const bytes = Buffer.from(text, 'utf8');
  const out: number[] | null = bytes.includes(0) ? [] : null;
  if (!out) return Buffer.concat([Buffer.of(STRING_TAG), bytes, Buffer.of(0, 0)]);
  for (const byte of bytes) {
    out.push(byte);
    if (byte === 0) out.push(ESCAPE);
  }
  return Buffer.from([STRING_TAG, ...out, 0, 0]);
}

function endOfString(bytes: Buffer, from: number): number {
  for (let at = from; at + 1 < bytes.length; at++) {
    if (bytes[at] !== 0) continue;
    if (bytes[at + 1] === 0) return at;
    at++;
  }
  throw new RangeError('a catalog key ends inside a string');
}

function decodeString(escaped: Buffer): string {
  if (!escaped.includes(0)) return escaped.toString('utf8');
  const out: number[] = [];
  for (let at = 0; at < escaped.length; at++) {
    out.push(escaped[at]!);
    if (escaped[at] === 0) at++;
  }
  return Buffer.from(out).toString('utf8');
}

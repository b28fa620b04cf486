import { Packr } from 'msgpackr';
import { crc32c } from '../batch/crc32c.js';
import type { CatalogValue } from './catalog.js';

/**
 * Plain msgpack without msgpackr's record extension, so that any msgpack reader understands the
 * catalog. Buffers are copied on the way out: a decoded value never aliases the bytes it came from.
 */
const packr = new Packr({ useRecords: false, copyBuffers: true });

/** The msgpack bytes of a value. Record keys are the program's own words, never a client's. */
export function packValue(value: CatalogValue): Buffer {
  return packr.pack(value);
}

/** A fresh copy of the value in `bytes`. Throws when they are no msgpack. */
export function unpackValue(bytes: Uint8Array): CatalogValue {
  return packr.unpack(bytes);
}

/**
 * A value as it stands in a file, bound to its key:
 *
 * ```text
 * 0  1  0xc1, with which no msgpack begins
 * 1  4  CRC-32C of the key's bytes and then the msgpack, big-endian
 * 5     msgpack
 * ```
 */
const SEAL = 0xc1;
const SEAL_BYTES = 5;

/** The bytes to store under `key`. */
export function sealValue(key: Uint8Array, value: CatalogValue): Buffer {
  const packed = packValue(value);
  const sealed = Buffer.allocUnsafe(SEAL_BYTES + packed.length);
  sealed[0] = SEAL;
  sealed.writeUInt32BE(crc32c(packed, crc32c(key)), 1);
  packed.copy(sealed, SEAL_BYTES);
  return sealed;
}

/** False for a value of format version 1, which has no checksum. */
export function isSealed(stored: Uint8Array): boolean {
  return stored[0] === SEAL;
}

/** Whether `stored` was sealed for this key, and nothing of either has changed. */
export function isIntact(key: Uint8Array, stored: Buffer): boolean {
  if (stored.length <= SEAL_BYTES || !isSealed(stored)) return false;
  return stored.readUInt32BE(1) === crc32c(stored.subarray(SEAL_BYTES), crc32c(key));
}

/** The value of intact bytes. */
export function unsealValue(stored: Uint8Array): CatalogValue {
  return unpackValue(stored.subarray(SEAL_BYTES));
}

import { Packr } from 'msgpackr';
import type { CatalogValue } from './catalog.js';

/**
 * Plain msgpack without msgpackr's record extension, so that any msgpack reader understands the catalog. Buffers are
 * copied on the way out: a decoded value never aliases the bytes it came from.
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

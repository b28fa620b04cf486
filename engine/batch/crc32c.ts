/**
 * CRC-32C (Castagnoli), the checksum of record batches: by ISA-L where the system has it, else by
 * the processor's instruction through `@node-rs/crc32`, or eight bytes a step in JavaScript where
 * no native binary can be loaded.
 */

import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { loadIsal } from './isal.js';

/**
 * CRC-32C of `bytes`, unsigned. With `seed` it continues: `crc32c(b, crc32c(a))` is the checksum
 * of `a` followed by `b`. The check value, of the nine bytes `123456789`, is 0xe3069283.
 */
export type Crc32c = (bytes: Uint8Array, seed?: number) => number;

const REVERSED_POLYNOMIAL = 0x82f63b78;

/** Eight tables of 256: entry `n * 256 + b` is the effect of byte `b` followed by n zero bytes. */
let tables: Uint32Array | undefined;

function buildTables(): Uint32Array {
  const built = new Uint32Array(8 * 256);
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 1 ? (crc >>> 1) ^ REVERSED_POLYNOMIAL : crc >>> 1;
    }
    built[byte] = crc;
  }
  for (let entry = 256; entry < built.length; entry++) {
    const shorter = built[entry - 256]!;
    built[entry] = (shorter >>> 8) ^ built[shorter & 0xff]!;
  }
  return built;
}

/** The fallback, slicing by eight: about 0.7 GB/s. */
export function crc32cInJavaScript(bytes: Uint8Array, seed = 0): number {
  tables ??= buildTables();
  const table = tables;
  const length = bytes.length;
  const slicedEnd = length - (length % 8);
  let crc = ~seed;
  let i = 0;
  for (; i < slicedEnd; i += 8) {
    const low =
      crc ^ (bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
    crc =
      table[1792 + (low & 0xff)]! ^
      table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^
      table[1024 + (low >>> 24)]! ^
      table[768 + bytes[i + 4]!]! ^
      table[512 + bytes[i + 5]!]! ^
      table[256 + bytes[i + 6]!]! ^
      table[bytes[i + 7]!]!;
  }
  for (; i < length; i++) {
    crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!;
  }
  return ~crc >>> 0;
}

/** One implementation of the checksum. */
export interface ChecksumSource {
  /** The name that `odradek --version` shows. */
  readonly name: string;
  /** Throws where it is not available. */
  load(): Crc32c;
}

/** The published check value. */
const CHECK_DIGITS = Buffer.from('123456789');
const CHECK_DIGITS_VALUE = 0xe3069283;

/**
 * An input long and odd enough for the widest code of a library, which small inputs never reach;
 * the seed is that of the published check.
 */
const CHECK_INPUT = Buffer.alloc(4111, '123456789').subarray(1);
const CHECK_VALUE = 0x20d03aaa;

/** The first source that loads and gives the check values; else the fallback. */
export function selectCrc32c(sources: readonly ChecksumSource[]): { name: string; crc32c: Crc32c } {
  for (const { name, load } of sources) {
    try {
      const loaded = load();
      const seed = loaded(CHECK_DIGITS);
      const isRight = seed === CHECK_DIGITS_VALUE && loaded(CHECK_INPUT, seed) === CHECK_VALUE;
      if (isRight) return { name, crc32c: loaded };
    } catch {
      // The next one, then.
    }
  }
  return { name: 'javascript', crc32c: crc32cInJavaScript };
}

const require = createRequire(import.meta.url);

const ISAL: ChecksumSource = {
  name: 'isa-l',
  load: () => loadIsal(require('koffi') as typeof import('koffi')),
};
const PACKAGE: ChecksumSource = {
  name: 'node-rs',
  load: () => (require('@node-rs/crc32') as typeof import('@node-rs/crc32')).crc32c,
};

// Only the main thread loads koffi: a thread that is ended while it loads koffi ends the whole
// process.
const mayLoadKoffi = isMainThread && process.env.ODRADEK_NO_NATIVE !== '1';

let selected: ReturnType<typeof selectCrc32c> | undefined;

/** At the first use, since not everything that imports this needs a checksum. */
function select(): ReturnType<typeof selectCrc32c> {
  selected = selectCrc32c(mayLoadKoffi ? [ISAL, PACKAGE] : [PACKAGE]);
  return selected;
}

/** {@inheritDoc Crc32c} */
export const crc32c: Crc32c = (bytes, seed = 0) => (selected ?? select()).crc32c(bytes, seed);

/** The implementation that this thread uses: `isa-l`, `node-rs` or `javascript`. */
export function crc32cSource(): string {
  return (selected ?? select()).name;
}

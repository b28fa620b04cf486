import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32c, crc32cInJavaScript, selectCrc32c } from '../../../engine/batch/crc32c.js';

describe.each([
  ['the native CRC-32C', crc32c],
  ['the JavaScript CRC-32C', crc32cInJavaScript],
])('%s', (_, checksum) => {
  it('gives the published check values', () => {
    expect(checksum(Buffer.from('123456789'))).toBe(0xe3069283);
    // RFC 3720, B.4
    expect(checksum(Buffer.alloc(32))).toBe(0x8a9136aa);
    expect(checksum(Buffer.alloc(32, 0xff))).toBe(0x62a8ab43);
    expect(checksum(Buffer.from(Array.from({ length: 32 }, (_, i) => i)))).toBe(0x46dd794e);
    expect(checksum(Buffer.alloc(0))).toBe(0);
  });

  it('continues from a seed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
        const head = bytes.subarray(0, cut);
        const tail = bytes.subarray(cut);
        expect(checksum(tail, checksum(head))).toBe(checksum(bytes));
      }),
    );
  });
});

describe('the choice of an implementation', () => {
  it('falls back to JavaScript, with the same results, if the package does not load', () => {
    const fallback = selectCrc32c(() => {
      throw new Error('Cannot find native binding');
    });
    expect(fallback).toBe(crc32cInJavaScript);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(fallback(bytes)).toBe(crc32c(bytes));
      }),
    );
  });

  it('is the native one where it loads', () => {
    expect(crc32c).not.toBe(crc32cInJavaScript);
  });
});

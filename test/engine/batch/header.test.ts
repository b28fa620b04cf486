import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as header from '../../../engine/batch/header.js';
import { readInt64, writeInt64 } from '../../../engine/batch/int64.js';

/** One byte per field differs, so that a wrong position shows. */
const GOLDEN = Buffer.from(
  [
    '0000000000000005', // base offset
    '00000033', // length
    '00000009', // leader epoch
    '02', // magic
    'f00dcafe', // crc
    '007b', // attributes: lz4, append time, transactional, control, delete horizon
    '00000003', // last offset delta
    '0000018bcfe56800', // base timestamp
    '0000018bcfe56be8', // max timestamp
    '0000000000000011', // producer id
    '0007', // producer epoch
    '0000002a', // base sequence
    '00000004', // record count
    '0102', // records
  ].join(''),
  'hex',
);

describe('the header of a batch', () => {
  it.each([
    ['at the start', GOLDEN, 0],
    ['anywhere in a buffer', Buffer.concat([Buffer.alloc(7, 0xee), GOLDEN]), 7],
  ])('is read %s', (_, buffer, at) => {
    expect({
      baseOffset: header.baseOffset(buffer, at),
      batchSize: header.batchSize(buffer, at),
      leaderEpoch: header.leaderEpoch(buffer, at),
      magic: header.magic(buffer, at),
      crc: header.crc(buffer, at),
      attributes: header.attributes(buffer, at),
      codecId: header.codecId(buffer, at),
      timestampType: header.timestampType(buffer, at),
      isTransactional: header.isTransactional(buffer, at),
      isControl: header.isControl(buffer, at),
      hasDeleteHorizon: header.hasDeleteHorizon(buffer, at),
      lastOffsetDelta: header.lastOffsetDelta(buffer, at),
      lastOffset: header.lastOffset(buffer, at),
      baseTimestamp: header.baseTimestamp(buffer, at),
      maxTimestamp: header.maxTimestamp(buffer, at),
      producerId: header.producerId(buffer, at),
      producerEpoch: header.producerEpoch(buffer, at),
      baseSequence: header.baseSequence(buffer, at),
      recordCount: header.recordCount(buffer, at),
    }).toEqual({
      baseOffset: 5,
      batchSize: 63,
      leaderEpoch: 9,
      magic: 2,
      crc: 0xf00dcafe,
      attributes: 0x7b,
      codecId: 3,
      timestampType: 'append',
      isTransactional: true,
      isControl: true,
      hasDeleteHorizon: true,
      lastOffsetDelta: 3,
      lastOffset: 8,
      baseTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_001_000,
      producerId: 17,
      producerEpoch: 7,
      baseSequence: 42,
      recordCount: 4,
    });
  });

  it.each([
    ['timestampType', 0x08, header.timestampType, 'append', 'create'],
    ['isTransactional', 0x10, header.isTransactional, true, false],
    ['isControl', 0x20, header.isControl, true, false],
    ['hasDeleteHorizon', 0x40, header.hasDeleteHorizon, true, false],
  ] as const)('has for %s attribute bit %i alone', (_, bit, read, set, unset) => {
    const buffer = Buffer.alloc(header.HEADER_SIZE);
    buffer.writeUInt16BE(bit, header.ATTRIBUTES_AT);
    expect(read(buffer)).toBe(set);
    buffer.writeUInt16BE(0xffff & ~bit, header.ATTRIBUTES_AT);
    expect(read(buffer)).toBe(unset);
  });
});

describe('an int64', () => {
  it('is exact within ±(2^53 - 1) and infinite outside, like the bigint it stands for', () => {
    const edges = [0n, -1n, 2n ** 32n, 2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n)];
    const nearEdge = fc
      .tuple(fc.constantFrom(...edges), fc.bigInt(-3n, 3n))
      .map(([edge, delta]) => BigInt.asIntN(64, edge + delta));
    fc.assert(
      fc.property(fc.oneof(nearEdge, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n)), (value) => {
        const buffer = Buffer.alloc(9);
        buffer.writeBigInt64BE(value, 1);
        const number = Number(value);
        const expected = Number.isSafeInteger(number) ? number : number * Infinity;
        expect(readInt64(buffer, 1)).toBe(expected);
      }),
      { numRuns: 2000 },
    );
  });

  it('is written as it is read', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const buffer = Buffer.alloc(8);
        writeInt64(buffer, 0, value);
        expect(buffer.readBigInt64BE()).toBe(BigInt(value));
      }),
    );
  });

  it('is not written if it is no safe integer', () => {
    for (const value of [2 ** 53, Infinity, NaN, 1.5]) {
      expect(() => writeInt64(Buffer.alloc(8), 0, value)).toThrow('safe integer');
    }
  });
});

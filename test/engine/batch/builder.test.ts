import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import * as header from '../../../engine/batch/header.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import { scanBatchAt, validateBatch } from '../../../engine/batch/validate.js';
import { asRead, recordInputs } from './record-arbitraries.js';

describe('a built batch', () => {
  it('is these bytes', () => {
    const batch = buildBatchSync(
      [
        { key: 'k', value: 'v1', timestamp: 1_700_000_000_000, headers: [['h', null]] },
        { key: null, value: Buffer.from([0xff]), timestamp: 1_699_999_999_999 },
      ],
      { baseOffset: 5, leaderEpoch: 3, producerId: 17, producerEpoch: 1, baseSequence: 9 },
    );
    expect(batch.toString('hex')).toBe(
      [
        '0000000000000005', // base offset
        '00000046', // length: 70
        '00000003', // leader epoch
        '02', // magic
        batch.toString('hex', 17, 21), // crc: vouched for below
        '0000', // attributes
        '00000001', // last offset delta
        '0000018bcfe56800', // base timestamp
        '0000018bcfe56800', // max timestamp
        '0000000000000011', // producer id
        '0001', // producer epoch
        '00000009', // base sequence
        '00000002', // count
        ['18', '00', '00', '00', '026b', '047631', '02', '0268', '01'].join(''),
        ['0e', '00', '01', '02', '01', '02ff', '00'].join(''),
      ].join(''),
    );
    expect(scanBatchAt(batch, 0, batch.length)).toBe(batch.length);
  });

  it('of a producer carries no offset, epoch or producer', () => {
    const batch = buildBatchSync([{ key: null, value: null, timestamp: -1 }]);
    expect(header.baseOffset(batch)).toBe(0);
    expect(header.leaderEpoch(batch)).toBe(-1);
    expect(header.producerId(batch)).toBe(-1);
    expect(header.producerEpoch(batch)).toBe(-1);
    expect(header.baseSequence(batch)).toBe(-1);
    expect(header.baseTimestamp(batch)).toBe(-1);
    expect(validateBatch(batch, { maxBatchBytes: batch.length })).toBeNull();
  });

  it('sets the attribute bits that it is asked for', () => {
    const record = { key: 'k', value: 'v', timestamp: 5 };
    const batch = buildBatchSync([record], {
      timestampType: 'append',
      isTransactional: true,
      isControl: true,
    });
    expect(header.attributes(batch)).toBe(0x38);
  });

  it('takes headers as pairs and as objects, from any iterable', async () => {
    const headers = new Map([['a', '1']]);
    const batch = buildBatchSync([
      { key: 'k', value: 'v', timestamp: 5, headers },
      { key: 'k', value: 'v', timestamp: 5, headers: [{ key: 'b', value: null }] },
    ]);
    const records = await decodeRecords(batch, 1000);
    expect(records.map((record) => record.headers)).toEqual([
      [{ key: 'a', value: Buffer.from('1') }],
      [{ key: 'b', value: null }],
    ]);
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'comes back record for record with codec %s',
    async (codec) => {
      await fc.assert(
        fc.asyncProperty(recordInputs, fc.nat(), async (inputs, baseOffset) => {
          const batch = await buildBatch(inputs, { codec, baseOffset });
          expect(scanBatchAt(batch, 0, batch.length)).toBe(batch.length);
          expect(await decodeRecords(batch, 1_000_000)).toEqual(asRead(inputs, baseOffset));
          expect(header.lastOffset(batch)).toBe(baseOffset + inputs.at(-1)!.offsetDelta!);
          expect(header.maxTimestamp(batch)).toBe(
            Math.max(...inputs.map((i) => Number(i.timestamp))),
          );
        }),
        { numRuns: 100 },
      );
    },
  );

  it.each([
    ['no records', []],
    ['a timestamp between two', [{ key: null, value: null, timestamp: 1.5 }]],
    ['a timestamp that is no number', [{ key: null, value: null, timestamp: Number.NaN }]],
    ['a timestamp beyond 2^53', [{ key: null, value: null, timestamp: 2 ** 53 }]],
    [
      'offsets that do not ascend',
      [
        { key: null, value: null, timestamp: 0, offsetDelta: 1 },
        { key: null, value: null, timestamp: 0, offsetDelta: 1 },
      ],
    ],
    ['an offset delta over 31 bits', [{ key: '', value: '', timestamp: 0, offsetDelta: 2 ** 31 }]],
  ])('is refused for %s', async (_, records) => {
    expect(() => buildBatchSync(records)).toThrow(
      expect.objectContaining({ code: 'INVALID_RECORD' }),
    );
    await expect(buildBatch(records, { codec: 'gzip' })).rejects.toMatchObject({
      code: 'INVALID_RECORD',
    });
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import * as header from '../../../engine/batch/header.js';
import { decodeRecords, validateRecords, walkRecords } from '../../../engine/batch/records.js';
import { systemClock } from '../../../engine/clock.js';
import { LIMITS } from '../../../engine/limits.js';
import { TurnSlices } from '../../../engine/turn-slices.js';
import { manyHeaders } from '../../support/forged-batches.js';
import { TurnMeter } from '../../support/turn-meter.js';
import { recordInputs } from './record-arbitraries.js';

const slices = new TurnSlices(systemClock);
const OPTIONS = { compacted: false, maxDecompressedBytes: 1_000_000, slices };

const make = () =>
  buildBatchSync([
    { key: 'k1', value: 'v1', timestamp: 10, headers: [['h', 'x']] },
    { key: 'k2', value: 'v2', timestamp: 11 },
  ]);

/** A batch of one record whose body is `hex`; its length is put in front. */
function batchWithBody(hex: string, lengthPrefix?: string): Buffer {
  const body = Buffer.from(hex.replaceAll(' ', ''), 'hex');
  const prefix = lengthPrefix ? Buffer.from(lengthPrefix, 'hex') : Buffer.from([body.length * 2]);
  const head = Buffer.from(
    buildBatchSync([{ key: null, value: null, timestamp: 0 }]).subarray(0, header.HEADER_SIZE),
  );
  const batch = Buffer.concat([head, prefix, body]);
  batch.writeInt32BE(batch.length - header.PREFIX_SIZE, header.BATCH_LENGTH_AT);
  return batch;
}

describe('walkRecords', () => {
  it('yields one record at a time, as views on the payload', () => {
    const batch = make();
    const payload = batch.subarray(header.HEADER_SIZE);
    const walk = walkRecords(payload, batch);
    const first = walk.next().value!;
    expect(first.key?.buffer).toBe(batch.buffer);
    expect(first.headers).toEqual([{ key: 'h', value: Buffer.from('x') }]);
    expect(walk.next().value!.offset).toBe(1);
    expect(walk.next().done).toBe(true);
  });

  it.each([
    ['null key and value', '00 00 00 01 01 00', { key: null, value: null }],
    ['empty key and value', '00 00 00 00 00 00', { key: Buffer.alloc(0), value: Buffer.alloc(0) }],
    ['any negative length, which is null', '00 00 00 03 05 00', { key: null, value: null }],
    ['record attributes, which mean nothing', 'ff 00 00 01 01 00', { timestamp: 0 }],
    [
      'a timestamp that no number holds',
      '00 feffffffffffffffff01 00 01 01 00',
      { timestamp: 2n ** 63n - 1n },
    ],
  ])('accepts %s', async (_, body, expected) => {
    const [record] = await decodeRecords(batchWithBody(body), 1000);
    expect(record).toMatchObject(expected);
  });

  it.each([
    ['a record length beyond the batch', batchWithBody('00 00 00 01 01 00', '40')],
    ['a negative record length', batchWithBody('00 00 00 01 01 00', '03')],
    ['a record length that is no varint', batchWithBody('ff ff ff', 'ffffffff')],
    ['a key beyond its record', batchWithBody('00 00 00 08 01 00')],
    ['a value beyond its record', batchWithBody('00 00 00 01 08 00')],
    ['a key of 2^31 - 1 bytes', batchWithBody('00 00 00 feffffff0f 01 00')],
    ['a negative header count', batchWithBody('00 00 00 01 01 01')],
    ['more headers than bytes', batchWithBody('00 00 00 01 01 feffffff0f')],
    ['a header without a key', batchWithBody('00 00 00 01 01 02 01 01')],
    ['bytes left in a record', batchWithBody('00 00 00 01 01 00 00')],
    ['bytes behind the last record', batchWithBody('00 00 00 01 01 00 00', '0c')],
    ['a missing header count', batchWithBody('00 00 00 01 01')],
    ['an offset above the last', batchWithBody('00 00 02 01 01 00')],
    ['an offset below the base', batchWithBody('00 00 01 01 01 00')],
    ['an empty record', batchWithBody('')],
  ])('refuses %s', async (_, batch) => {
    await expect(decodeRecords(batch, 1000)).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
    expect(await validateRecords(batch, OPTIONS)).toBe('malformed-records');
  });

  it('refuses a count that is larger or smaller than what is there', () => {
    for (const count of [1, 3]) {
      const batch = make();
      batch.writeInt32BE(count, header.RECORD_COUNT_AT);
      const payload = batch.subarray(header.HEADER_SIZE);
      expect(() => [...walkRecords(payload, batch)]).toThrow(
        expect.objectContaining({ code: 'CORRUPT_BATCH' }),
      );
    }
  });

  it('throws nothing but CORRUPT_BATCH for any bytes, whatever the header says', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: header.HEADER_SIZE, maxLength: 300 }),
        fc.nat(20),
        (bytes, count) => {
          const batch = Buffer.from(bytes);
          batch.writeInt32BE(count, header.RECORD_COUNT_AT);
          try {
            expect([...walkRecords(batch.subarray(header.HEADER_SIZE), batch)]).toHaveLength(count);
          } catch (error) {
            expect(error).toMatchObject({ code: 'CORRUPT_BATCH' });
          }
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('validateRecords', () => {
  it('accepts what the builder makes, and notices offsets with gaps', async () => {
    await fc.assert(
      fc.asyncProperty(recordInputs, async (inputs) => {
        const hasGap = inputs.at(-1)!.offsetDelta !== inputs.length - 1;
        const problem = await validateRecords(await buildBatch(inputs, { codec: 'lz4' }), OPTIONS);
        expect(problem).toBe(hasGap ? 'non-consecutive-offsets' : null);
      }),
    );
  });

  it('wants a key in each record of a compacted topic and nowhere else', async () => {
    for (const codec of ['none', 'zstd'] as const) {
      const batch = await buildBatch(
        [
          { key: 'k', value: 'v', timestamp: 0 },
          { key: null, value: 'v', timestamp: 0 },
        ],
        { codec },
      );
      expect(await validateRecords(batch, { ...OPTIONS, compacted: true })).toBe('null-key');
      expect(await validateRecords(batch, OPTIONS)).toBeNull();
    }
  });

  it.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'stops at the size limit with codec %s',
    async (codec) => {
      const record = { key: 'k', value: Buffer.alloc(500_000), timestamp: 0 };
      const batch = await buildBatch([record], { codec });
      const limits = { compacted: true, maxDecompressedBytes: 400_000, slices };
      expect(await validateRecords(batch, limits)).toBe('unpacks-too-large');
      expect(await validateRecords(batch, { ...limits, maxDecompressedBytes: 600_000 })).toBeNull();
    },
  );

  it.each([1, 2, 3, 4, 5])('finds plain records that pretend to be of codec %i', async (id) => {
    const batch = make();
    batch.writeUInt16BE(id, header.ATTRIBUTES_AT);
    expect(await validateRecords(batch, OPTIONS)).toBe('malformed-records');
  });

  it('walks records and headers in slices, however many there are', async () => {
    const records = Array.from({ length: 60_000 }, () => ({ key: 'k', value: 'v', timestamp: 0 }));
    const meter = new TurnMeter();
    const metered = { ...OPTIONS, slices: new TurnSlices(systemClock, meter) };
    expect(await validateRecords(buildBatchSync(records), metered)).toBeNull();
    expect(meter.total.records).toBe(60_000);
    expect(await validateRecords(await manyHeaders(50_000), metered)).toBeNull();
    meter.stop();
    expect(meter.total.records).toBe(60_000 + 50_001);
    expect(meter.most.records).toBeLessThan(LIMITS.turnRecordsMax + 50_001);
  });

  it('refuses a record with more headers than anybody needs, without looking at them', async () => {
    const meter = new TurnMeter();
    const metered = { ...OPTIONS, maxDecompressedBytes: 10_000_000 };
    const problem = await validateRecords(await manyHeaders(4_000_000), {
      ...metered,
      slices: new TurnSlices(systemClock, meter),
    });
    meter.stop();
    expect(problem).toBe('too-many-headers');
    expect(meter.total.records).toBe(1);
  });
});

describe('decodeRecords', () => {
  it('makes no objects of more headers than a record may have', async () => {
    const batch = await manyHeaders(LIMITS.headersPerRecordMax + 1);
    await expect(decodeRecords(batch, 1_000_000)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
    const [record] = await decodeRecords(await manyHeaders(LIMITS.headersPerRecordMax), 1_000_000);
    expect(record!.headers).toHaveLength(LIMITS.headersPerRecordMax);
  });
});

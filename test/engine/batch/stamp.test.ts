import { describe, expect, it } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import * as header from '../../../engine/batch/header.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import { stampAppendTime, stampBatch } from '../../../engine/batch/stamp.js';
import { scanBatchAt, validateBatch } from '../../../engine/batch/validate.js';

const make = () =>
  buildBatchSync([
    { key: 'k', value: 'v', timestamp: 1000 },
    { key: 'k', value: 'w', timestamp: 3000 },
  ]);

describe('stampBatch', () => {
  it('writes base offset and leader epoch and leaves everything else, the CRC included', () => {
    const before = make();
    const batch = Buffer.from(before);
    stampBatch(batch, { baseOffset: 2 ** 40 + 5, leaderEpoch: 12 });
    expect(header.baseOffset(batch)).toBe(2 ** 40 + 5);
    expect(header.lastOffset(batch)).toBe(2 ** 40 + 6);
    expect(header.leaderEpoch(batch)).toBe(12);
    expect(batch.subarray(header.MAGIC_AT)).toEqual(before.subarray(header.MAGIC_AT));
    expect(header.batchSize(batch)).toBe(header.batchSize(before));
    expect(validateBatch(batch, { maxBatchBytes: batch.length })).toBeNull();
  });

  it('refuses a negative offset as a broken program', () => {
    expect(() => stampBatch(make(), { baseOffset: -1, leaderEpoch: 0 })).toThrow('negative');
  });
});

describe('stampAppendTime', () => {
  it('gives every record one timestamp, keeps the base timestamp and makes the CRC match', async () => {
    const batch = make();
    stampAppendTime(batch, 9999);
    expect(header.timestampType(batch)).toBe('append');
    expect(header.baseTimestamp(batch)).toBe(1000);
    expect(header.maxTimestamp(batch)).toBe(9999);
    expect(scanBatchAt(batch, 0, batch.length)).toBe(batch.length);
    const records = await decodeRecords(batch, 1000);
    expect(records.map((record) => record.timestamp)).toEqual([9999, 9999]);
  });
});

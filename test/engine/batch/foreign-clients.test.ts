import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { buildBatch } from '../../../engine/batch/builder.js';
import * as header from '../../../engine/batch/header.js';
import { decodeRecords, type RecordView, validateRecords } from '../../../engine/batch/records.js';
import { validateBatch } from '../../../engine/batch/validate.js';
import { systemClock } from '../../../engine/clock.js';
import { TurnSlices } from '../../../engine/turn-slices.js';

const MAX_BYTES = 1_000_000;

describe.each([
  ['none', 3],
  ['gzip', 3],
  ['gzip', 2000],
  ['snappy', 3],
  ['snappy', 2000],
  ['lz4', 3],
  ['lz4', 2000],
  ['zstd', 3],
  ['zstd', 2000],
])('a batch of Apache Kafka with codec %s and %i records', (codec, count) => {
  const batch = readFileSync(
    new URL(`../../golden/batch/kafka-4.3.1-${codec}-${count}.batch`, import.meta.url),
  );

  it('is valid', async () => {
    expect(validateBatch(batch, { maxBatchBytes: MAX_BYTES })).toBeNull();
    const slices = new TurnSlices(systemClock);
    const options = { compacted: false, maxDecompressedBytes: MAX_BYTES, slices };
    expect(await validateRecords(batch, options)).toBeNull();
    expect(await validateRecords(batch, { ...options, compacted: true })).toBe('null-key');
  });

  it('has the header that Kafka was asked for', () => {
    expect(header.baseOffset(batch)).toBe(42);
    expect(header.lastOffset(batch)).toBe(42 + count - 1);
    expect(header.leaderEpoch(batch)).toBe(5);
    expect(header.producerId(batch)).toBe(7);
    expect(header.producerEpoch(batch)).toBe(3);
    expect(header.baseSequence(batch)).toBe(100);
    expect(header.baseTimestamp(batch)).toBe(1_700_000_000_000);
    expect(header.recordCount(batch)).toBe(count);
  });

  it('holds the records that Kafka put in', async () => {
    const expected = Array.from({ length: count }, (_, i) => recordOfKafka(i));
    expect(await decodeRecords(batch, MAX_BYTES)).toEqual(expected);
    expect(header.maxTimestamp(batch)).toBe(Math.max(...expected.map((r) => Number(r.timestamp))));
  });
});

/** The same as in test/golden/batch/MakeBatches.java. */
function recordOfKafka(i: number): RecordView {
  return {
    offset: 42 + i,
    timestamp: 1_700_000_000_000 + (i % 7) * 1000 - i,
    key: i % 5 === 2 ? null : Buffer.from(`key-${i}`),
    value: i % 11 === 1 ? null : Buffer.from(`value-${i}-${'odradek '.repeat(8)}`),
    headers:
      i % 3 === 1
        ? [
            { key: 'trace', value: Buffer.from(`id-${i}`) },
            { key: 'none', value: null },
          ]
        : [],
  };
}

type KafkaJsRecord = { key: Buffer | null; value: Buffer | null; headers: Record<string, Buffer> };
type KafkaJsBatch = {
  firstOffset: string;
  maxTimestamp: string;
  records: (KafkaJsRecord & { offset: string; timestamp: string })[];
};

const require = createRequire(import.meta.url);
const protocol = 'kafkajs/src/protocol';
const { RecordBatch } = require(`${protocol}/recordBatch/v0`) as {
  RecordBatch(batch: object): Promise<{ buffer: Buffer }>;
};
const encodeRecord = require(`${protocol}/recordBatch/record/v0`) as (record: object) => object;
const decodeBatch = require(`${protocol}/recordBatch/v0/decoder`) as (
  decoder: object,
) => Promise<KafkaJsBatch>;
const Decoder = require(`${protocol}/decoder`) as new (buffer: Buffer) => object;

describe.each([
  ['none', 0],
  ['gzip', 1],
] as const)('kafkajs with codec %s', (codec, compression) => {
  it('writes batches that we read', async () => {
    const { buffer } = await RecordBatch({
      compression,
      firstTimestamp: 1_700_000_000_000,
      maxTimestamp: 1_700_000_000_500,
      lastOffsetDelta: 1,
      records: [
        encodeRecord({ key: Buffer.from('k'), value: Buffer.from('v'), headers: { h: 'x' } }),
        encodeRecord({ offsetDelta: 1, timestampDelta: 500, key: null, value: Buffer.from('w') }),
      ],
    });
    expect(validateBatch(buffer, { maxBatchBytes: MAX_BYTES })).toBeNull();
    expect(await decodeRecords(buffer, MAX_BYTES)).toEqual([
      {
        offset: 0,
        timestamp: 1_700_000_000_000,
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: [{ key: 'h', value: Buffer.from('x') }],
      },
      {
        offset: 1,
        timestamp: 1_700_000_000_500,
        key: null,
        value: Buffer.from('w'),
        headers: [],
      },
    ]);
  });

  it('reads batches that we write', async () => {
    const batch = await buildBatch(
      [
        { key: 'k', value: 'v', timestamp: 1_700_000_000_000, headers: [['h', 'x']] },
        { key: null, value: Buffer.alloc(100, 'w'), timestamp: 1_700_000_000_500 },
      ],
      { codec, baseOffset: 7 },
    );
    const decoded = await decodeBatch(new Decoder(batch));
    expect(decoded.firstOffset).toBe('7');
    expect(decoded.maxTimestamp).toBe('1700000000500');
    expect(decoded.records).toMatchObject([
      {
        offset: '7',
        timestamp: '1700000000000',
        key: Buffer.from('k'),
        value: Buffer.from('v'),
        headers: { h: Buffer.from('x') },
      },
      { offset: '8', timestamp: '1700000000500', key: null, value: Buffer.alloc(100, 'w') },
    ]);
  });
});

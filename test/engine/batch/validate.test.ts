import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import * as header from '../../../engine/batch/header.js';
import { stampCrc } from '../../../engine/batch/stamp.js';
import {
  type BatchProblem,
  SPARED_NOTHING,
  scanBatchAt,
  validateBatch,
} from '../../../engine/batch/validate.js';
import { claiming } from '../../support/forged-batches.js';

const BUILT = { ...SPARED_NOTHING, checksum: true };
const LIMITS = { maxBatchBytes: 1_048_588 };

function batchOf(...values: string[]): Buffer {
  return buildBatchSync(
    values.map((value, i) => ({ key: `k${i}`, value, timestamp: 1_700_000_000_000 + i })),
  );
}

/** A good batch with one thing changed and its CRC made to match again. */
function changed(change: (batch: Buffer) => void): Buffer {
  const batch = batchOf('a', 'b');
  change(batch);
  stampCrc(batch);
  return batch;
}

describe('validateBatch', () => {
  it.each([
    ['none', 1],
    ['gzip', 1032],
    ['snappy', 22],
    ['lz4', 255],
    ['zstd', 32_768],
  ] as const)('refuses counts that the bytes of codec %s cannot hold', async (codec, expansion) => {
    const records = Buffer.alloc(700);
    const packedBytes = (await claiming(1, records, codec)).length - header.HEADER_SIZE;
    const most = Math.floor((packedBytes * expansion) / 7);
    for (const [count, problem] of [
      [most, null],
      [most + 1, 'bad-count'],
      [2 ** 31 - 1, 'bad-count'],
    ] as const) {
      expect(validateBatch(await claiming(count, records, codec), LIMITS)).toBe(problem);
    }
    expect(validateBatch(await claiming(1, Buffer.alloc(0)), LIMITS)).toBe('bad-count');
  });

  it('accepts what the builder makes, with every codec', async () => {
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const) {
      const batch = await buildBatch([{ key: null, value: 'v', timestamp: -1 }], { codec });
      expect(validateBatch(batch, LIMITS)).toBeNull();
    }
  });

  const cases: [string, BatchProblem, Buffer][] = [
    ['no bytes', 'bad-length', Buffer.alloc(0)],
    ['half a header', 'bad-length', batchOf('a').subarray(0, 40)],
    ['zeros', 'unsupported-magic', Buffer.alloc(100)],
    ['a message set of format v1', 'unsupported-magic', changed((b) => b.writeInt8(1, 16))],
    ['a message set shorter than a v2 header', 'unsupported-magic', Buffer.alloc(34, 1)],
    ['a length below the header', 'bad-length', changed((b) => b.writeInt32BE(48, 8))],
    ['a cut batch', 'bad-length', batchOf('a').subarray(0, -1)],
    ['two batches', 'more-than-one-batch', Buffer.concat([batchOf('a'), batchOf('b')])],
    ['one byte too many', 'more-than-one-batch', Buffer.concat([batchOf('a'), Buffer.alloc(1)])],
    ['codec 5', 'unknown-codec', changed((b) => b.writeUInt16BE(5, 21))],
    ['a control batch', 'control-batch', changed((b) => b.writeUInt16BE(0x20, 21))],
    ['append time set by a client', 'bad-timestamp', changed((b) => b.writeUInt16BE(8, 21))],
    ['no records', 'bad-count', changed((b) => b.writeInt32BE(0, 57))],
    ['a negative count', 'bad-count', changed((b) => b.writeInt32BE(-1, 57))],
    ['a count off by one', 'bad-count', changed((b) => b.writeInt32BE(3, 57))],
    ['a delta off by one', 'bad-count', changed((b) => b.writeInt32BE(2, 23))],
    ['producer without epoch', 'bad-producer', changed((b) => b.writeBigInt64BE(1n, 43))],
    ['producer id -2', 'bad-producer', changed((b) => b.writeBigInt64BE(-2n, 43))],
    [
      'producer id 2^53',
      'bad-producer',
      changed((b) => {
        b.writeBigInt64BE(2n ** 53n, 43);
        b.writeInt16BE(0, 51);
        b.writeInt32BE(0, 53);
      }),
    ],
    [
      'producer without sequence',
      'bad-producer',
      changed((b) => {
        b.writeBigInt64BE(1n, 43);
        b.writeInt16BE(0, 51);
      }),
    ],
    ['a transaction without a producer', 'bad-producer', changed((b) => b.writeUInt16BE(0x10, 21))],
  ];
  it.each(cases)('finds %s: %s', (_, problem, bytes) => {
    expect(validateBatch(bytes, LIMITS)).toBe(problem);
    expect(validateBatch(bytes, LIMITS, BUILT)).toBe(problem);
  });

  it('takes the checksum of a batch that was built here as it is', () => {
    const batch = batchOf('a');
    batch[batch.length - 1]! ^= 1;
    expect(validateBatch(batch, LIMITS)).toBe('bad-crc');
    expect(validateBatch(batch, LIMITS, BUILT)).toBeNull();
  });

  it('takes a batch of exactly the largest size and none that is larger', () => {
    const batch = batchOf('a');
    expect(validateBatch(batch, { maxBatchBytes: batch.length })).toBeNull();
    expect(validateBatch(batch, { maxBatchBytes: batch.length - 1 })).toBe('too-large');
  });

  it('ignores unused attribute bits and what stands in the producer fields without an id', () => {
    const batch = changed((b) => {
      b.writeUInt16BE(0xff80, header.ATTRIBUTES_AT);
      b.writeInt16BE(0, header.PRODUCER_EPOCH_AT);
      b.writeInt32BE(0, header.BASE_SEQUENCE_AT);
    });
    expect(validateBatch(batch, LIMITS)).toBeNull();
  });

  it('accepts idempotent and transactional batches', () => {
    const producer = { producerId: 0, producerEpoch: 0, baseSequence: 0 };
    const record = { key: null, value: 'v', timestamp: 0 };
    for (const isTransactional of [false, true]) {
      const batch = buildBatchSync([record], { ...producer, isTransactional });
      expect(validateBatch(batch, LIMITS)).toBeNull();
    }
  });

  it('finds every single flipped bit from the magic on', () => {
    const batch = batchOf('first', 'second', 'third');
    for (let bit = header.MAGIC_AT * 8; bit < batch.length * 8; bit++) {
      const damaged = Buffer.from(batch);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(validateBatch(damaged, LIMITS), `bit ${bit}`).not.toBeNull();
      expect(scanBatchAt(damaged, 0, damaged.length), `bit ${bit}`).toBe('corrupt');
    }
  });

  it('survives any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(validateBatch(Buffer.from(bytes), LIMITS)).not.toBeNull();
      }),
    );
  });
});

describe('scanBatchAt', () => {
  it('walks a log from batch to batch', () => {
    const batches = [batchOf('a'), batchOf('b', 'c'), batchOf('d')];
    const log = Buffer.concat(batches);
    const sizes: unknown[] = [];
    for (let at = 0; at < log.length; ) {
      const size = scanBatchAt(log, at, log.length - at);
      sizes.push(size);
      at += size as number;
    }
    expect(sizes).toEqual(batches.map((batch) => batch.length));
  });

  it('calls every truncation incomplete', () => {
    const log = Buffer.concat([batchOf('a'), batchOf('b', 'c')]);
    const at = batchOf('a').length;
    for (let available = 0; available < log.length - at; available++) {
      expect(scanBatchAt(log, at, available)).toBe('incomplete');
    }
    expect(scanBatchAt(log, at, log.length - at)).toBe(log.length - at);
  });

  it('calls a zeroed tail corrupt', () => {
    expect(scanBatchAt(Buffer.alloc(4096), 0, 4096)).toBe('corrupt');
  });

  it('does not mind what compaction does to the count', () => {
    const sparse = changed((b) => b.writeInt32BE(9, header.LAST_OFFSET_DELTA_AT));
    expect(scanBatchAt(sparse, 0, sparse.length)).toBe(sparse.length);
  });
});

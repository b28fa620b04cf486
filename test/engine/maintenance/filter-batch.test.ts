import fc from 'fast-check';
import { expect, test } from 'vitest';
import { buildBatch } from '../../../engine/batch/builder.js';
import {
  baseOffset,
  baseTimestamp,
  codecId,
  deleteHorizonOf,
  HEADER_SIZE,
  lastOffset,
  leaderEpoch,
  maxTimestamp,
  producerEpoch,
  producerId,
  recordCount,
} from '../../../engine/batch/header.js';
import { decodeRecords, type RecordView } from '../../../engine/batch/records.js';
import { stampAppendTime } from '../../../engine/batch/stamp.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import { filterBatch } from '../../../engine/maintenance/filter-batch.js';

const MAX = 1024 * 1024;
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

const anyRecords = fc.array(
  fc.record({
    key: fc.string({ maxLength: 4 }),
    value: fc.option(fc.string({ maxLength: 40 })),
    timestamp: fc.integer({ min: -1, max: 2 ** 44 }),
    headers: fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 })), {
      maxLength: 2,
    }),
    isKept: fc.boolean(),
  }),
  { minLength: 1, maxLength: 20 },
);

const options = {
  baseOffset: 100,
  leaderEpoch: 3,
  producerId: 9,
  producerEpoch: 1,
  baseSequence: 5,
};

function plain({ offset, timestamp, key, value, headers }: RecordView) {
  const shownHeaders = headers.map((header) => [header.key, String(header.value)]);
  return { offset, timestamp, key: String(key), value: value && String(value), shownHeaders };
}

test('what stays is as it was, record by record and in the header, with every codec', async () => {
  const property = fc.asyncProperty(
    anyRecords,
    fc.constantFrom(...CODECS),
    fc.boolean(),
    fc.option(fc.integer({ min: 0, max: 2 ** 44 })),
    async (inputs, codec, retainsEmpty, deleteHorizonMs) => {
      const batch = await buildBatch(inputs, { ...options, codec });
      const before = (await decodeRecords(batch, MAX)).map(plain);
      const filtered = await filterBatch(batch, {
        retains: (_key, offset) => inputs[offset - 100]!.isKept,
        retainsEmpty,
        deleteHorizonMs,
        unpackedBytesMax: MAX,
      });
      const kept = before.filter((_, at) => inputs[at]!.isKept);
      expect(filtered).toMatchObject({ recordsBefore: inputs.length, recordsAfter: kept.length });
      const result = filtered.batch;
      if (result === null) {
        expect([kept.length, retainsEmpty]).toEqual([0, false]);
        return;
      }
      expect(scanBatchAt(result, 0, result.length)).toBe(result.length);
      for (const of of [baseOffset, lastOffset, leaderEpoch, producerId, producerEpoch]) {
        expect(of(result)).toBe(of(batch));
      }
      expect((await decodeRecords(result, MAX)).map(plain)).toEqual(kept);
      if (kept.length === 0) {
        expect([result.length, codecId(result), maxTimestamp(result)]).toEqual([
          HEADER_SIZE,
          0,
          -1,
        ]);
        return;
      }
      expect(codecId(result)).toBe(codecId(batch));
      expect(maxTimestamp(result)).toBe(
        Math.max(-1, ...kept.map(({ timestamp }) => Number(timestamp))),
      );
      const hasTombstone = kept.some(({ value }) => value === null);
      expect(deleteHorizonOf(result)).toBe(hasTombstone ? deleteHorizonMs : null);
      if (kept.length === inputs.length && !(hasTombstone && deleteHorizonMs !== null)) {
        expect(result).toBe(batch);
      }
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test('a time that is set stays set', async () => {
  const batch = await buildBatch([{ key: 'k', value: null, timestamp: 5 }], options);
  const filter = { retains: () => true, retainsEmpty: false, unpackedBytesMax: MAX };
  const first = await filterBatch(batch, { ...filter, deleteHorizonMs: 1000 });
  const second = await filterBatch(first.batch!, { ...filter, deleteHorizonMs: 2000 });
  expect(second.batch).toBe(first.batch);
  expect([deleteHorizonOf(first.batch!), baseTimestamp(first.batch!)]).toEqual([1000, 1000]);
});

test('a batch of append time keeps that time', async () => {
  const batch = await buildBatch(
    [
      { key: 'a', value: '1', timestamp: 5 },
      { key: 'b', value: null, timestamp: 6 },
    ],
    options,
  );
  stampAppendTime(batch, 777);
  const { batch: result } = await filterBatch(batch, {
    retains: (key) => String(key) === 'b',
    retainsEmpty: false,
    deleteHorizonMs: 9000,
    unpackedBytesMax: MAX,
  });
  const [record] = await decodeRecords(result!, MAX);
  expect([record!.timestamp, recordCount(result!)]).toEqual([777, 1]);
});

test('what unpacks to more than is allowed is refused', async () => {
  const records = [{ key: 'k', value: 'x'.repeat(10_000), timestamp: 1 }];
  const filter = { retains: () => true, retainsEmpty: false, deleteHorizonMs: null };
  for (const codec of CODECS) {
    const batch = await buildBatch(records, { ...options, codec });
    await expect(filterBatch(batch, { ...filter, unpackedBytesMax: 9000 })).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  }
});

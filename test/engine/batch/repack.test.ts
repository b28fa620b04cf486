import { describe, expect, test } from 'vitest';
import { buildBatch } from '../../../engine/batch/builder.js';
import type { CodecName } from '../../../engine/batch/compression.js';
import { codecByName } from '../../../engine/batch/compression.js';
import {
  baseSequence,
  baseTimestamp,
  codecId,
  maxTimestamp,
  producerEpoch,
  producerId,
} from '../../../engine/batch/header.js';
import { decodeRecords, decompressRecords } from '../../../engine/batch/records.js';
import { repack } from '../../../engine/batch/repack.js';
import { validateBatch } from '../../../engine/batch/validate.js';

const CODECS: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const MAX = 10_000_000;

const records = Array.from({ length: 40 }, (_, at) => ({
  key: at % 3 === 0 ? null : `key ${at}`,
  value: at % 5 === 0 ? null : `value ${at} `.repeat(20),
  timestamp: 1_800_000_000_000_000_000n + BigInt(at),
  headers: [[`h${at}`, 'x']] as [string, string][],
}));

describe.each(CODECS)('a batch in %s', (from) => {
  test.each(CODECS)('is the same in %s', async (to) => {
    const batch = await buildBatch(records, {
      codec: from,
      producerId: 9,
      producerEpoch: 2,
      baseSequence: 7,
    });
    const before = Buffer.from(batch);
    const repacked = await repack(batch, await decompressRecords(batch, MAX), to, null);
    expect(batch).toEqual(before);
    expect(codecId(repacked)).toBe(codecByName(to).id);
    expect(validateBatch(repacked, { maxBatchBytes: MAX })).toBeNull();
    expect(await decodeRecords(repacked, MAX)).toEqual(await decodeRecords(batch, MAX));
    for (const field of [producerId, producerEpoch, baseSequence, baseTimestamp, maxTimestamp]) {
      expect(field(repacked)).toBe(field(batch));
    }
  });
});

test.each([
  ['gzip', 1, 9],
  ['zstd', -50, 19],
] as const)('a higher level of %s packs more tightly', async (codec, low, high) => {
  const batch = await buildBatch(records);
  const payload = await decompressRecords(batch, MAX);
  const sizes = await Promise.all(
    [low, high].map(async (level) => (await repack(batch, payload, codec, level)).length),
  );
  expect(sizes[1]).toBeLessThan(sizes[0]!);
});

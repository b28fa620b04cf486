import { describe, expect, onTestFinished, test, vi } from 'vitest';
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
import { ManualClock, TurnSlices } from '../../../engine/index.js';
import { LIMITS } from '../../../engine/limits.js';

const CODECS: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];
const MAX = 10_000_000;
const slices = (): TurnSlices => new TurnSlices(new ManualClock());

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
    const repacked = await repack(batch, await decompressRecords(batch, MAX), to, null, slices());
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
    [low, high].map(async (level) => (await repack(batch, payload, codec, level, slices())).length),
  );
  expect(sizes[1]).toBeLessThan(sizes[0]!);
});

describe('packing', () => {
  /**
   * How often a codec packs on a thread and on the event loop, for records that unpack to `bytes`.
   */
  async function placesOf(name: CodecName, bytes: number): Promise<[number, number]> {
    const codec = codecByName(name);
    const onThread = vi.spyOn(codec, 'compress');

    const onLoop = codec.compressSync ? vi.spyOn(codec, 'compressSync') : null;

    const batch = await buildBatch(records);
    const payload = Buffer.alloc(bytes, 'some of it ');
    const packed = await repack(batch, payload, name, null, slices());
    expect(await decompressRecords(packed, MAX)).toEqual(payload);
    const places: [number, number] = [onThread.mock.calls.length, onLoop?.mock.calls.length ?? 0];
    onThread.mockRestore();
    onLoop?.mockRestore();
    return places;
  }

  test.each(['snappy', 'lz4'] as const)('of little in %s stays on the event loop', async (name) => {
    expect(await placesOf(name, 1)).toEqual([0, 1]);
    expect(await placesOf(name, LIMITS.packedAtOnceBytesMax)).toEqual([0, 1]);
  });

  test.each(['snappy', 'lz4'] as const)('of more in %s leaves it', async (name) => {
    expect(await placesOf(name, LIMITS.packedAtOnceBytesMax + 1)).toEqual([1, 0]);
  });

  test.each(['gzip', 'zstd'] as const)('in %s leaves it whatever the size', async (name) => {
    expect(await placesOf(name, 1)).toEqual([1, 0]);
    expect(await placesOf(name, LIMITS.packedAtOnceBytesMax + 1)).toEqual([1, 0]);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'on a thread in %s is done in a later turn at the earliest',
    async (name) => {
      let isDone = false;
      const packing = codecByName(name).compress(Buffer.alloc(100_000));
      void packing.then(() => {
        isDone = true;
      });
      for (let job = 0; job < 1_000; job++) await Promise.resolve();
      expect(isDone).toBe(false);
      await packing;
    },
  );

  test('of much on the event loop is spread over turns, all of it together', async () => {
    const all = slices();
    const batch = await buildBatch(records);
    const payload = Buffer.alloc(LIMITS.packedAtOnceBytesMax);
    const codec = codecByName('lz4');
    const packed = vi.spyOn(codec, 'compressSync');
    onTestFinished(() => packed.mockRestore());
    const count = (2 * LIMITS.turnBytesMax) / LIMITS.packedAtOnceBytesMax;
    const packing = Array.from({ length: count }, () => repack(batch, payload, 'lz4', null, all));
    for (let job = 0; job < 1_000; job++) await Promise.resolve();
    expect(packed.mock.calls.length).toBeLessThan(count);
    expect(await Promise.all(packing)).toHaveLength(count);
  });
});

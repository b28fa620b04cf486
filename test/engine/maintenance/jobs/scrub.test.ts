import { expect, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import { writeInt64 } from '../../../../engine/batch/int64.js';
import { scrubSegment } from '../../../../engine/maintenance/jobs/scrub.js';
import { seededRandom } from '../../../../engine/random.js';
import { ANY_ORDER } from '../../../support/any-order.js';
import { SimDisk } from '../../../support/sim-disk.js';

const PATH = '/segment.log';
const MIB = 2 ** 20;

interface Placed {
  readonly position: number;
  readonly size: number;
  readonly baseOffset: number;
  readonly recordCount: number;
}

/** A segment of batches whose values have these sizes, with the largest of its reads. */
function segmentOf(valueSizes: readonly number[], baseOffset = 500) {
  const random = seededRandom(7);
  const placed: Placed[] = [];
  const batches: Buffer[] = [];
  let position = 0;
  let offset = baseOffset;
  for (const [at, size] of valueSizes.entries()) {
    const recordCount = 1 + (at % 3);
    const value = random.fill(Buffer.alloc(Math.floor(size / recordCount)));
    const records = Array.from({ length: recordCount }, () => ({
      key: null,
      value,
      timestamp: at,
    }));
    const batch = buildBatchSync(records, { baseOffset: offset });
    placed.push({ position, size: batch.length, baseOffset: offset, recordCount });
    batches.push(batch);
    position += batch.length;
    // A compacted log has gaps.
    offset += recordCount + (at % 4 === 0 ? 10 : 0);
  }
  return { bytes: Buffer.concat(batches), placed };
}

async function scrub(bytes: Buffer, endPosition = bytes.length, baseOffset = 500) {
  const disk = new SimDisk();
  disk.openSync(PATH, 'create').writevSync([bytes], 0);
  const output = await scrubSegment(disk, { ...ANY_ORDER, path: PATH, baseOffset, endPosition });
  const readSizes = disk.journal
    .filter((entry) => entry.kind === 'read' && entry.phase === 'submitted')
    .map((entry) => entry.size ?? 0);
  return { ...output, readSizeMax: Math.max(0, ...readSizes) };
}

const SIZES = [10, 3000, MIB - 100, 0, 3 * MIB, 700_000, 700_000, MIB, 20, 2 * MIB, 1];

test('a sound segment is read through, in steps of 1 MiB, whatever the size of its batches', async () => {
  const { bytes } = segmentOf(SIZES);
  const result = await scrub(bytes);
  expect(result).toMatchObject({ batches: SIZES.length, bad: null });
  expect(result.readSizeMax).toBeLessThanOrEqual(MIB);
  expect(result.readSizeMax).toBeGreaterThan(0);
});

test('an empty range holds nothing bad', async () => {
  expect(await scrub(Buffer.alloc(10, 1), 0)).toMatchObject({ batches: 0, bad: null });
});

test('one flipped bit anywhere in a batch is found at that batch', async () => {
  const { bytes, placed } = segmentOf(SIZES);
  const random = seededRandom(11);
  for (const [at, batch] of placed.entries()) {
    // Length, magic, CRC, attributes, count, and somewhere in the records; baseOffset and epoch are
    // outside the CRC.
    const inside = 61 + Math.floor(random.next() * (batch.size - 61));
    for (const index of [8, 11, 16, 17, 22, 57, Math.min(inside, batch.size - 1)]) {
      const damaged = Buffer.from(bytes);
      const place = batch.position + index;
      damaged[place] = damaged[place]! ^ (1 << Math.floor(random.next() * 8));
      const { bad, batches } = await scrub(damaged);
      const before = placed[at - 1];
      const expectedOffset = before ? before.baseOffset + before.recordCount : 500;
      expect(bad, `batch ${at}, byte ${index}`).toEqual({
        position: batch.position,
        expectedOffset,
      });
      expect(batches).toBe(at);
    }
  }
});

test('a base offset that falls back is found, one that leaves a gap is not', async () => {
  const { bytes, placed } = segmentOf([10, 20, 30]);
  const second = placed[1]!;
  const damaged = Buffer.from(bytes);
  writeInt64(damaged, second.position, placed[0]!.baseOffset);
  expect((await scrub(damaged)).bad?.position).toBe(second.position);
  expect((await scrub(bytes, bytes.length, 0)).bad).toBeNull();
  expect((await scrub(bytes, bytes.length, 501)).bad).toEqual({ position: 0, expectedOffset: 501 });
});

test('a batch that reaches beyond the end position, or a file that ends early, is bad', async () => {
  const { bytes, placed } = segmentOf([100, 2 * MIB, 100]);
  for (const batch of placed) {
    const end = batch.position + batch.size;
    for (const endPosition of [batch.position + 1, batch.position + 61, end - 1]) {
      expect((await scrub(bytes, endPosition)).bad?.position).toBe(batch.position);
      const cut = bytes.subarray(0, endPosition);
      expect((await scrub(cut, bytes.length)).bad?.position).toBe(batch.position);
    }
  }
});

test('a length field of two gigabytes costs no memory', async () => {
  const { bytes } = segmentOf([100]);
  bytes.writeInt32BE(2 ** 31 - 1, 8);
  expect(await scrub(bytes, 2 ** 32)).toMatchObject({ batches: 0, bad: { position: 0 } });
});

test('a missing file and a failed read reject with the error of the disk', async () => {
  const disk = new SimDisk();
  const input = { ...ANY_ORDER, path: PATH, baseOffset: 0, endPosition: 100 };
  await expect(scrubSegment(disk, input)).rejects.toMatchObject({ code: 'ENOENT' });
  disk.openSync(PATH, 'create').writevSync([Buffer.alloc(100)], 0);
  disk.failNext({ op: 'read', code: 'EIO' });
  const openBefore = disk.openCount;
  await expect(scrubSegment(disk, input)).rejects.toMatchObject({ code: 'EIO' });
  expect(disk.openCount).toBe(openBefore);
});

import { readFileSync } from 'node:fs';
import { compress, decompress } from '@mongodb-js/zstd';
import { describe, expect, it } from 'vitest';
import { decodeZstdFrames } from '../../../engine/batch/zstd-frame.js';

const FLUSHED = readFileSync(
  new URL('../../golden/batch/zstd-jni-40-flushed-blocks.zst', import.meta.url),
);
const FLUSHED_TEXT = Buffer.from(
  Array.from({ length: 40 }, (_, i) => `${i} odradek `.repeat(500)).join(''),
);
const BLOCK = 128 * 1024;

/** The decoder, and how much it was made to produce at most. */
function watched() {
  const watch = {
    largest: 0,
    calls: 0,
    decompress: async (bytes: Buffer) => {
      const result = await decompress(bytes);
      watch.calls++;
      watch.largest = Math.max(watch.largest, result.length);
      return result;
    },
  };
  return watch;
}

/** A frame of run-length blocks: four bytes for each 128 KB. */
function runLengthBomb(blockCount: number, descriptor: string): Buffer {
  const block = Buffer.from([0, 0, 0, 0x61]);
  block.writeUIntLE((BLOCK << 3) | 2, 0, 3);
  const blocks = Array.from({ length: blockCount }, () => Buffer.from(block));
  blocks.at(-1)![0]! |= 1;
  return Buffer.concat([Buffer.from(`28b52ffd${descriptor}`, 'hex'), ...blocks]);
}

describe('zstd frames', () => {
  it('of several blocks are unpacked at exactly their size and refused below', async () => {
    const bytes = Buffer.from(Array.from({ length: 900_000 }, (_, i) => (i * i) >> 7));
    const frame = await compress(bytes);
    expect((await decodeZstdFrames(frame, bytes.length, decompress)).equals(bytes)).toBe(true);
    await expect(decodeZstdFrames(frame, bytes.length - 1, decompress)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });

  it('of small blocks, whose bound says little, are measured by growing prefixes', async () => {
    const size = FLUSHED_TEXT.length;
    const exact = watched();
    const unpacked = await decodeZstdFrames(FLUSHED, size, exact.decompress);
    expect(unpacked.equals(FLUSHED_TEXT)).toBe(true);
    expect(exact.calls).toBeGreaterThan(1);
    await expect(decodeZstdFrames(FLUSHED, size - 1, decompress)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });

  it('in a row, with skippable ones between, are one content', async () => {
    const skippable = Buffer.from('502a4d18' + '03000000' + 'aabbcc', 'hex');
    const bytes = Buffer.concat([FLUSHED, skippable, FLUSHED, await compress(Buffer.alloc(0))]);
    const expected = Buffer.concat([FLUSHED_TEXT, FLUSHED_TEXT]);
    for (const maxBytes of [expected.length, 100 * BLOCK]) {
      const unpacked = await decodeZstdFrames(bytes, maxBytes, decompress);
      expect(unpacked.equals(expected)).toBe(true);
    }
    await expect(decodeZstdFrames(bytes, expected.length - 1, decompress)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });

  it('with a single segment are read from prefixes too', async () => {
    // A content size of 4 * 128 KB, in four bytes, and no window.
    const frame = runLengthBomb(4, 'a000000800');
    expect(await decodeZstdFrames(frame, 4 * BLOCK, decompress)).toHaveLength(4 * BLOCK);
    const watch = watched();
    await expect(decodeZstdFrames(frame, BLOCK, watch.decompress)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
    expect(watch.largest).toBe(2 * BLOCK);
  });

  it.each([
    ['no content size', '0058'],
    ['a content size that lies', '20ff'],
  ])('that are bombs with %s never produce more than twice the limit and a block', async (_, d) => {
    const watch = watched();
    const bomb = runLengthBomb(10_000, d);
    const decoding = decodeZstdFrames(bomb, 1_000_000, watch.decompress);
    await expect(decoding).rejects.toThrow();
    expect(watch.largest).toBeLessThanOrEqual(2_000_000 + BLOCK);
  });

  it.each([
    ['no bytes', ''],
    ['half a magic', '28b5'],
    ['another magic', '28b52ffe0058010000'],
    ['a dictionary', '28b52ffd015805010000'],
    ['a reserved block type', '28b52ffd0058070000'],
    ['a block that is cut off', '28b52ffd0058410000aa'],
    ['no last block', '28b52ffd0058000000'],
    ['a skippable frame that is cut off', '502a4d1803000000aa'],
  ])('of %s are refused', async (_, hex) => {
    await expect(decodeZstdFrames(Buffer.from(hex, 'hex'), 1000, decompress)).rejects.toMatchObject(
      { code: 'CORRUPT_BATCH' },
    );
  });
});

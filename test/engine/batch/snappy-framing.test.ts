import { compress } from 'snappy';
import { describe, expect, it } from 'vitest';
import { codecByName } from '../../../engine/batch/compression.js';
import { decodeSnappy } from '../../../engine/batch/snappy-framing.js';

const snappy = codecByName('snappy');
const TEXT = Buffer.from('odradek '.repeat(10_000));

describe('snappy', () => {
  it('is written in the xerial framing, in blocks of 32 KB', async () => {
    const packed = await snappy.compress(TEXT);
    expect(packed.toString('hex', 0, 16)).toBe('82534e4150505900' + '00000001' + '00000001');
    const blocks: number[] = [];
    await decodeSnappy(packed, TEXT.length, async () => {
      blocks.push(1);
      return Buffer.alloc(0);
    });
    expect(blocks).toHaveLength(Math.ceil(TEXT.length / 32_768));
  });

  it('of one raw block is read, as librdkafka sends it', async () => {
    expect((await snappy.decompress(await compress(TEXT), TEXT.length)).equals(TEXT)).toBe(true);
  });

  it('of several xerial streams in a row is read', async () => {
    const packed = await snappy.compress(TEXT);
    const twice = await snappy.decompress(Buffer.concat([packed, packed]), 2 * TEXT.length);
    expect(twice.equals(Buffer.concat([TEXT, TEXT]))).toBe(true);
  });

  it('is not handed to the decoder if it says that it is too large', async () => {
    const fourGigabytes = Buffer.from('ffffffff0f', 'hex');
    const xerial = (await snappy.compress(Buffer.alloc(0))).subarray(0, 16);
    const sized = Buffer.concat([xerial, Buffer.from([0, 0, 0, 5]), fourGigabytes]);
    for (const bytes of [fourGigabytes, sized, await compress(TEXT)]) {
      const calls: Buffer[] = [];
      const decoding = decodeSnappy(bytes, 1000, async (block) => {
        calls.push(block);
        return block;
      });
      await expect(decoding).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
      expect(calls).toEqual([]);
    }
  });

  it.each([
    ['a block size beyond the bytes', '0000ffff00'],
    ['a negative block size', 'ffffffff00'],
    ['half a block size', '0000'],
    ['an empty block', '00000000'],
  ])('with %s is refused', async (_, hex) => {
    const header = await snappy.compress(Buffer.alloc(0));
    const bytes = Buffer.concat([header, Buffer.from(hex, 'hex')]);
    await expect(snappy.decompress(bytes, 1000)).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
  });
});

it('a block that claims more than its bytes can hold takes no memory', async () => {
  // 126 MiB, of three bytes.
  const claim = Buffer.from([0x80, 0x80, 0x80, 0x3f, 0, 0, 0]);
  const before = process.memoryUsage().arrayBuffers;
  await expect(snappy.decompress(claim, 2 ** 27)).rejects.toMatchObject({
    code: 'CORRUPT_BATCH',
    message: expect.stringContaining('claims too much') as string,
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 24);
});

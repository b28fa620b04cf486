import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecByName } from '../../../engine/batch/compression.js';
import { lz4FrameBound } from '../../../engine/batch/lz4-frame.js';

const lz4 = codecByName('lz4');

const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
};

const FIRST = Buffer.from('the first block, stored; what follows refers back into this one.');
/** Eight bytes from `FIRST.length` back, then five literals. */
const SECOND = Buffer.from([0x04, FIRST.length, 0, 0x50, ...Buffer.from('linke')]);
const TEXT = `${FIRST}the firslinke`;

/** A frame of linked blocks of at most 64 KB; `checksum` is that of the descriptor. */
function linkedFrame(flags: number, extra: Buffer, checksum: number): Buffer {
  return Buffer.concat([
    uint32(0x184d2204),
    Buffer.from([flags, 0x40]),
    extra,
    Buffer.from([checksum]),
    uint32(FIRST.length | 0x80000000),
    FIRST,
    uint32(SECOND.length),
    SECOND,
    uint32(0),
  ]);
}

describe('an LZ4 frame', () => {
  it('of linked blocks is read, with and without a content size', async () => {
    const size = Buffer.alloc(8);
    size.writeUInt32LE(TEXT.length);
    for (const frame of [linkedFrame(0x40, Buffer.alloc(0), 0xc0), linkedFrame(0x48, size, 0x1c)]) {
      expect((await lz4.decompress(frame, TEXT.length)).toString()).toBe(TEXT);
      expect(lz4FrameBound(frame, TEXT.length)).toBe(TEXT.length);
      await expect(lz4.decompress(frame, TEXT.length - 1)).rejects.toMatchObject({
        code: 'BATCH_TOO_LARGE',
      });
    }
  });

  it('with checksums of blocks and content is read', async () => {
    const { compressFrame } = await import('lz4-napi');
    const bytes = Buffer.from('odradek '.repeat(50_000));
    const frame = await compressFrame(bytes, { contentChecksum: true, blockChecksums: true });
    expect((await lz4.decompress(frame, bytes.length)).equals(bytes)).toBe(true);
    frame[frame.length - 1]! ^= 1;
    await expect(lz4.decompress(frame, bytes.length)).rejects.toMatchObject({
      code: 'CORRUPT_BATCH',
    });
  });

  it('that we write has independent blocks, as Kafka demands', async () => {
    const frame = await lz4.compress(Buffer.alloc(3_000_000, 'ab'));
    expect(frame[4]! & 0x20).toBe(0x20);
  });

  it('has an exact size wherever the rough bound is over the limit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(255), fc.nat(3000)), { minLength: 1, maxLength: 60 }),
        async (runs) => {
          const bytes = Buffer.concat(runs.map(([byte, size]) => Buffer.alloc(size, byte)));
          expect(lz4FrameBound(await lz4.compress(bytes), 0)).toBe(bytes.length);
        },
      ),
    );
  });

  it('is not believed about its content size', async () => {
    const bomb = await lz4.compress(Buffer.alloc(20_000_000));
    const size = Buffer.alloc(8);
    const liar = Buffer.concat([bomb.subarray(0, 6), size, bomb.subarray(6)]);
    liar[4]! |= 0x08;
    expect(lz4FrameBound(liar, 1000)).toBe(20_000_000);
  });

  it.each([
    ['bytes behind it', (frame: Buffer) => Buffer.concat([frame, Buffer.alloc(1)])],
    ['no end mark', (frame: Buffer) => frame.subarray(0, -4)],
    ['another magic', (frame: Buffer) => Buffer.concat([Buffer.from([5]), frame.subarray(1)])],
  ])('with %s is refused', async (_, change) => {
    const frame = change(await lz4.compress(Buffer.from('odradek')));
    expect(() => lz4FrameBound(frame, 1000)).toThrow(
      expect.objectContaining({ code: 'CORRUPT_BATCH' }),
    );
  });
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { codecByName } from '../../../engine/batch/compression.js';
import { Xxh32 } from '../../../engine/batch/xxh32.js';
import { systemClock } from '../../../engine/clock.js';
import { LIMITS } from '../../../engine/limits.js';
import { TurnSlices } from '../../../engine/turn-slices.js';
import { TurnMeter } from '../../support/turn-meter.js';

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

  it('is read whatever it is made of: the package packs, we unpack', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.nat(300)), {
          minLength: 1,
          maxLength: 60,
        }),
        async (runs) => {
          // What repeats at distances of 1 to 40, for any length.
          const bytes = Buffer.concat(
            runs.map(([pattern, times]) => Buffer.alloc(pattern.length * times, pattern)),
          );
          expect(
            (await lz4.decompress(await lz4.compress(bytes), bytes.length)).equals(bytes),
          ).toBe(true);
        },
      ),
    );
  });

  it('is not believed about its content size', async () => {
    const bomb = await lz4.compress(Buffer.alloc(20_000_000));
    const size = Buffer.alloc(8);
    const liar = Buffer.concat([bomb.subarray(0, 6), size, bomb.subarray(6)]);
    liar[4]! |= 0x08;
    liar[14] = (new Xxh32().end(liar.subarray(4, 14)) >>> 8) & 0xff;
    await expect(lz4.decompress(liar, 1000)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  });

  it('is unpacked in slices, into memory that is given back', async () => {
    const size = 20_000_000;
    const meter = new TurnMeter();
    const packed = await lz4.compress(Buffer.alloc(size));
    const unpacked = await lz4.decompress(packed, size, new TurnSlices(systemClock, meter));
    meter.stop();
    expect(unpacked.equals(Buffer.alloc(size))).toBe(true);
    // The blocks are measured, then unpacked.
    expect(meter.total.bytes).toBeGreaterThanOrEqual(size);
    expect(meter.most.bytes).toBeLessThan(2 * LIMITS.turnBytesMax + 64 * 1024);
    // Ours, of which V8 knows how large it is; the package's stayed when they were garbage.
    expect(unpacked.buffer.byteLength).toBe(size);
  });

  it.each([
    ['a match before its first byte', [0x10, 0x61, 2, 0, 0x00]],
    ['a distance of zero', [0x10, 0x61, 0, 0, 0x00]],
    ['literals beyond its end', [0x50, 0x61]],
    ['half a distance', [0x10, 0x61, 1]],
    ['a length that never ends', [0xf0, 0xff, 0xff]],
  ])('with a block of %s is refused', async (_, block) => {
    const frame = Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]),
      uint32(block.length),
      Buffer.from(block),
      uint32(0),
    ]);
    await expect(lz4.decompress(frame, 1000)).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
  });

  it.each([
    ['bytes behind it', (frame: Buffer) => Buffer.concat([frame, Buffer.alloc(1)])],
    ['no end mark', (frame: Buffer) => frame.subarray(0, -4)],
    ['another magic', (frame: Buffer) => Buffer.concat([Buffer.from([5]), frame.subarray(1)])],
  ])('with %s is refused', async (_, change) => {
    const frame = change(await lz4.compress(Buffer.from('odradek')));
    await expect(lz4.decompress(frame, 1000)).rejects.toMatchObject({ code: 'CORRUPT_BATCH' });
  });
});

import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  codecById,
  codecByName,
  loadPackage,
  zstdCodec,
} from '../../../engine/batch/compression.js';

const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** From runs of one byte to noise, so that blocks come out stored, packed and repeated. */
const payload = fc
  .array(
    fc.oneof(
      fc.tuple(fc.nat(255), fc.nat(40_000)).map(([byte, size]) => Buffer.alloc(size, byte)),
      fc.uint8Array({ maxLength: 2000 }).map((bytes) => Buffer.from(bytes)),
    ),
    { maxLength: 8 },
  )
  .map((parts) => Buffer.concat(parts));

describe('the codec registry', () => {
  it('has the five codecs of Kafka under their ids and names', () => {
    expect(NAMES.map((name, id) => [codecByName(name).id, codecById(id)?.name])).toEqual(
      NAMES.map((name, id) => [id, name]),
    );
    for (const id of [-1, 5, 6, 7]) expect(codecById(id)).toBeUndefined();
  });

  it('names the package that cannot be loaded', () => {
    expect(() => loadPackage('odradek-no-such-codec')).toThrow(
      expect.objectContaining({
        code: 'CODEC_UNAVAILABLE',
        message: expect.stringContaining('odradek-no-such-codec') as string,
      }),
    );
  });
});

describe('zstd', () => {
  /** Stands for the zlib of Node 22.15: marks what it packs, so that it can be told apart. */
  const newer = {
    constants: { ZSTD_c_compressionLevel: 100 },
    zstdCompress: (bytes: Buffer, _options: object, done: (e: null, out: Buffer) => void) =>
      done(null, Buffer.concat([Buffer.from('own'), bytes])),
    zstdDecompress: (bytes: Buffer, _options: object, done: (e: null, out: Buffer) => void) =>
      done(null, bytes.subarray(3)),
  };
  const older = { constants: {} };
  const missing = (specifier: string) => loadPackage(`@mongodb-js/zstd/missing-${specifier}`);

  it('of Node itself is taken where there is one, and no package is loaded', async () => {
    const codec = zstdCodec(newer, missing as typeof loadPackage);
    const packed = await codec.compress(Buffer.from('text'));
    expect(packed.toString()).toBe('owntext');
    expect((await codec.decompress(packed, 4)).toString()).toBe('text');
  });

  it('without Node’s own nor the package is unavailable, and says what to do', async () => {
    const codec = zstdCodec(older, missing as typeof loadPackage);
    for (const used of [codec.compress(Buffer.from('text')), codec.decompress(Buffer.of(1), 10)])
      await expect(used).rejects.toMatchObject({
        code: 'CODEC_UNAVAILABLE',
        message: expect.stringMatching(/npm install @mongodb-js\/zstd.*Node 22\.15/) as string,
      });
  });

  it('of the package and of Node read one another', async () => {
    const bytes = Buffer.from('the same bytes '.repeat(1000));
    const ofPackage = await zstdCodec(older).compress(bytes, 3);
    expect(await zstdCodec().decompress(ofPackage, bytes.length)).toEqual(bytes);
    const ofThisNode = await zstdCodec().compress(bytes, 3);
    expect(await zstdCodec(older).decompress(ofThisNode, bytes.length)).toEqual(bytes);
  });
});

describe.each(NAMES)('codec %s', (name) => {
  const codec = codecByName(name);

  it('unpacks what it packed, with a limit of exactly that size and none below', async () => {
    await fc.assert(
      fc.asyncProperty(payload, async (bytes) => {
        const packed = await codec.compress(bytes);
        expect((await codec.decompress(packed, bytes.length)).equals(bytes)).toBe(true);
        if (bytes.length === 0) return;
        await expect(codec.decompress(packed, bytes.length - 1)).rejects.toMatchObject({
          code: 'BATCH_TOO_LARGE',
        });
      }),
      { numRuns: 50 },
    );
  });

  it('unpacks a megabyte of noise', async () => {
    const bytes = randomBytes(1_000_003);
    const unpacked = await codec.decompress(await codec.compress(bytes), 1_000_003);
    expect(unpacked.equals(bytes)).toBe(true);
  });

  it('refuses a bomb', async () => {
    const bomb = await codec.compress(Buffer.alloc(50_000_000));
    await expect(codec.decompress(bomb, 1_000_000)).rejects.toMatchObject({
      code: 'BATCH_TOO_LARGE',
    });
  });
});

describe.each(['gzip', 'snappy', 'lz4', 'zstd'] as const)('damaged %s', (name) => {
  const codec = codecByName(name);

  it('is refused by code, never anything else, whatever the bytes', async () => {
    const packed = await codec.compress(Buffer.from('odradek '.repeat(200)));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 5 }),
        fc.nat(packed.length),
        async (changes, size) => {
          const bytes = Buffer.from(packed);
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            const unpacked = await codec.decompress(bytes.subarray(0, size), 10_000);
            expect(unpacked.length).toBeLessThanOrEqual(10_000);
          } catch (error) {
            expect(error).toHaveProperty('code');
            expect(['CORRUPT_BATCH', 'BATCH_TOO_LARGE']).toContain(
              (error as { code: string }).code,
            );
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is refused when cut off anywhere', async () => {
    const packed = await codec.compress(Buffer.from('odradek '.repeat(20)));
    const ends = Array.from({ length: packed.length }, (_, size) => size);
    const results = await Promise.allSettled(
      ends.map((size) => codec.decompress(packed.subarray(0, size), 10_000)),
    );
    // The xerial header alone is a whole stream of no blocks.
    const whole = results.flatMap((result, size) => (result.status === 'fulfilled' ? [size] : []));
    expect(whole).toEqual(name === 'snappy' ? [16] : []);
  });
});

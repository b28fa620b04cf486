/**
 * The compression codecs of record batches, by the id in a batch's attributes. Native packages
 * load on first use, so that importing the engine stays quick and a platform without a binary
 * loses one codec, not the engine.
 */

import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import * as zlib from 'node:zlib';
import { EngineError } from '../errors.js';
import type { TurnSlices } from '../turn-slices.js';
import { decodeLz4Frame } from './lz4-frame.js';
import { decodeSnappy, encodeXerial, encodeXerialSync } from './snappy-framing.js';
import { decodeZstdFrames } from './zstd-frame.js';

/** Compression of a record batch; all five of Kafka's. */
export type CodecName = 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd';

/**
 * One codec. Both functions read `bytes` until their promise settles, on another thread (but lz4 is
 * unpacked on this one): the caller does not change them until then. The result may be `bytes`
 * itself (codec `none`).
 */
export type Codec = {
  readonly id: number;
  readonly name: CodecName;
  /** Bytes that one packed byte unpacks to at most, by the format: packing saves no more. */
  readonly expansionMax: number;
  /**
   * Packs on another thread. `level` is Kafka's number for this codec, null the codec's own
   * default; `snappy` has none, and the package for `lz4` has one only. Rejects with
   * `CODEC_UNAVAILABLE` if the package cannot be loaded.
   */
  compress(bytes: Buffer, level?: number | null): Promise<Buffer>;
  /**
   * As `compress`, on this thread. Only codecs without a level have it, where their package offers
   * it: a codec with a level may take a whole turn of the event loop for few bytes.
   */
  compressSync?(bytes: Buffer): Buffer;
  /**
   * Rejects with `BATCH_TOO_LARGE` if the result would be over `maxBytes` (inclusive; whatever the
   * bytes say, no more than about twice that is ever unpacked), with `CORRUPT_BATCH` if the bytes
   * are not of this codec, and with `CODEC_UNAVAILABLE`. The part that is done on this thread is
   * done in `slices`; without them at once.
   */
  decompress(bytes: Buffer, maxBytes: number, slices?: TurnSlices | null): Promise<Buffer>;
};

/** The codec of an attribute value 0 to 4; undefined for any other number. */
export function codecById(id: number): Codec | undefined {
  return CODECS[id];
}

/** The codec that Kafka's settings call `name`. */
export function codecByName(name: CodecName): Codec {
  return CODECS.find((codec) => codec.name === name)!;
}

const none: Codec = {
  id: 0,
  name: 'none',
  expansionMax: 1,
  compress: async (bytes) => bytes,
  decompress: async (bytes, maxBytes) => {
    if (bytes.length > maxBytes) throw tooLarge(maxBytes);
    return bytes;
  },
};

const gzipAsync = promisify<Buffer, zlib.ZlibOptions | undefined, Buffer>((bytes, options, done) =>
  zlib.gzip(bytes, options ?? {}, done),
) as (bytes: Buffer, options?: zlib.ZlibOptions) => Promise<Buffer>;

const gzip: Codec = {
  id: 1,
  name: 'gzip',
  // 258 bytes again take two bits.
  expansionMax: 1032,
  compress: (bytes, level = null) =>
    level === null ? gzipAsync(bytes) : gzipAsync(bytes, { level }),
  decompress: (bytes, maxBytes) => inflate('gzip', promisify(zlib.gunzip), bytes, maxBytes),
};

const snappy: Codec = {
  id: 2,
  name: 'snappy',
  // 64 bytes again take three.
  expansionMax: 64 / 3,
  compress: async (bytes) => {
    const { compress } = loadSnappy();
    return encodeXerial(bytes, (block) => compress(block));
  },
  compressSync: (bytes) => {
    const { compressSync } = loadSnappy();
    return encodeXerialSync(bytes, (block) => compressSync(block));
  },
  decompress: async (bytes, maxBytes) => {
    const { uncompress } = loadSnappy();
    return decoding('snappy', () =>
      decodeSnappy(bytes, maxBytes, async (block) => (await uncompress(block)) as Buffer),
    );
  },
};

const lz4: Codec = {
  id: 3,
  name: 'lz4',
  // A byte of a length stands for 255.
  expansionMax: 255,
  // Without options: independent blocks, the only kind that Kafka's own reader accepts.
  compress: async (bytes) => loadLz4().compressFrame(bytes),
  compressSync: (bytes) => loadLz4().compressFrameSync(bytes),
  // The package keeps what it unpacks to: 20 batches of 126 MiB were 2.9 GB that stayed.
  decompress: (bytes, maxBytes, slices = null) => decodeLz4Frame(bytes, maxBytes, slices),
};

/**
 * Zstandard of Node's own `zlib`, where it has one; else of a package that need not be installed,
 * loaded when first used.
 */
export function zstdCodec(nodeZlib: object = zlib, load = loadPackage): Codec {
  const builtIn = findBuiltInZstd(nodeZlib);
  return {
    id: 4,
    name: 'zstd',
    // A block of 128 KiB of one byte takes four.
    expansionMax: 32_768,
    compress: async (bytes, level = null) => {
      if (builtIn !== undefined) return builtIn.compress(bytes, level);
      // The package's own door drops the level.
      return (load('@mongodb-js/zstd/bindings.js') as Zstd).compress(bytes, level);
    },
    decompress: async (bytes, maxBytes) => {
      if (builtIn !== undefined) return inflate('zstd', builtIn.decompress, bytes, maxBytes);
      const { decompress } = load('@mongodb-js/zstd') as Zstd;
      return decoding('zstd', () => decodeZstdFrames(bytes, maxBytes, decompress));
    },
  };
}

type Zstd = Pick<typeof import('@mongodb-js/zstd'), 'decompress'> & {
  compress(bytes: Buffer, level: number | null): Promise<Buffer>;
};

const CODECS: readonly Codec[] = [none, gzip, snappy, lz4, zstdCodec()];

type Inflate = (bytes: Buffer, options: { maxOutputLength: number }) => Promise<Buffer>;

/** Node has had zstd since 22.15 and 23.8; the types this project builds with are older. */
function findBuiltInZstd(
  module: object,
):
  | { compress: (bytes: Buffer, level: number | null) => Promise<Buffer>; decompress: Inflate }
  | undefined {
  const { zstdCompress, zstdDecompress, constants } = module as {
    zstdCompress?: typeof zlib.gzip;
    zstdDecompress?: typeof zlib.gunzip;
    constants: { ZSTD_c_compressionLevel?: number };
  };
  if (zstdCompress === undefined || zstdDecompress === undefined) return undefined;
  const compress = promisify(zstdCompress) as (bytes: Buffer, options: object) => Promise<Buffer>;
  const levelKey = constants.ZSTD_c_compressionLevel ?? 100;
  return {
    compress: (bytes, level) =>
      compress(bytes, level === null ? {} : { params: { [levelKey]: level } }),
    decompress: promisify(zstdDecompress) as Inflate,
  };
}

async function inflate(
  name: CodecName,
  run: Inflate,
  bytes: Buffer,
  maxBytes: number,
): Promise<Buffer> {
  try {
    // zlib refuses a limit of 0, and a result of one byte is caught below.
    const result = await run(bytes, { maxOutputLength: Math.max(1, maxBytes) });
    if (result.length > maxBytes) throw tooLarge(maxBytes);
    return result;
  } catch (error) {
    if (error instanceof EngineError) throw error;
    if ((error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge(maxBytes);
    throw notOfCodec(name, error);
  }
}

/** Runs a native decoder; an error of it means that the bytes are damaged. */
async function decoding(name: CodecName, run: () => Promise<Buffer>): Promise<Buffer> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof EngineError ? error : notOfCodec(name, error);
  }
}

function notOfCodec(name: CodecName, cause: unknown): EngineError {
  return new EngineError('CORRUPT_BATCH', `the records cannot be decompressed (${name})`, {
    cause,
  });
}

function tooLarge(maxBytes: number): EngineError {
  return new EngineError('BATCH_TOO_LARGE', `the records unpack to more than ${maxBytes} bytes`);
}

const require = createRequire(import.meta.url);

// Node caches loaded modules, so that a call costs a look-up.
const loadSnappy = () => loadPackage<typeof import('snappy')>('snappy');
const loadLz4 = () => loadPackage<typeof import('lz4-napi')>('lz4-napi');

/** The package, or `CODEC_UNAVAILABLE` with its name. */
export function loadPackage<Module>(specifier: string): Module {
  try {
    return require(specifier) as Module;
  } catch (cause) {
    const [name] = /^(@[^/]+\/)?[^/]+/.exec(specifier)!;
    const advice =
      name === '@mongodb-js/zstd'
        ? `run \`npm install ${name}\`, or Node 22.15 or later, which has zstd`
        : 'install without --omit=optional, which leaves out the native code of packages';
    throw new EngineError(
      'CODEC_UNAVAILABLE',
      `the package ${name} cannot be loaded on ${process.platform}-${process.arch}: ${advice}`,
      { cause },
    );
  }
}

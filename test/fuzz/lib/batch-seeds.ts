import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { buildBatch, type RecordInput } from '../../../engine/batch/builder.js';
import { type CodecName, codecByName } from '../../../engine/batch/compression.js';
import {
  ATTRIBUTES_AT,
  BATCH_LENGTH_AT,
  HEADER_SIZE,
  PREFIX_SIZE,
} from '../../../engine/batch/header.js';
import { stampCrc } from '../../../engine/batch/stamp.js';
import type { FuzzRandom } from './fuzz-random.js';
import { mutate, noise } from './mutate.js';

const TIMESTAMP_MS = 1_767_225_600_000;
const CODECS: readonly CodecName[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

function records(count: number, valueSize: number): RecordInput[] {
  return Array.from({ length: count }, (_, at) => ({
    key: at % 3 === 0 ? null : `key-${at % 5}`,
    value: at % 7 === 6 ? null : `${at}-`.repeat(valueSize).slice(0, valueSize),
    timestamp: TIMESTAMP_MS + at,
    headers: at % 4 === 0 ? [['h', `v${at}`]] : [],
  }));
}

/** Whole batches: ours in every codec, with and without a producer, and Apache Kafka's. */
async function wholeBatches(): Promise<Buffer[]> {
  const batches: Buffer[] = [];
  const all = records(12, 40);
  for (const codec of CODECS) {
    batches.push(await buildBatch(all, { codec }));
    batches.push(
      await buildBatch(all.slice(0, 2), {
        codec,
        producerId: 5,
        producerEpoch: 0,
        baseSequence: batches.length,
      }),
    );
  }
  batches.push(await buildBatch(records(1, 1)), await buildBatch(records(1, 3_000)));
  const golden = resolve('test/golden/batch');
  for (const name of readdirSync(golden)) {
    if (name.endsWith('-3.batch')) batches.push(readFileSync(resolve(golden, name)));
  }
  return batches;
}

export const BATCHES: readonly Buffer[] = await wholeBatches();

/** Where a header's fields begin. */
const FIELDS_AT = [0, 8, 12, 16, 17, 21, 23, 27, 35, 43, 51, 53, 57] as const;
const PRODUCER_AT = 43;

/**
 * A batch: whole, or changed in its header, its records or anywhere. Length and checksum are mostly
 * made good, because code behind them is never reached otherwise.
 */
export function changedBatch(random: FuzzRandom): Buffer {
  const seed = random.pick(BATCHES);
  switch (random.below(8)) {
    case 0:
      return Buffer.from(seed);
    case 1:
      return mutate(random, seed, random.pick(BATCHES));
    case 2:
      return withProducer(random, seed);
    case 3:
    case 4:
      return mended(random, withChangedField(random, seed));
    case 5: {
      const payload = noise(random, 200);
      return mended(random, Buffer.concat([seed.subarray(0, HEADER_SIZE), payload]));
    }
    default:
      return mended(random, withChangedRecords(random, seed));
  }
}

function withProducer(random: FuzzRandom, seed: Buffer): Buffer {
  const batch = Buffer.from(seed);
  batch.writeBigInt64BE(BigInt(random.below(4)), PRODUCER_AT);
  batch.writeInt16BE(random.below(3), PRODUCER_AT + 8);
  batch.writeInt32BE(random.pick([0, 1, 2, 3, 2 ** 31 - 1]), PRODUCER_AT + 10);
  stampCrc(batch);
  return batch;
}

function withChangedField(random: FuzzRandom, seed: Buffer): Buffer {
  const batch = Buffer.from(seed);
  const at = random.pick(FIELDS_AT);
  const piece = mutate(random, seed.subarray(at, Math.min(at + 8, HEADER_SIZE)));
  piece.copy(batch, at, 0, Math.min(piece.length, HEADER_SIZE - at));
  return batch;
}

function withChangedRecords(random: FuzzRandom, seed: Buffer): Buffer {
  const other = random.pick(BATCHES).subarray(HEADER_SIZE);
  const payload = mutate(random, seed.subarray(HEADER_SIZE), other);
  const batch = Buffer.concat([seed.subarray(0, HEADER_SIZE), payload]);
  if (random.once(6)) batch[ATTRIBUTES_AT + 1] = random.below(8);
  return batch;
}

function mended(random: FuzzRandom, batch: Buffer): Buffer {
  if (batch.length < HEADER_SIZE || random.once(8)) return batch;
  batch.writeInt32BE(batch.length - PREFIX_SIZE, BATCH_LENGTH_AT);
  stampCrc(batch);
  return batch;
}

/** The same bytes as each codec packs them: seeds for decompressors. */
export async function packedSeeds(name: CodecName): Promise<Buffer[]> {
  const codec = codecByName(name);
  const plain = [Buffer.alloc(0), Buffer.from('a'), Buffer.alloc(5_000, 'abc'), noiseOf(3_000)];
  return Promise.all(plain.map((bytes) => codec.compress(bytes)));
}

function noiseOf(size: number): Buffer {
  const bytes = Buffer.alloc(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 2_654_435_761) >>> 11;
  return bytes;
}

import { codecByName } from '../../../engine/batch/compression.js';
import {
  baseOffset,
  HEADER_SIZE,
  lastOffset,
  PREFIX_SIZE,
  recordCount,
} from '../../../engine/batch/header.js';
import { validateRecords } from '../../../engine/batch/records.js';
import { scanBatchAt, validateBatch } from '../../../engine/batch/validate.js';
import { systemClock } from '../../../engine/clock.js';
import { filterBatch } from '../../../engine/maintenance/filter-batch.js';
import { TurnSlices } from '../../../engine/turn-slices.js';
import { BATCHES, changedBatch, packedSeeds } from '../lib/batch-seeds.js';
import { FuzzRandom } from '../lib/fuzz-random.js';
import { mutate } from '../lib/mutate.js';
import { pipelined } from '../lib/pipelined.js';
import { orEngineError } from '../lib/refusal.js';
import { BrokenPromise, stateless, type Target } from '../lib/target.js';

const UNPACKED_BYTES_MAX = 64 * 1024;
const slices = new TurnSlices(systemClock);
const REFUSALS = ['CORRUPT_BATCH', 'BATCH_TOO_LARGE', 'UNKNOWN_CODEC'] as const;

/** What a client's bytes go through before they are appended. */
const header = stateless('batch.header', changedBatch, (bytes) => {
  const problem = validateBatch(bytes, { maxBatchBytes: 100_000 });
  const scanned = scanBatchAt(bytes, 0, bytes.length);
  if (problem === null && scanned !== bytes.length) {
    throw new BrokenPromise('a batch was taken that recovery does not find');
  }
  if (typeof scanned === 'number' && (scanned < HEADER_SIZE || scanned > bytes.length)) {
    throw new BrokenPromise(`a batch of ${scanned} bytes in ${bytes.length}`);
  }
});

const records = pipelined('batch.records', changedBatch, async (bytes) => {
  if (validateBatch(bytes, { maxBatchBytes: 100_000 }) !== null) return;
  for (const compacted of [false, true]) {
    await validateRecords(bytes, { compacted, maxDecompressedBytes: UNPACKED_BYTES_MAX, slices });
  }
});

/** Compaction takes records out of a batch that is whole as far as its checksum goes. */
const filter = pipelined('batch.filter', changedBatch, async (bytes) => {
  if (scanBatchAt(bytes, 0, bytes.length) !== bytes.length || recordCount(bytes) < 0) return;
  const random = new FuzzRandom(bytes.length, bytes.at(-1)!);
  const filtered = await orEngineError(
    REFUSALS,
    filterBatch(bytes, {
      retains: () => random.once(2),
      retainsEmpty: true,
      deleteHorizonMs: random.once(2) ? 1_800_000_000_000 : null,
      unpackedBytesMax: UNPACKED_BYTES_MAX,
    }),
  );
  if (filtered?.batch == null) return;
  const { batch, recordsAfter } = filtered;
  const isSame =
    scanBatchAt(batch, 0, batch.length) === batch.length &&
    baseOffset(batch) === baseOffset(bytes) &&
    lastOffset(batch) === lastOffset(bytes) &&
    recordCount(batch) === recordsAfter;
  if (!isSame) throw new BrokenPromise('a filtered batch is not the one that it came from');
});

const CODECS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Snappy comes in two framings: ours are xerial, others send one raw block. */
const RAW_SNAPPY = [
  Buffer.from('0a2461626364656667686969', 'hex'),
  ...(await packedSeeds('snappy')).map((bytes) => bytes.subarray(20)),
];

async function codecTarget(
  name: string,
  codecName: (typeof CODECS)[number],
  seeds: readonly Buffer[],
): Promise<Target> {
  const codec = codecByName(codecName);
  return pipelined(
    `codec.${name}`,
    (random) => {
      const seed = random.pick(seeds);
      return random.once(50) ? seed : mutate(random, seed, random.pick(seeds));
    },
    async (bytes) => {
      const plain = await orEngineError(REFUSALS, codec.decompress(bytes, UNPACKED_BYTES_MAX));
      if (plain !== undefined && plain.length > UNPACKED_BYTES_MAX) {
        throw new BrokenPromise(`${plain.length} bytes were unpacked`);
      }
    },
  );
}

/** Records of Apache Kafka's batches that were packed by that codec. */
function golden(id: number): Buffer[] {
  return BATCHES.filter((batch) => (batch[22]! & 7) === id).map((batch) =>
    batch.subarray(HEADER_SIZE, PREFIX_SIZE + batch.readInt32BE(8)),
  );
}

export const BATCH_TARGETS: readonly Target[] = [
  header,
  records,
  filter,
  await codecTarget('gzip', 'gzip', [...(await packedSeeds('gzip')), ...golden(1)]),
  await codecTarget('snappy-xerial', 'snappy', [...(await packedSeeds('snappy')), ...golden(2)]),
  await codecTarget('snappy-raw', 'snappy', RAW_SNAPPY),
  await codecTarget('lz4', 'lz4', [...(await packedSeeds('lz4')), ...golden(3)]),
  await codecTarget('zstd', 'zstd', [...(await packedSeeds('zstd')), ...golden(4)]),
];

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import { BATCH_LENGTH_AT, MAGIC_AT } from '../../../engine/batch/header.js';
import type { DiskFile } from '../../../engine/disk/disk.js';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import {
  type InspectedBatch,
  type InspectedDamage,
  inspectLog,
} from '../../../engine/inspect/log-inspection.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function open(bytes: Buffer): Promise<DiskFile> {
  const path = join(temporaryFolder(), '00000000000000000000.log');
  writeFileSync(path, bytes);
  const file = await nodeDisk.open(path, 'read');
  onTestFinished(() => file.close());
  return file;
}

async function inspect(bytes: Buffer): Promise<(InspectedBatch | InspectedDamage)[]> {
  const found: (InspectedBatch | InspectedDamage)[] = [];
  for await (const each of inspectLog(await open(bytes))) found.push(each);
  return found;
}

function batch(baseOffset: number, valueSize = 10): Buffer {
  const value = Buffer.alloc(valueSize, 7);
  return buildBatchSync([{ key: 'k', value, timestamp: 5 }], { baseOffset, leaderEpoch: 3 });
}

test('a batch larger than what is read at a time has its checksum over all of it', async () => {
  const large = batch(0, 1_000_003);
  const [sound] = await inspect(large);
  expect(sound).toMatchObject({ kind: 'batch', size: large.length, crcMatches: true });
  const flipped = Buffer.from(large);
  flipped.writeUInt8(flipped.readUInt8(flipped.length - 1) ^ 1, flipped.length - 1);
  expect(await inspect(flipped)).toMatchObject([{ kind: 'batch', crcMatches: false }]);
});

test('tells what the header says', async () => {
  const bytes = await buildBatch(
    [
      { key: null, value: 'a', timestamp: 8 },
      { key: null, value: 'b', timestamp: 6 },
    ],
    {
      codec: 'zstd',
      baseOffset: 40,
      leaderEpoch: 2,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 3,
      isTransactional: true,
      timestampType: 'append',
    },
  );
  expect(await inspect(bytes)).toMatchObject([
    {
      position: 0,
      size: bytes.length,
      baseOffset: 40,
      lastOffset: 41,
      recordCount: 2,
      codec: 'zstd',
      leaderEpoch: 2,
      timestampType: 'append',
      maxTimestampMs: 8,
      producerId: 9,
      producerEpoch: 1,
      baseSequence: 3,
      transactional: true,
      control: false,
      crcMatches: true,
      problem: null,
    },
  ]);
});

test('every cut inside of a file ends in a torn batch, at its beginning', async () => {
  const whole = Buffer.concat([batch(0), batch(1)]);
  const second = whole.length / 2;
  for (let end = second + 1; end < whole.length; end++) {
    const found = await inspect(whole.subarray(0, end));
    expect(found).toMatchObject([
      { kind: 'batch', position: 0 },
      { kind: 'damage', position: second, size: end - second, torn: true },
    ]);
  }
});

test('a length that reaches beyond the file is no torn end where the checksum shows a whole batch', async () => {
  const spoilt = batch(1);
  spoilt.writeInt32BE(100_000, BATCH_LENGTH_AT);
  for (const follows of [Buffer.alloc(0), batch(2)]) {
    const found = await inspect(Buffer.concat([batch(0), spoilt, follows]));
    expect(found).toMatchObject([{ kind: 'batch' }, { kind: 'damage', torn: false }]);
  }
  const torn = await inspect(Buffer.concat([batch(0), spoilt.subarray(0, -1)]));
  expect(torn).toMatchObject([{ kind: 'batch' }, { kind: 'damage', torn: true }]);
});

test.each<[string, (bytes: Buffer) => void, string]>([
  ['an older format', (bytes) => bytes.writeInt8(1, MAGIC_AT), 'magic 1'],
  ['a size below a header', (bytes) => bytes.writeInt32BE(20, BATCH_LENGTH_AT), 'size of 32 bytes'],
  ['a negative size', (bytes) => bytes.writeInt32BE(-1, BATCH_LENGTH_AT), 'size of 11 bytes'],
  ['zeros', (bytes) => void bytes.fill(0), 'magic 0'],
])('%s is damage and no torn end, and the walk ends there', async (_, spoil, problem) => {
  const spoilt = batch(1);
  spoil(spoilt);
  const found = await inspect(Buffer.concat([batch(0), spoilt, batch(2)]));
  expect(found).toMatchObject([
    { kind: 'batch' },
    { kind: 'damage', torn: false, problem: expect.stringContaining(problem) },
  ]);
});

test('gaps between batches, which compaction leaves, are sound; going back is not', async () => {
  const found = await inspect(Buffer.concat([batch(0), batch(10), batch(10)]));
  expect(found.map(({ problem }) => problem)).toEqual([
    null,
    null,
    'its offsets are not above those before it',
  ]);
});

test('records are read on demand, and the walk begins wherever a batch does', async () => {
  const first = batch(0);
  const file = await open(Buffer.concat([first, batch(1)]));
  for await (const found of inspectLog(file, first.length)) {
    if (found.kind === 'damage') throw new Error(found.problem);
    expect([...(await found.records())]).toMatchObject([{ offset: 1, timestamp: 5 }]);
  }
});

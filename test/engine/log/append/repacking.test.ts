import { describe, expect, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../../engine/batch/builder.js';
import { codecByName } from '../../../../engine/batch/compression.js';
import { codecId, HEADER_SIZE } from '../../../../engine/batch/header.js';
import { stampCrc } from '../../../../engine/batch/stamp.js';
import type { LogSettings, PartitionLog } from '../../../../engine/index.js';
import { readBatchesOf, readRecordsOf } from '../../../support/keyed.js';
import { killProcess, newWorld, openLog, openWorld } from '../../../support/sim-engine.js';
import { TurnMeter } from '../../../support/turn-meter.js';

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;
const T = Date.UTC(2026, 0, 1);

const logWith = async (settings: Partial<LogSettings>): Promise<PartitionLog> =>
  openLog(await openWorld(newWorld()), settings);

const recordsOf = (values: readonly string[]) =>
  values.map((value) => ({ key: 'k', value, timestamp: T }));

async function valuesIn(log: PartitionLog): Promise<(string | null)[]> {
  return (await readRecordsOf(log)).map(({ value }) => value);
}

async function codecsIn(log: PartitionLog): Promise<number[]> {
  return (await readBatchesOf(log)).map((batch) => codecId(batch));
}

describe.each(CODECS)('a log that stores %s', (compression) => {
  test('packs what comes in another codec, keeps what comes in this one, and keeps the order', async () => {
    const log = await logWith({ compression });
    const appends: Promise<{ baseOffset: number }>[] = [];
    const expected: string[] = [];
    for (let round = 0; round < 3; round++) {
      for (const codec of CODECS) {
        // A large batch takes longer on its thread than the small ones behind it.
        const values = [`${round} ${codec} `.repeat(codec === 'none' ? 20_000 : 1), `${round}b`];
        expected.push(...values);
        appends.push(log.append(await buildBatch(recordsOf(values), { codec })));
      }
    }
    const bases = (await Promise.all(appends)).map(({ baseOffset }) => baseOffset);
    expect(bases).toEqual(appends.map((_, at) => 2 * at));
    expect(await valuesIn(log)).toEqual(expected);
    expect(new Set(await codecsIn(log))).toEqual(new Set([codecByName(compression).id]));
  });
});

test('a batch that comes in the codec of its log is stored byte for byte, but for its place', async () => {
  const log = await logWith({ compression: 'gzip' });
  const batch = await buildBatch(recordsOf(['a', 'b']), { codec: 'gzip' });
  const records = Buffer.from(batch.subarray(HEADER_SIZE));
  await log.append(batch);
  const [stored] = await readBatchesOf(log);
  expect(stored!.subarray(HEADER_SIZE)).toEqual(records);
});

test('an idempotent producer is recognised by what it sent, also after a kill', async () => {
  const world = newWorld();
  const log = await openLog(await openWorld(world), { compression: 'zstd' });
  const batchFrom = (baseSequence: number, value: string): Buffer =>
    buildBatchSync(recordsOf([value, value]), { producerId: 3, producerEpoch: 0, baseSequence });
  const pipelined = [0, 2, 4, 6].map((sequence) => log.append(batchFrom(sequence, `s${sequence}`)));
  expect((await Promise.all(pipelined)).map(({ baseOffset }) => baseOffset)).toEqual([0, 2, 4, 6]);
  const again = await log.append(batchFrom(4, 's4'));
  expect(again).toMatchObject({ baseOffset: 4, duplicate: true });
  await expect(log.append(batchFrom(20, 'gap'))).rejects.toMatchObject({
    code: 'OUT_OF_ORDER_SEQUENCE',
  });
  const reopened = await openLog(await openWorld(killProcess(world)), { compression: 'zstd' });
  expect(await reopened.append(batchFrom(6, 's6'))).toMatchObject({
    baseOffset: 6,
    duplicate: true,
  });
  expect(await reopened.append(batchFrom(8, 's8'))).toMatchObject({ baseOffset: 8 });
});

test('what is bad inside is refused, and what was sent behind it is stored', async () => {
  const log = await logWith({ compression: 'lz4' });
  const bad = buildBatchSync(recordsOf(['a', 'b']));
  bad[HEADER_SIZE] = 99;
  stampCrc(bad);
  const outcomes = await Promise.allSettled([
    log.append(bad),
    log.append(buildBatchSync(recordsOf(['good']))),
  ]);
  expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'INVALID_BATCH' } });
  expect(await valuesIn(log)).toEqual(['good']);
});

test('a batch that becomes larger than max.message.bytes is refused', async () => {
  const log = await logWith({ compression: 'none', maxBatchBytes: 10_000 });
  const packed = await buildBatch(recordsOf(['x'.repeat(50_000)]), { codec: 'gzip' });
  expect(packed.length).toBeLessThan(10_000);
  await expect(log.append(packed)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
  expect(log.logEndOffset).toBe(0);
});

test('what cannot become small enough is refused before it is unpacked wholly', async () => {
  const packed = await buildBatch(recordsOf(['x'.repeat(60_000_000)]), { codec: 'lz4' });
  for (const compression of ['none', 'snappy'] as const) {
    const meter = new TurnMeter();
    const world = await openWorld(newWorld(), { meter });
    const log = await openLog(world, { compression, maxBatchBytes: 1_000_000 });
    await expect(log.append(packed)).rejects.toMatchObject({ code: 'BATCH_TOO_LARGE' });
    meter.stop();
    // The lengths of its blocks were added up.
    expect(meter.total.bytes).toBeLessThan(2 * packed.length);
  }
});

test('what a codec packs as well as its format lets it is taken', async () => {
  const values = ['x'.repeat(2_000_000)];
  const packed = await buildBatch(recordsOf(values), { codec: 'zstd' });
  for (const compression of ['gzip', 'snappy', 'lz4'] as const) {
    const { length } = await buildBatch(recordsOf(values), { codec: compression });
    const log = await logWith({ compression, maxBatchBytes: length });
    await log.append(Buffer.from(packed));
    expect(await valuesIn(log)).toEqual(values);
  }
});

test('with `producer` nothing is unpacked: bytes that no codec made are stored as they came', async () => {
  const log = await logWith({ compression: 'producer' });
  const batch = await buildBatch(recordsOf(['a']), { codec: 'gzip' });
  batch.fill(7, HEADER_SIZE);
  stampCrc(batch);
  await log.append(batch);
  expect(log.logEndOffset).toBe(1);
});

test('a change of the codec holds for what comes after it', async () => {
  const log = await logWith({ compression: 'gzip' });
  await log.append(buildBatchSync(recordsOf(['a'])));
  log.updateSettings({ ...log.settings, compression: 'snappy' });
  await log.append(buildBatchSync(recordsOf(['b'])));
  log.updateSettings({ ...log.settings, compression: 'producer' });
  await log.append(buildBatchSync(recordsOf(['c'])));
  expect(await codecsIn(log)).toEqual([1, 2, 0]);
  expect(await valuesIn(log)).toEqual(['a', 'b', 'c']);
});

import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { startBroker } from '../../../server/index.js';
import { MAIN, runCommand, spawnBroker } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SEGMENT = '00000000000000000000.log';

/** A log of ten records, one a batch, and where each batch begins. */
async function logOfTen(): Promise<{ root: string; folder: string; path: string; at: number[] }> {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const log = await engine.log('events');
  for (let n = 0; n < 10; n++) await log.append({ value: `value ${n}` });
  await engine.close();
  const folder = join(root, 'events-0');
  const path = join(folder, SEGMENT);
  const bytes = readFileSync(path);
  const at: number[] = [];
  for (
    let position = 0;
    position < bytes.length;
    position += 12 + bytes.readInt32BE(position + 8)
  ) {
    at.push(position);
  }
  return { root, folder, path, at };
}

async function valuesIn(root: string): Promise<Map<number, string>> {
  const engine = await openEngine(root);
  const log = await engine.log('events');
  const values = new Map<number, string>();
  for (let offset = log.startOffset; offset < log.endOffset; ) {
    const { records, nextOffset } = await log.read({ offset });
    for (const record of records) values.set(record.offset, String(record.value));
    offset = nextOffset;
  }
  await engine.close();
  return values;
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = bytes[at]! ^ 1;
  writeFileSync(path, bytes);
}

const repair = (...args: string[]) => runCommand(['repair-log', ...args]);

test('a sound log is left alone', async () => {
  const { folder } = await logOfTen();
  const before = readdirSync(folder);
  expect(await repair(folder, '--execute')).toEqual({
    code: 0,
    stdout: `${folder}: no damage\n`,
    stderr: '',
  });
  expect(readdirSync(folder)).toEqual(before);
});

test('of a damaged log everything but the damaged batch is read again, at the offsets that it had', async () => {
  const { root, folder, path, at } = await logOfTen();
  flip(path, at[4]! + 70);
  const damaged = readFileSync(path);
  const dry = await repair(folder);
  expect(dry).toMatchObject({ code: 1, stdout: expect.stringContaining('LOST, offsets 4 to 4\n') });
  expect(dry.stdout).toContain('1 segment is damaged, the records at 1 offset, at most, are lost');
  expect(readFileSync(path).equals(damaged)).toBe(true);
  const done = await repair(folder, '--execute');
  expect(done).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('at 1 offset, at most, are lost'),
  });
  expect(readFileSync(`${path}.damaged`).equals(damaged)).toBe(true);
  const values = await valuesIn(root);
  expect([...values.keys()]).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9]);
  expect(values.get(9)).toBe('value 9');
  expect(await repair(folder)).toMatchObject({ code: 0 });
});

test('--json prints each finding, and what they come to', async () => {
  const { folder, path, at } = await logOfTen();
  const objects = async (...args: string[]) => {
    const { stdout } = await repair(folder, '--json', ...args);
    return stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
  };
  const sound = { kind: 'summary', folder, segments: 0, lost: 0, executed: false };
  expect(await objects()).toEqual([sound]);
  flip(path, at[4]! + 70);
  const lost = { kind: 'lost', path, position: at[4], fromOffset: 4, toOffset: 5 };
  expect(await objects()).toEqual([
    expect.objectContaining({ ...lost, kept: null }),
    { ...sound, segments: 1, lost: 1 },
  ]);
  expect(await objects('--execute')).toEqual([
    expect.objectContaining({ ...lost, kept: `${path}.damaged` }),
    { ...sound, segments: 1, lost: 1, executed: true },
  ]);
});

test('where the first batch is lost the next one tells the epoch', async () => {
  const { root, folder, path } = await logOfTen();
  flip(path, 70);
  await repair(folder, '--execute');
  expect([...(await valuesIn(root)).keys()]).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test('a base offset, which no checksum covers, is mended, and nothing is lost', async () => {
  const { root, folder, path, at } = await logOfTen();
  flip(path, at[4]! + 4);
  expect(await repair(folder, '--execute')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('the base offset of the batch is mended'),
  });
  expect((await valuesIn(root)).size).toBe(10);
});

test.each([
  ['the first', 0, 'LOST, offsets 0 to 4', [5, 6, 7, 8, 9]],
  ['one in the middle', 5, 'LOST, offsets 5 to 7', [0, 1, 2, 3, 4, 8, 9]],
  ['the last', 8, 'LOST, offsets 8 to 9', [0, 1, 2, 3, 4, 5, 6, 7]],
])(
  'a missing segment is reported by a scrub, and filled without its records: %s',
  async (_, base, told, left) => {
    const root = temporaryFolder();
    const engine = await openEngine(root);
    const log = await engine.log('events', { segmentBytes: 350 });
    for (let n = 0; n < 10; n++) await log.append({ value: 'v'.repeat(n < 5 ? 1 : 40) });
    await engine.close();
    const folder = join(root, 'events-0');
    const scrubbed = () => runCommand(['scrub', root]);
    expect(readdirSync(folder).filter((name) => name.endsWith('.log'))).toHaveLength(3);
    expect(await scrubbed()).toMatchObject({ code: 0 });
    unlinkSync(join(folder, `${String(base).padStart(20, '0')}.log`));
    expect(await scrubbed()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`(offset ${base}): `),
    });
    expect(await repair(folder)).toMatchObject({ code: 1, stdout: expect.stringContaining(told) });
    expect(await repair(folder, '--execute')).toMatchObject({ code: 0 });
    expect([...(await valuesIn(root)).keys()]).toEqual(left);
    expect(await scrubbed()).toMatchObject({ code: 0 });
    expect(await repair(folder)).toMatchObject({ code: 0 });
  },
);

test.each([0, 1, 2])(
  'a damaged .log.swap is undone, and the segments that it had replaced are put back: %i of 2',
  async (replaced) => {
    const root = temporaryFolder();
    const engine = await openEngine(root);
    const log = await engine.log('events', { segmentBytes: 350 });
    for (let n = 0; n < 10; n++) await log.append({ value: 'v'.repeat(n < 5 ? 1 : 40) });
    await engine.close();
    const folder = join(root, 'events-0');
    const fileOf = (base: number): string => join(folder, `${String(base).padStart(20, '0')}.log`);
    const made = Buffer.concat([readFileSync(fileOf(0)), readFileSync(fileOf(5))]);
    writeFileSync(`${fileOf(0)}.swap`, made);
    // The last one goes first; and one of an earlier compaction lies within the offsets of another.
    for (const base of [5, 0].slice(0, replaced)) {
      renameSync(fileOf(base), `${fileOf(base)}.deleted`);
    }
    writeFileSync(`${fileOf(3)}.deleted`, readFileSync(fileOf(8)));
    expect(await repair(folder)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('start the broker, which finishes it'),
    });
    flip(`${fileOf(0)}.swap`, 100);
    const damaged = await openEngine(root);
    await expect(damaged.log('events')).rejects.toMatchObject({
      code: 'DAMAGED_LOG',
      message: expect.stringContaining(`odradek repair-log ${folder} --execute`),
    });
    await damaged.close();
    const before = readdirSync(folder).sort();
    expect(await repair(folder)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining('what it made is damaged'),
    });
    expect(readdirSync(folder).sort()).toEqual(before);
    expect(await repair(folder, '--execute')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(
        `undone, ${replaced} segment${replaced === 1 ? '' : 's'} that`,
      ),
    });
    expect(existsSync(`${fileOf(0)}.swap.damaged`)).toBe(true);
    expect([...(await valuesIn(root)).keys()]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(await repair(folder)).toMatchObject({ code: 0 });
  },
);

test('a segment that is put back after a repair is read again, once another repair has made room', async () => {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const log = await engine.log('events', { segmentBytes: 350 });
  for (let n = 0; n < 15; n++) await log.append({ value: `value ${n}` });
  await engine.close();
  const folder = join(root, 'events-0');
  const segments = readdirSync(folder).filter((name) => name.endsWith('.log'));
  expect(segments.length).toBeGreaterThan(2);
  const missing = join(folder, segments[1]!);
  renameSync(missing, join(root, 'copy'));
  await repair(folder, '--execute');
  expect((await valuesIn(root)).size).toBeLessThan(15);
  renameSync(join(root, 'copy'), missing);
  expect(await repair(folder)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining('the next segment, which is back'),
  });
  expect(await repair(folder, '--execute')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nothing is lost'),
  });
  expect((await valuesIn(root)).size).toBe(15);
  expect(await repair(folder)).toMatchObject({ code: 0 });
});

test('offsets that were durable are not given out again where their bytes are gone', async () => {
  const { root, folder, path, at } = await logOfTen();
  truncateSync(path, at[7]!);
  const engine = await openEngine(root);
  await expect(engine.log('events')).rejects.toMatchObject({
    code: 'DAMAGED_LOG',
    message: expect.stringContaining('odradek repair-log'),
  });
  await engine.close();
  expect(await repair(folder, '--execute')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('LOST, offsets 7 to 9\n'),
  });
  const again = await openEngine(root);
  const log = await again.log('events');
  expect((await log.append({ value: 'next' })).baseOffset).toBe(10);
  await again.close();
});

test('a repair is refused while the directory is in use, and for what is no partition', async () => {
  const { root, folder } = await logOfTen();
  expect(await repair(root)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('data/orders-0'),
  });
  const engine = await openEngine(root);
  onTestFinished(() => engine.close());
  expect(await repair(folder)).toMatchObject({ code: 1, stdout: '' });
  expect(await repair('--help')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('--execute'),
  });
});

test('a partition that does not open is one line, with the command that helps and no stack', async () => {
  const dataDir = temporaryFolder();
  const first = await startBroker({ dataDir });
  const kafka = new Kafka({ brokers: [first.bootstrap], logLevel: logLevel.NOTHING });
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
  await producer.disconnect();
  await first.close();
  const folder = join(dataDir, 'orders-0');
  truncateSync(join(folder, SEGMENT), 10);
  const broker = await spawnBroker({ dataDir });
  await broker.untilStderr('orders');
  const lines = broker.stderr.trim().split('\n');
  expect(lines).toHaveLength(1);
  const { msg, ...fields } = JSON.parse(lines[0]!);
  expect(msg).toMatch(/^a partition is offline.*acknowledged/);
  expect(msg.endsWith(`odradek repair-log ${folder} --execute`)).toBe(true);
  expect(fields).toMatchObject({ topic: 'orders', partition: 0, code: 'DAMAGED_LOG' });
  expect(lines[0]).not.toContain('"stack"');
  await broker.kill('SIGTERM');
});

test('groups behind a damaged batch are refused, the log names the way out, and it leads out', async () => {
  expect(existsSync(MAIN)).toBe(true);
  const dataDir = temporaryFolder();
  const config = { 'offsets.topic.num.partitions': '1' };
  const first = await startBroker({ dataDir, config });
  const commit = async (bootstrap: string, groupId: string, offset: number): Promise<void> => {
    const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const partitions = [{ partition: 0, offset: String(offset) }];
    await admin.setOffsets({ groupId, topic: 'orders', partitions });
    await admin.disconnect();
  };
  const committed = async (bootstrap: string, groupId: string, retries = 5): Promise<string> => {
    const retry = { retries, initialRetryTime: 50 };
    const kafka = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING, retry });
    const admin = kafka.admin();
    await admin.connect();
    try {
      const [orders] = await admin.fetchOffsets({ groupId, topics: ['orders'] });
      return orders!.partitions[0]!.offset;
    } finally {
      await admin.disconnect();
    }
  };
  const create = new Kafka({ brokers: [first.bootstrap], logLevel: logLevel.NOTHING }).admin();
  await create.connect();
  await create.createTopics({ topics: [{ topic: 'orders' }] });
  await create.disconnect();
  for (const [at, group] of ['billing', 'shipping', 'audit'].entries()) {
    await commit(first.bootstrap, group, at + 1);
  }
  await first.close();
  const folder = join(dataDir, '__consumer_offsets-0');
  const path = join(folder, SEGMENT);
  const at = readFileSync(path).indexOf('shipping');
  flip(path, at);

  const broker = await spawnBroker({ dataDir, set: config });
  await broker.untilStderr(`odradek repair-log ${folder} --execute`);
  expect(broker.stderr).toContain('the groups of __consumer_offsets-0 are not available');
  expect(broker.stderr).not.toContain('"stack"');
  await expect(committed(broker.bootstrap, 'billing', 2)).rejects.toThrow();
  const described = await runCommand(['groups', 'describe', 'billing', '-b', broker.bootstrap]);
  expect(described).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^odradek: cannot describe group billing: .*broker's log/),
  });
  await broker.kill('SIGTERM');

  const { stdout } = await repair(folder, '--execute');
  expect(stdout).toMatch(/LOST, offsets \d+ to \d+\n/);
  const again = await startBroker({ dataDir, config });
  onTestFinished(() => again.close());
  expect(await committed(again.bootstrap, 'billing')).toBe('1');
  expect(await committed(again.bootstrap, 'audit')).toBe('3');
  await commit(again.bootstrap, 'shipping', 9);
  expect(await committed(again.bootstrap, 'shipping')).toBe('9');
});

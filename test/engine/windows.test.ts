import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../engine/clock.js';
import { HeldFilesDisk } from '../../engine/disk/held-files.js';
import { listenByName, pipeName } from '../../engine/disk/socket-lock.js';
import { assertLogName } from '../../engine/embedded/log-name.js';
import { ManualClock, MemoryCatalog, nodeDisk, openEngine } from '../../engine/index.js';
import { createInlineRunner } from '../../engine/maintenance/inline-runner.js';
import { topicNameProblem } from '../../server/metadata/topic-name.js';
import { ErrorCode } from '../../server/protocol/error-codes.js';
import {
  batchOf,
  fetchOf,
  produceOf,
  startAttackedBroker,
  topicOf,
  valuesIn,
} from '../server/bad-input/attacked-broker.js';
import { restingClock } from '../support/resting-clock.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { WindowsDisk } from '../support/windows-disk.js';

/** The machine's own disk, seen as one that refuses what Windows refuses. */
function windowsDisk() {
  const refusing = new WindowsDisk(nodeDisk);
  return { refusing, disk: new HeldFilesDisk(refusing, systemClock) };
}

async function engineOn(
  root: string,
  { disk }: ReturnType<typeof windowsDisk>,
  clock?: ManualClock,
) {
  return openEngine(root, {
    disk,
    openCatalog: async () => new MemoryCatalog(),
    jobs: createInlineRunner(disk, restingClock().resting),
    ...(clock && { clock }),
  });
}

test('segments of one name are retired again while readers have the first ones open', async () => {
  const world = windowsDisk();
  const engine = await engineOn(temporaryFolder(), world, new ManualClock());
  const log = await engine.log('events', { segmentBytes: 100, fileDeleteDelayMs: 60_000 });
  const held = [];
  for (let round = 0; round < 3; round++) {
    for (let at = 0; at < 4; at++) await log.append({ value: `${round}/${at}` });
    const request = { offset: 2, maxBytes: 1000, minOneBatch: true, isolation: 'log-end' } as const;
    held.push(log.partition.read(request).slice!);
    await log.truncate(1);
  }
  await log.append({ value: 'last' });
  const values = [];
  for await (const { value } of log.records()) values.push(value?.toString());
  expect(values).toEqual(['0/0', 'last']);
  expect(engine.failure).toBeNull();
  expect(world.refusing.refused.renameOnto).toBeGreaterThan(0);
  for (const slice of held) slice.release();
  await engine.close();
});

test('a log is compacted while a reader has open what goes', async () => {
  const world = windowsDisk();
  const engine = await engineOn(temporaryFolder(), world, new ManualClock());
  const log = await engine.log('state', { segmentBytes: 100 });
  for (let at = 0; at < 5; at++) await log.append({ key: 'k', value: `${at}` });
  const request = { offset: 0, maxBytes: 1000, minOneBatch: true, isolation: 'log-end' } as const;
  const { slice } = log.partition.read(request);
  await log.compact();
  const values = [];
  for await (const { value } of log.records()) values.push(value?.toString());
  expect(values).toEqual(['3', '4']);
  expect((await slice!.bytes()).length).toBeGreaterThan(0);
  slice!.release();
  await engine.close();
});

test('a log is deleted with files open, and made again under its name', async () => {
  const world = windowsDisk();
  const root = temporaryFolder();
  const engine = await engineOn(root, world);
  const log = await engine.log('events', { segmentBytes: 100 });
  for (let at = 0; at < 5; at++) await log.append({ value: `${at}` });
  await log.deleteBefore(3);
  await log.delete();
  const again = await engine.log('events');
  await again.append({ value: 'new' });
  expect((await again.get(0))?.value?.toString()).toBe('new');
  await engine.close();
  expect(world.refusing.refused.syncDirectory).toBeGreaterThan(0);
});

test('names that differ by case alone are not two logs', async () => {
  const engine = await engineOn(temporaryFolder(), windowsDisk());
  await engine.log('A');
  await expect(engine.log('a')).rejects.toMatchObject({ code: 'INVALID_NAME' });
  await engine.close();
});

test('a broker on such a disk serves, deletes topics, and tells no capitals from small letters', async () => {
  const { refusing, disk } = windowsDisk();
  const broker = await startAttackedBroker({ disk });
  const client = await broker.connect();
  await broker.createTopic('Orders', { 'segment.bytes': '1048576' });
  const twin = await client.call('CreateTopics', 7, topicOf('orders'));
  expect(twin.topics[0]!.errorCode).toBe(ErrorCode.INVALID_TOPIC_EXCEPTION);
  for (const life of ['first', 'second']) {
    await client.call('Produce', 9, produceOf('Orders', batchOf([life])));
    const fetched = await client.call('Fetch', 11, fetchOf('Orders', 0));
    const { records } = fetched.topics[0]!.partitions[0]!;
    expect(await valuesIn(records as Buffer), life).toEqual([life]);
    await client.call('DeleteTopics', 5, { timeoutMs: 60_000, topicNames: ['Orders'] });
    await broker.createTopic('Orders');
  }
  expect(refusing.refused.syncDirectory).toBeGreaterThan(0);
  expect(broker.lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});

test.each(['con.orders', 'NUL.x', 'com1.a', 'lpt9.log.b'])(
  '%s is a device on Windows, and refused there alone',
  (name) => {
    expect(() => assertLogName(name, 'win32')).toThrow(/device/);
    expect(topicNameProblem(name, 'win32')).toMatch(/device/);
    expect(() => assertLogName(name, 'linux')).not.toThrow();
    expect(topicNameProblem(name, 'linux')).toBeNull();
  },
);

test.each(['con', 'console.x', 'a.con', 'trailing.', 'com10.x'])('%s is none', (name) => {
  expect(() => assertLogName(name, 'win32')).not.toThrow();
});

test('a name that ends with its process keeps a second owner out', async () => {
  const root = temporaryFolder();
  const pipe = await pipeName(root);
  expect(pipe).toMatch(/^\\\\\.\\pipe\\odradek-[0-9a-f]{32}$/);
  expect(await pipeName(join(root, '.'))).toBe(pipe);
  // Linux has names of that kind, too.
  const name = `\0${pipe}`;
  const release = await listenByName(name);
  expect(release).not.toBeNull();
  expect(await listenByName(name)).toBeNull();
  await release!();
  const again = await listenByName(name);
  await again!();
});

test('files that a crash left under a name to be removed go at the next open', async () => {
  const root = temporaryFolder();
  const catalog = new MemoryCatalog();
  const open = () =>
    openEngine(root, {
      openCatalog: async () => catalog,
      jobs: createInlineRunner(nodeDisk, restingClock().resting),
    });
  const first = await open();
  await (await first.log('events')).append({ value: 'x' });
  await first.close();
  const folder = join(root, 'events-0');
  writeFileSync(join(folder, '00000000000000000000.log.deleted.held-1'), 'old');
  const second = await open();
  await second.log('events');
  await expect.poll(() => readdirSync(folder).filter((name) => name.includes('held'))).toEqual([]);
  await second.close();
});

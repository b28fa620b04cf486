import {
  cpSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { noLocker, openEngine } from '../../../engine/index.js';
import { checkCatalogs, rebuildCatalogs } from '../../../server/cli/catalog.js';
import { startBroker } from '../../../server/index.js';
import { expectEverything } from '../../format/expect-everything.js';
import { catalogIn } from '../../format/second-reader.js';
import { runCommand } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const BROKER = fileURLToPath(new URL('../../golden/format/broker/', import.meta.url));
const VERSION_1 = fileURLToPath(new URL('../../golden/format/version-1/', import.meta.url));
const PAGE = 4096;

function brokerDirectory(): string {
  const root = temporaryFolder();
  cpSync(BROKER, root, { recursive: true });
  return root;
}

/** What a command prints. */
async function printed(run: () => Promise<unknown>): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await run();
  } finally {
    write.mockRestore();
  }
  return text;
}

const rebuild = (root: string): Promise<string> => printed(() => rebuildCatalogs(root, {}));

async function check(root: string): Promise<{ isSound: boolean; text: string }> {
  let isSound = false;
  const text = await printed(async () => {
    isSound = await checkCatalogs(root);
  });
  return { isSound, text };
}

function filesIn(root: string): string[] {
  return readdirSync(root).filter((name) => !name.startsWith('.lock'));
}

function pagesOf(root: string, file: string): number {
  return readFileSync(join(root, file)).length / PAGE;
}

function garble(root: string, file: string, page: number): void {
  const bytes = readFileSync(join(root, file));
  bytes.fill(0xa5, page * PAGE, page * PAGE + 200);
  writeFileSync(join(root, file), bytes);
}

test('a sound directory is checked without a word of damage, and a rebuild changes nothing', async () => {
  const root = brokerDirectory();
  const { isSound, text } = await check(root);
  expect(isSound).toBe(true);
  expect(text).toMatch(
    /catalog\.mdb: \d+ entries, sound\n.*metadata\.mdb: \d+ entries, sound\nno damage\n$/,
  );
  const before = filesIn(root);
  expect(await rebuild(root)).toContain('both catalogs are sound, nothing was changed');
  expect(filesIn(root)).toEqual(before);
  await expectEverything(root);
});

test.each(['catalog.mdb', 'metadata.mdb'])(
  '%s is lost: a rebuild brings everything back',
  async (file) => {
    const root = brokerDirectory();
    rmSync(join(root, file));
    expect((await check(root)).isSound).toBe(false);
    await rebuild(root);
    expect((await check(root)).isSound).toBe(true);
    await expectEverything(root);
  },
);

test.each(['catalog.mdb', 'metadata.mdb'])(
  'any page of %s is garbled: a rebuild brings everything back, and keeps the old file',
  async (file) => {
    const sound = brokerDirectory();
    let damaged = 0;
    for (let page = 0; page < pagesOf(sound, file); page++) {
      const root = brokerDirectory();
      garble(root, file, page);
      // A page that is not in use is no loss.
      if ((await check(root)).isSound) continue;
      damaged++;
      const old = readFileSync(join(root, file));
      const text = await rebuild(root);
      expect(text, `page ${page}`).toContain(`${file}: made anew`);
      expect(readFileSync(join(root, `${file}.damaged-1`)).equals(old)).toBe(true);
      await expectEverything(root);
    }
    expect(damaged).toBeGreaterThan(3);
  },
);

test('both files are lost: folders and groups tell topics, partitions, records and commits', async () => {
  const root = brokerDirectory();
  for (const file of ['catalog.mdb', 'metadata.mdb'])
    writeFileSync(join(root, file), 'x'.repeat(9000));
  const text = await rebuild(root);
  expect(text).toContain('WARNING: topic orders is known by its folders only: 2 partitions');
  expect(text).toContain('WARNING: the id of the cluster is lost');
  // A topic without a record has left no trace; what was kept for ever is kept for ever.
  await expectEverything(root, { hasEmptyTopic: false });
});

test('both files are deleted: no new cluster begins, and a rebuild brings back what folders tell', async () => {
  const root = brokerDirectory();
  for (const file of ['catalog.mdb', 'metadata.mdb']) rmSync(join(root, file));
  for (let start = 0; start < 2; start++) {
    const { isSound, text } = await check(root);
    expect(isSound).toBe(false);
    expect(text).toContain(`odradek catalog rebuild ${root}`);
    await expect(startBroker({ dataDir: root })).rejects.toMatchObject({
      code: 'CATALOG_DAMAGED',
      message: expect.stringContaining(`odradek catalog rebuild ${root}`),
    });
  }
  expect(readdirSync(root).filter((name) => name.endsWith('-stray'))).toEqual([]);
  expect(await rebuild(root)).toContain('done: start the broker');
  expect((await check(root)).isSound).toBe(true);
  await expectEverything(root, { hasEmptyTopic: false });
});

test('a rebuild says at its end how many partitions cannot be served', async () => {
  const root = brokerDirectory();
  rmSync(join(root, 'catalog.mdb'));
  const [segment] = readdirSync(join(root, 'orders-0')).filter((name) => name.endsWith('.log'));
  const path = join(root, 'orders-0', segment!);
  const bytes = readFileSync(path);
  // The magic of the first batch, with others behind it.
  bytes[16] = 7;
  writeFileSync(path, bytes);
  const text = await rebuild(root);
  expect(text).toContain('orders-0 is not served');
  expect(text).toContain('done, but 1 partition cannot be served');
});

test('a directory with an identity and nothing else is sound, and starts', async () => {
  const root = temporaryFolder();
  cpSync(join(BROKER, 'meta.properties'), join(root, 'meta.properties'));
  expect((await check(root)).isSound).toBe(true);
  await (await startBroker({ dataDir: root })).close();
});

test('a lost metadata.mdb is not taken for a new cluster: the broker names the way out', async () => {
  const root = brokerDirectory();
  rmSync(join(root, 'metadata.mdb'));
  for (let start = 0; start < 2; start++) {
    await expect(startBroker({ dataDir: root })).rejects.toMatchObject({
      code: 'CATALOG_DAMAGED',
      message: expect.stringContaining(`odradek catalog rebuild ${root}`),
    });
  }
  expect(readdirSync(root).filter((name) => name.endsWith('-stray'))).toEqual([]);
  await rebuild(root);
  await expectEverything(root);
});

test('a metadata.mdb that was lost before it had a copy is missed, too', async () => {
  const root = temporaryFolder();
  cpSync(VERSION_1, root, { recursive: true });
  rmSync(join(root, 'metadata.mdb'));
  await expect(startBroker({ dataDir: root })).rejects.toThrow('is missing');
  expect((await check(root)).isSound).toBe(false);
  expect(await rebuild(root)).toContain('WARNING: topic users is known by its folders only');
  await expectEverything(root, { hasEmptyTopic: false });
});

test('an older metadata.mdb, put back from a copy, is noticed', async () => {
  const root = brokerDirectory();
  const old = readFileSync(join(root, 'metadata.mdb'));
  const broker = await startBroker({ dataDir: root, config: { 'num.partitions': '5' } });
  const { Kafka } = await import('kafkajs');
  const admin = new Kafka({ brokers: [broker.bootstrap] }).admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic: 'newer' }] });
  await admin.disconnect();
  await broker.close();
  writeFileSync(join(root, 'metadata.mdb'), old);
  await expect(startBroker({ dataDir: root })).rejects.toThrow('is older than its copy');
  expect((await check(root)).text).toMatch(/metadata\.mdb: older than its copy in catalog\.mdb/);
  await rebuild(root);
  const again = await startBroker({ dataDir: root });
  onTestFinished(() => again.close());
  const client = new Kafka({ brokers: [again.bootstrap] }).admin();
  await client.connect();
  expect(await client.listTopics()).toContain('newer');
  await client.disconnect();
});

test('a rebuild begins producer ids again where no log knows any', async () => {
  const root = brokerDirectory();
  const idsIn = async (): Promise<number> => {
    const metadata = await catalogIn(join(root, 'metadata.mdb'));
    const entry = metadata.get('["metadata","key","producer-ids"]') as {
      value: { nextId: number };
    };
    return entry.value.nextId;
  };
  const before = await idsIn();
  garble(root, 'metadata.mdb', 0);
  await rebuild(root);
  const broker = await startBroker({ dataDir: root });
  const { Kafka } = await import('kafkajs');
  const kafka = new Kafka({ brokers: [broker.bootstrap] });
  const producer = kafka.producer({ idempotent: true });
  await producer.connect();
  await producer.send({ topic: 'orders', messages: [{ partition: 0, value: 'new' }] });
  const admin = kafka.admin();
  await admin.connect();
  const [first] = await admin.fetchTopicOffsets('orders');
  expect(first!.high).toBe('6');
  await admin.disconnect();
  await producer.disconnect();
  await broker.close();
  expect(await idsIn()).not.toBe(before + 1000);
});

test('after a rebuild of the catalog the next start reads no log again', async () => {
  const root = brokerDirectory();
  rmSync(join(root, 'catalog.mdb'));
  await rebuild(root);
  const entries = await catalogIn(join(root, 'catalog.mdb'));
  const checkpoints = [...entries.keys()].filter((key) => key.endsWith('"checkpoint"]'));
  // orders 0 and 1, users, and two of the offsets topic.
  expect(checkpoints).toHaveLength(5);
});

test('the logs of programs keep their names and ids', async () => {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const { topicId } = await engine.log('events');
  await (await engine.log('events')).append({ value: 'v' });
  await engine.close();
  writeFileSync(join(root, 'catalog.mdb'), 'x'.repeat(9000));
  await rebuild(root);
  const again = await openEngine(root);
  const log = await again.log('events');
  expect([log.topicId, log.endOffset]).toEqual([topicId, 1]);
  await again.close();
});

test.each(['damaged', 'missing'])(
  'a %s meta.properties is replaced, and no leader epoch goes back',
  async (state) => {
    const root = brokerDirectory();
    const path = join(root, 'meta.properties');
    const sound = readFileSync(path, 'utf8');
    if (state === 'missing') rmSync(path);
    else writeFileSync(path, sound.replace('unclean.opens=0', 'unclean.opens=:'));
    await expect(openEngine(root)).rejects.toMatchObject({
      code: state === 'missing' ? 'NOT_A_DATA_DIRECTORY' : 'DAMAGED_FILE',
    });
    expect(await check(root)).toMatchObject({ isSound: false });
    expect(await rebuild(root)).toContain(`meta.properties: ${state}; made anew`);
    const engine = await openEngine(root);
    expect(engine.leaderEpoch).toBeGreaterThan(1_000);
    if (state === 'damaged') expect(sound).toContain(`directory.id=${engine.directoryId}\n`);
    await engine.close();
    await expectEverything(root);
  },
);

test('check names folders that do not fit the topics', async () => {
  const root = brokerDirectory();
  renameSync(join(root, 'users-0'), join(root, 'userz-0'));
  writeFileSync(join(root, 'orders-0', 'partition.metadata'), 'version: 0\n');
  const { isSound, text } = await check(root);
  expect(isSound).toBe(false);
  expect(text).toContain('userz-0: no topic of that name is known');
  expect(text).toContain('orders-0: partition.metadata has no topic id');
  expect(text).not.toContain('rebuild');
});

test.each([
  ['is garbled', (root: string) => garble(root, 'metadata.mdb', 0)],
  ['is lost', (root: string) => rmSync(join(root, 'metadata.mdb'))],
  ['is cut', (root: string) => truncateSync(join(root, 'metadata.mdb'), 9000)],
])('one damage is one finding: metadata.mdb %s', async (_, damage) => {
  const root = brokerDirectory();
  damage(root);
  const { isSound, text } = await check(root);
  expect(isSound).toBe(false);
  const findings = text.split('\n').filter((line) => line !== '' && !line.startsWith('  '));
  expect(findings).toEqual([
    expect.stringMatching(/catalog\.mdb: \d+ entries, sound$/),
    expect.stringMatching(/metadata\.mdb: (damaged|missing)/),
    expect.stringContaining(`odradek catalog rebuild ${root}`),
  ]);
  expect(text).toMatch(/^ {2}its copy in catalog\.mdb has revision \d+$/m);
  expect(text).not.toContain('instead of');
});

test('neither runs while the directory is in use, or on what is no data directory', async () => {
  const root = brokerDirectory();
  const engine = await openEngine(root);
  onTestFinished(() => engine.close());
  await expect(checkCatalogs(root)).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
  await expect(rebuildCatalogs(root, {})).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
  const other = temporaryFolder();
  await expect(checkCatalogs(other)).rejects.toThrow('name an odradek data directory');
  expect(readdirSync(other)).toEqual([]);
});

test('the command says how it is used, and how it went', async () => {
  const root = brokerDirectory();
  const help = await runCommand(['catalog', '--help']);
  expect(help).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('odradek catalog rebuild data'),
  });
  expect(await runCommand(['catalog', 'check', root])).toMatchObject({ code: 0, stderr: '' });
  garble(root, 'metadata.mdb', 0);
  const bad = await runCommand(['catalog', 'check', root]);
  expect(bad).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(`odradek catalog rebuild ${root}`),
  });
  expect((await runCommand(['catalog', 'rebuild', root])).code).toBe(0);
  expect((await runCommand(['catalog', 'check', root])).code).toBe(0);
  expect((await runCommand(['catalog', 'rebuild'])).code).toBe(2);
  const engine = await openEngine(root, { locker: noLocker });
  await engine.close();
});

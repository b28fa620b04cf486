import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { openLmdbCatalog } from '../../engine/catalog/open-lmdb-catalog.js';
import { openIdentity } from '../../engine/disk/directory-identity.js';
import { nodeDisk, openEngine, seededRandom } from '../../engine/index.js';
import { startBroker } from '../../server/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { catalogIn, committedOffsetsIn, readSmallText, topicsIn } from './second-reader.js';

const VERSION_1 = fileURLToPath(new URL('../golden/format/version-1/', import.meta.url));

function versionOne(): string {
  const root = temporaryFolder();
  cpSync(VERSION_1, root, { recursive: true });
  return root;
}

/** Starts a broker on the directory and reads, as a client, everything that version 1 had left. */
async function expectEverything(root: string): Promise<void> {
  const broker = await startBroker({ dataDir: root });
  onTestFinished(() => broker.close());
  const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const topics = (await admin.listTopics()).sort();
  const [billing] = await admin.fetchOffsets({ groupId: 'billing', topics: ['orders'] });
  const orders = await admin.fetchTopicOffsets('orders');
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: 2, name: 'orders', configNames: ['retention.ms'] }],
  });
  await admin.disconnect();
  expect(topics).toEqual(['__consumer_offsets', 'empty', 'orders', 'users']);
  expect(billing!.partitions.map(({ offset }) => offset).sort()).toEqual(['3', '4']);
  expect(orders.map(({ low, high }) => `${low} to ${high}`).sort()).toEqual(['0 to 5', '2 to 5']);
  expect(resources[0]!.configEntries[0]!.configValue).toBe('-1');
  await broker.close();
  expect(readSmallText(join(root, 'meta.properties')).get('format.version')).toBe('2');
  // Every value has its checksum now.
  const metadata = await catalogIn(join(root, 'metadata.mdb'));
  expect(topicsIn(metadata).size).toBe(4);
  await catalogIn(join(root, 'catalog.mdb'));
  expect((await committedOffsetsIn(root)).size).toBe(3);
}

test('a directory of version 1 opens with everything in it, and is one of version 2 then', async () => {
  await expectEverything(versionOne());
});

/** What a crash leaves, by how far the upgrade had come. */
const CRASHES: Record<string, (root: string) => Promise<void>> = {
  'before the identity was renamed': async (root) => {
    writeFileSync(join(root, 'meta.properties.tmp'), 'format.version=2\n');
  },
  'behind the identity': async (root) => {
    await openIdentity(nodeDisk, root, seededRandom(1));
  },
  'behind the catalog': async (root) => {
    await openIdentity(nodeDisk, root, seededRandom(1));
    await (await openLmdbCatalog(join(root, 'catalog.mdb'))).close();
  },
  'behind both catalogs': async (root) => {
    await openIdentity(nodeDisk, root, seededRandom(1));
    for (const file of ['catalog.mdb', 'metadata.mdb']) {
      await (await openLmdbCatalog(join(root, file))).close();
    }
  },
};

test.each(Object.keys(CRASHES))(
  'a crash of the upgrade %s leaves a directory that opens',
  async (point) => {
    const root = versionOne();
    await CRASHES[point]!(root);
    await expectEverything(root);
  },
);

test('a program that opened only the logs leaves the metadata to the broker', async () => {
  const root = versionOne();
  await (await openEngine(root)).close();
  const before = readFileSync(join(VERSION_1, 'metadata.mdb'));
  expect(readFileSync(join(root, 'metadata.mdb')).equals(before)).toBe(true);
  await expectEverything(root);
});

test('a crash of the rewrite itself leaves the file of version 1 or that of version 2', async () => {
  const root = versionOne();
  const path = join(root, 'metadata.mdb');
  const before = readFileSync(path);
  await (await openLmdbCatalog(path)).close();
  const after = readFileSync(path);
  // Pages first, then one meta page, which alone makes them count.
  const newest = after.readBigUInt64LE(152) > after.readBigUInt64LE(4096 + 152) ? 0 : 4096;
  const torn = Buffer.from(after);
  before.copy(torn, newest, newest, newest + 4096);
  writeFileSync(path, torn);
  await expectEverything(root);
});

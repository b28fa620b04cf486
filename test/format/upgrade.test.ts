import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLmdbCatalog } from '../../engine/catalog/open-lmdb-catalog.js';
import { openIdentity } from '../../engine/disk/directory-identity.js';
import { nodeDisk, openEngine, seededRandom } from '../../engine/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { expectEverything } from './expect-everything.js';
import { catalogIn, readSmallText, topicsIn } from './second-reader.js';

const VERSION_1 = fileURLToPath(new URL('../golden/format/version-1/', import.meta.url));

function versionOne(): string {
  const root = temporaryFolder();
  cpSync(VERSION_1, root, { recursive: true });
  return root;
}

/** Everything is there, and every value has its checksum now. */
async function expectUpgraded(root: string): Promise<void> {
  await expectEverything(root);
  expect(readSmallText(join(root, 'meta.properties')).get('format.version')).toBe('2');
  const metadata = await catalogIn(join(root, 'metadata.mdb'));
  expect(topicsIn(metadata).size).toBe(4);
  await catalogIn(join(root, 'catalog.mdb'));
}

test('a directory of version 1 opens with everything in it, and is one of version 2 then', async () => {
  await expectUpgraded(versionOne());
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
    await expectUpgraded(root);
  },
);

test('a program that opened only the logs leaves the metadata to the broker', async () => {
  const root = versionOne();
  await (await openEngine(root)).close();
  const before = readFileSync(join(VERSION_1, 'metadata.mdb'));
  expect(readFileSync(join(root, 'metadata.mdb')).equals(before)).toBe(true);
  await expectUpgraded(root);
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
  await expectUpgraded(root);
});

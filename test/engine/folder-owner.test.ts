import { describe, expect, test } from 'vitest';
import { partitionMetadataText } from '../../engine/disk/file-names.js';
import { type FolderEvidence, type FolderOwner, judgeFolder } from '../../engine/folder-owner.js';
import { MemoryCatalog } from '../../engine/index.js';
import { batchOf, readValues } from '../support/batches.js';
import {
  cutPower,
  folderOf,
  killProcess,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const OTHER_ID = 'BBBBBBBBBBBBBBBBBBBBBQ';

describe('whose a folder is', () => {
  const IDS: Record<string, Partial<FolderEvidence>> = {
    'the expected id': { found: 'E' },
    'an id that is being deleted': { found: 'D', isFoundLeaving: true, isNameLeaving: true },
    "another topic's id": { found: 'O', isFoundKnown: true },
    'an unknown id': { found: 'X' },
    'no id': { found: null },
    'no id, while the name is being deleted': { found: null, isNameLeaving: true },
  };
  /** Served and known to the catalog; served and not known to it; not served. */
  const OWNERS: Record<string, readonly [FolderOwner, FolderOwner, FolderOwner]> = {
    'the expected id': ['ours', 'ours', 'stray'],
    'an id that is being deleted': ['leaving', 'leaving', 'leaving'],
    "another topic's id": ['stray', 'stray', 'stray'],
    'an unknown id': ['renamed', 'disputed', 'stray'],
    'no id': ['renamed', 'renamed', 'stray'],
    'no id, while the name is being deleted': ['renamed', 'disputed', 'stray'],
  };

  test.each(Object.keys(IDS))('%s', (kind) => {
    const evidence: FolderEvidence = {
      expected: 'E',
      found: null,
      hasExpected: false,
      isFoundKnown: false,
      isFoundLeaving: false,
      isNameLeaving: false,
      ...IDS[kind],
    };
    expect([
      judgeFolder({ ...evidence, hasExpected: true }),
      judgeFolder(evidence),
      judgeFolder({ ...evidence, expected: null }),
    ]).toEqual(OWNERS[kind]);
  });
});

const METADATA = `${folderOf()}/partition.metadata`;
const LIVE = { live: new Map([['events-0', partition().topicId]]), leaving: new Map() };

/**
 * A log of one record, closed or killed, with other bytes in `partition.metadata` (null: without
 * it).
 */
async function worldWith(
  text: string | Buffer | null,
  stop: 'close' | 'kill' = 'close',
): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  await (await openLog(engine)).append(batchOf('kept'));
  const next = stop === 'close' ? await stopCleanly(world, engine) : killProcess(world);
  await next.disk.unlink(METADATA);
  if (text === null) return next;
  const file = await next.disk.open(METADATA, 'append');
  await file.writev([Buffer.from(text)], 0);
  await file.datasync();
  await file.close();
  return next;
}

async function expectKept(world: SimWorld): Promise<void> {
  const engine = await openWorld(world);
  expect(await engine.setAsideStrays(LIVE)).toEqual([]);
  const log = await openLog(engine);
  expect([...(await readValues(log)).values()]).toEqual(['kept']);
}

test('a log keeps its folder whatever bit of its topic id is flipped, durably', async () => {
  const sound = Buffer.from(partitionMetadataText(partition().topicId));
  for (let at = 0; at < sound.length; at++) {
    const text = Buffer.from(sound);
    text[at] = text[at]! ^ 1;
    const world = await worldWith(text);
    await expectKept(world);
    const cut = cutPower(world);
    expect(cut.disk.readFileSync(METADATA).toString()).toBe(sound.toString());
    await expectKept(cut);
  }
});

test.each([null, '', 'version: 0\n', '\0'.repeat(44)])(
  'a log keeps a folder that names no topic: %j',
  async (text) => {
    await expectKept(await worldWith(text));
    // Killed before its first checkpoint, so that no catalog knows it.
    await expectKept(await worldWith(text, 'kill'));
  },
);

test('a folder with an unknown id is not served, nor set aside, where no catalog knows the log', async () => {
  const world = await worldWith(partitionMetadataText(OTHER_ID), 'kill');
  const engine = await openWorld({ ...world, catalog: new MemoryCatalog() });
  expect(await engine.setAsideStrays(LIVE)).toEqual([]);
  await expect(openLog(engine)).rejects.toMatchObject({
    code: 'DAMAGED_LOG',
    message: expect.stringContaining('remove partition.metadata'),
  });
  expect(await world.disk.stat(folderOf())).not.toBeNull();
});

test("a folder with another known topic's id is set aside", async () => {
  const world = await worldWith(partitionMetadataText(OTHER_ID));
  const engine = await openWorld(world);
  const known = { ...LIVE, live: new Map([...LIVE.live, ['others-3', OTHER_ID]]) };
  const [aside, ...more] = await engine.setAsideStrays(known);
  expect(aside).toMatch(/events-0\.[0-9a-f]{32}-stray$/);
  expect(more).toEqual([]);
});

test('a deletion takes the folder that lost its topic id along, and leaves one of another topic', async () => {
  for (const [text, left] of [
    [null, false],
    [partitionMetadataText(OTHER_ID), false],
    [partitionMetadataText(partition(0, 'others').topicId), false],
  ] as const) {
    const engine = await openWorld(await worldWith(text));
    await engine.deletePartition(partition());
    expect((await engine.partitionsOnDisk()).length > 0).toBe(left);
  }
  const world = await worldWith(partitionMetadataText(OTHER_ID));
  const other = { ...partition(), topicId: OTHER_ID };
  await world.catalog.write([{ key: ['log', OTHER_ID, 0, 'start'], value: 0 }]);
  const engine = await openWorld(world);
  await engine.deletePartition(partition());
  expect(await engine.partitionsOnDisk()).toMatchObject([{ topicId: other.topicId }]);
});

test('a folder without an id is not given to a topic whose namesake is still being deleted', async () => {
  const world = await worldWith(null, 'kill');
  const engine = await openWorld(world);
  const known = { ...LIVE, leaving: new Map([['events-0', [OTHER_ID]]]) };
  expect(await engine.setAsideStrays(known)).toEqual([]);
  await expect(openLog(engine)).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
});

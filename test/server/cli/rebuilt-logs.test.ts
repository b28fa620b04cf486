import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import {
  DEFAULT_LOG_SETTINGS,
  type LogSettings,
  openEngine,
  type PartitionLog,
  repairPartition,
  storedBatches,
} from '../../../engine/index.js';
import { rebuildCatalogs } from '../../../server/cli/catalog.js';
import { scrub } from '../../../server/cli/scrub.js';
import { keyedBatch } from '../../support/keyed.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NAME = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };

const COMPACTED: LogSettings = {
  ...DEFAULT_LOG_SETTINGS,
  compacted: true,
  deletes: false,
  minCleanableDirtyRatio: 0,
};
const RETAINED: LogSettings = { ...DEFAULT_LOG_SETTINGS, retentionBytes: 0 };

/** Opens the log and closes all again. Resolves with what `use` does. */
async function withLog<Result>(
  root: string,
  settings: LogSettings,
  use: (log: PartitionLog) => Promise<Result>,
  told: string[] = [],
): Promise<Result> {
  const tell = (_: object, message: string): void => void told.push(message);
  const engine = await openEngine(root, {
    compaction: { enabled: false },
    logger: { info: () => {}, warn: tell, error: tell },
  });
  try {
    return await use(await engine.openPartition(NAME, settings));
  } finally {
    await engine.close();
  }
}

async function appendSegments(log: PartitionLog): Promise<void> {
  for (let n = 0; n < 12; n++) {
    if (n > 0 && n % 4 === 0) await log.maintenance.roll();
    await log.append(await keyedBatch([[`key ${n % 3}`, `value ${n}`]]));
  }
}

async function offsetsIn(log: PartitionLog): Promise<number[]> {
  const offsets: number[] = [];
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { slice } = log.read({
      offset,
      maxBytes: 1,
      minOneBatch: true,
      isolation: 'high-watermark',
    });
    const bytes = await slice!.bytes();
    slice!.release();
    for await (const batch of storedBatches(bytes, offset)) {
      for (const record of batch.decode()) offsets.push(record.offset);
      offset = batch.nextOffset;
    }
  }
  return offsets;
}

/**
 * Flips a bit in this byte of every version of the log's entry that the catalog file still holds.
 */
function flip(root: string, entry: string, byte: number): void {
  const path = join(root, 'catalog.mdb');
  const bytes = readFileSync(path);
  const key = Buffer.concat([Buffer.from([2]), Buffer.from(entry), Buffer.from([0, 0])]);
  let found = 0;
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    bytes[at + key.length + byte]! ^= 1;
    found++;
  }
  expect(found).toBeGreaterThan(0);
  writeFileSync(path, bytes);
}

async function rebuild(root: string): Promise<string> {
  let text = '';
  const write = vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    await rebuildCatalogs(root, {});
  } finally {
    write.mockRestore();
  }
  return text;
}

async function expectSound(root: string): Promise<void> {
  const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true);
  try {
    expect(await scrub(root)).toBe(true);
  } finally {
    write.mockRestore();
  }
  const found = await repairPartition(join(root, 'events-0'), { execute: false });
  expect(found.segments).toEqual([]);
}

test.each([
  ['checksum', 2],
  ['first byte, so that it seems to have no checksum', 0],
])(
  'a compacted log whose entry of gaps is lost by its %s is read whole after a rebuild',
  async (_, byte) => {
    const root = temporaryFolder();
    await withLog(root, COMPACTED, appendSegments);
    // Nothing is appended: the checkpoint stays the one of a log without gaps.
    const offsets = await withLog(root, COMPACTED, async (log) => {
      expect((await log.maintenance.compact()).recordsRemoved).toBeGreaterThan(0);
      return offsetsIn(log);
    });
    expect(offsets).toHaveLength(7);
    flip(root, 'gaps', byte);
    await rebuild(root);
    await expectSound(root);
    expect(await withLog(root, COMPACTED, offsetsIn)).toEqual(offsets);
  },
);

test('a log whose start is lost begins with its first segment after a rebuild, and nothing is missed', async () => {
  const root = temporaryFolder();
  await withLog(root, RETAINED, async (log) => {
    await appendSegments(log);
    await log.maintenance.applyRetention();
    expect(log.logStartOffset).toBeGreaterThan(0);
  });
  const told: string[] = [];
  const { start, offsets } = await withLog(root, RETAINED, async (log) => ({
    start: log.logStartOffset,
    offsets: await offsetsIn(log),
  }));
  flip(root, 'start', 2);
  expect(await rebuild(root)).toContain(
    `WARNING: ${join(root, 'events-0')} begins with offset ${start}, and nothing says where the log does`,
  );
  for (let open = 0; open < 2; open++) {
    await expectSound(root);
    await withLog(
      root,
      RETAINED,
      async (log) => {
        expect(log.logStartOffset).toBe(start);
        expect(await offsetsIn(log)).toEqual(offsets);
      },
      told,
    );
  }
  expect(told).toEqual([]);
});

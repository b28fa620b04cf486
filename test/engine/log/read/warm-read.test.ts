import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Disk, DiskFile } from '../../../../engine/disk/disk.js';
import type { Engine, PartitionLog, ReadRequest } from '../../../../engine/index.js';
import { pagesOfRead } from '../../../../engine/log/read/warm-read.js';
import { OffsetIndex } from '../../../../engine/log/segments/offset-index.js';
import { batchOf } from '../../../support/batches.js';
import { forwarding, forwardingFile } from '../../../support/forwarding-disk.js';
import type { SimDisk } from '../../../support/sim-disk.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  settings,
  stopCleanly,
} from '../../../support/sim-engine.js';

const MIB = 1024 ** 2;
const always = (): boolean => true;

function wish(offset: number, maxBytes = MIB): ReadRequest {
  return { offset, maxBytes, minOneBatch: true, isolation: 'high-watermark' };
}

/**
 * A log of batches of two records each, in segments of about `segmentBytes`, found by a new
 * process: nothing is known to be in memory.
 */
async function reopened(
  batches: number,
  {
    segmentBytes = 4000,
    text = 'x',
    wrap,
  }: { segmentBytes?: number; text?: string; wrap?: (disk: SimDisk) => Disk } = {},
): Promise<{ world: SimWorld; engine: Engine; log: PartitionLog }> {
  const first = newWorld();
  const writer = await openWorld(first);
  const written = await openLog(writer, { segmentBytes });
  for (let at = 0; at < batches; at++) await written.append(batchOf([`${text}${at}`, text]));
  const world = await stopCleanly(first, writer);
  const engine = await openWorld(world, wrap ? { wrap } : {});
  const log = await engine.openPartition(partition(), settings({ segmentBytes }));
  return { world, engine, log };
}

/** Reads of files since `from`, of one kind. */
function readsOf(world: SimWorld, kind: 'read' | 'readSync' | 'readFileSync', from = 0) {
  return world.disk.journal.filter(
    (entry) => entry.sequence >= from && entry.kind === kind && entry.phase !== 'submitted',
  );
}

async function contentOf(log: PartitionLog, request: ReadRequest): Promise<Buffer> {
  const { slice } = log.read(request);
  if (slice === null) return Buffer.alloc(0);
  const bytes = await slice.bytes();
  slice.release();
  return bytes;
}

describe('warming for a read', () => {
  test('does nothing for what was written lately, at the end, and for what would fail', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world));
    for (let at = 0; at < 20; at++) await log.append(batchOf([`v${at}`]));
    const from = world.disk.mark('reads');
    expect([0, 7, 19, 20, 21, -1].map((offset) => log.warm(wish(offset), always))).toEqual(
      Array(6).fill(null),
    );
    expect(readsOf(world, 'readSync', from)).toEqual([]);
    await log.deleteBefore(5);
    expect(log.warm(wish(4), always)).toBeNull();
  });

  test('leaves a read nothing to wait for: its indexes and its headers are in memory', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(199),
        fc.integer({ min: 0, max: 20_000 }),
        async (offset, maxBytes) => {
          const { world, engine, log } = await reopened(100);
          const request = wish(offset, maxBytes);
          const warming = log.warm(request, always);
          expect(warming).not.toBeNull();
          await warming;
          expect(log.warm(request, always)).toBeNull();
          const from = world.disk.mark('the read itself');
          const bytes = await contentOf(log, request);
          expect(bytes.length).toBeGreaterThan(0);
          expect(readsOf(world, 'readFileSync', from)).toEqual([]);
          const warmed = readsOf(world, 'read').filter(({ sequence }) => sequence < from);
          for (const { path, position, size } of readsOf(world, 'readSync', from)) {
            const isWarm = warmed.some(
              (each) =>
                each.path === path &&
                each.position! <= position! &&
                each.position! + each.size! >= position! + size!,
            );
            expect(isWarm, `${path} at ${position}, ${size} bytes`).toBe(true);
          }
          await engine.close();
        },
      ),
      { numRuns: 30 },
    );
  });

  test('reads an index once for all who want it', async () => {
    const { world, engine, log } = await reopened(100);
    const from = world.disk.mark('opened');
    await Promise.all([1, 2, 3].map((offset) => log.warm(wish(offset), always)));
    const indexes = world.disk.journal.filter(
      ({ sequence, kind, phase, path }) =>
        sequence > from && kind === 'readFile' && phase === 'submitted' && path.endsWith('.index'),
    );
    expect(indexes).toHaveLength(1);
    await engine.close();
  });

  test('of a client that is gone reads no more of the log than the index needs', async () => {
    const { world, engine, log } = await reopened(100);
    await log.warm(wish(0), always);
    const from = world.disk.mark('gone');
    await log.warm(wish(150), () => false);
    const reads = readsOf(world, 'read', from).filter(({ path }) => path.endsWith('.log'));
    // The batch of the last entry; others may wait for the same index.
    expect(reads.reduce((bytes, { size = 0 }) => bytes + size, 0)).toBeLessThanOrEqual(158);
    await engine.close();
  });

  test('an error of the disk takes the directory offline, and every later read says so', async () => {
    const { world, engine, log } = await reopened(100);
    const failures: string[] = [];
    engine.onOffline(({ code }) => failures.push(code));
    world.disk.failNext({ op: 'read', code: 'EIO', path: /\.log$/ });
    await expect(log.warm(wish(0), always)).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
    expect(failures).toEqual(['STORAGE_OFFLINE']);
    expect(() => log.read(wish(0))).toThrow(expect.objectContaining({ code: 'STORAGE_OFFLINE' }));
    expect(log.warm(wish(50), always)).toBeNull();
    await engine.close();
  });

  test('an error under a read of headers, or of a slice, does the same', async () => {
    for (const op of ['readSync', 'read'] as const) {
      const { world, engine, log } = await reopened(100);
      await log.warm(wish(0), always);
      const { slice } = log.read(wish(0));
      world.disk.failNext({ op, code: 'EIO', path: /\.log$/ });
      if (op === 'read') {
        await expect(slice!.bytes()).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
      } else {
        expect(() => log.read(wish(101))).toThrow(
          expect.objectContaining({ code: 'STORAGE_OFFLINE' }),
        );
      }
      slice!.release();
      await new Promise(setImmediate);
      expect(() => log.read(wish(0))).toThrow(expect.objectContaining({ code: 'STORAGE_OFFLINE' }));
      await engine.close();
    }
  });

  test('a lack of descriptors passes', async () => {
    const { world, engine, log } = await reopened(100);
    await log.warm(wish(199), always);
    world.disk.failNext({ op: 'openSync', code: 'EMFILE', path: /0000\.log$/ });
    await expect(log.warm(wish(0), always)).rejects.toMatchObject({ code: 'STORAGE_BUSY' });
    await log.warm(wish(0), always);
    expect((await contentOf(log, wish(0))).length).toBeGreaterThan(0);
    await engine.close();
  });

  test.each(['the log', 'its indexes'])(
    'a log that is deleted while %s are being read ends the warming, and nothing else',
    async (what) => {
      const { world, engine, log } = await reopened(100);
      if (what === 'the log') await log.warm(wish(199), always);
      const offline: string[] = [];
      engine.onOffline(({ message }) => offline.push(message));
      world.disk.hold();
      const warming = [0, 50, 100].map((offset) => log.warm(wish(offset), always));
      const deleting = engine.deletePartition(partition());
      await new Promise(setImmediate);
      world.disk.release();
      await Promise.all([...warming, deleting]);
      expect(offline).toEqual([]);
      expect(() => log.read(wish(0))).toThrow(expect.objectContaining({ code: 'LOG_CLOSED' }));
      expect(await world.disk.stat(folderOf())).toBeNull();
      await engine.close();
      expect(world.disk.openCount).toBe(0);
    },
  );

  test('asks the disk what is in memory, once for a stretch, and believes it', async () => {
    const asked: number[] = [];
    const knowing = (disk: SimDisk): Disk => ({
      ...forwarding(disk),
      openSync: (path, mode) => {
        const file: DiskFile = disk.openSync(path, mode);
        return {
          ...forwardingFile(file),
          residentUntil: (position, _size, end) => {
            asked.push(position);
            return end;
          },
        };
      },
    });
    const { world, engine, log } = await reopened(100, { segmentBytes: MIB, wrap: knowing });
    // Its index is looked at first.
    await log.warm(wish(0, 500), always);
    asked.length = 0;
    const from = world.disk.mark('asked');
    for (let offset = 0; offset < 200; offset += 10) {
      expect(log.warm(wish(offset, 500), always)).toBeNull();
      await contentOf(log, wish(offset, 500));
    }
    expect(asked.length).toBeLessThan(2);
    expect(readsOf(world, 'read', from).length).toBe(20);
    await engine.close();
  });
});

describe('the pages of a read', () => {
  const segment = { baseOffset: 1000, writtenSize: 10 * MIB };
  const offsets = OffsetIndex.empty();
  // Batches of 100 KB and ten records; each but the first has an entry.
  for (let at = 1; at < 100; at++) offsets.append(at * 10 + 9, at * 100_000);

  test('go from where it lands to what is sent first, and to the headers around its end', () => {
    expect(pagesOfRead(segment, { offsets }, { offset: 1200, maxBytes: 5 * MIB }, null)).toEqual([
      { position: 1_900_000, end: 2_000_000 + MIB + 8192 },
      { position: 7_200_000, end: 2_000_000 + 5 * MIB + 8192 },
    ]);
  });

  test('begin at the batch itself where that is known, and end with the file', () => {
    expect(pagesOfRead(segment, { offsets }, { offset: 1200, maxBytes: 64 }, 2_000_000)).toEqual([
      { position: 2_000_000, end: 2_000_000 + 64 + 8192 },
    ]);
    expect(pagesOfRead(segment, { offsets }, { offset: 1990, maxBytes: 50 * MIB }, null)).toEqual([
      { position: 9_800_000, end: 10 * MIB },
    ]);
  });

  test('are none of an empty segment', () => {
    const empty = { baseOffset: 0, writtenSize: 0 };
    const none = { offsets: OffsetIndex.empty() };
    expect(pagesOfRead(empty, none, { offset: 0, maxBytes: MIB }, null)).toEqual([]);
  });
});

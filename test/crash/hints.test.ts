import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { baseOffset, batchSize } from '../../engine/batch/header.js';
import type { LogSettings, PartitionLog } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  type SimWorld,
  stopCleanly,
} from '../support/sim-engine.js';

const HOUR_MS = 3_600_000;
const SETTINGS = { segmentBytes: 1500, indexIntervalBytes: 100 } satisfies Partial<LogSettings>;
const COUNT = 60;

async function stoppedWorld(): Promise<SimWorld> {
  const world = newWorld();
  const engine = await openWorld(world);
  const log = await openLog(engine, SETTINGS);
  const beganMs = world.clock.wallMs();
  for (let at = 0; at < COUNT; at++) {
    await log.append(batchOf(`v${at}`, { timestamp: beganMs + at }));
  }
  return stopCleanly(world, engine);
}

async function indexFiles(world: SimWorld, suffix: string): Promise<string[]> {
  const names = await world.disk.readdir(folderOf());
  return names.filter((name) => name.endsWith(suffix)).map((name) => `${folderOf()}/${name}`);
}

/** Every offset leads to the batch that holds it. */
function expectSoundLookups(log: PartitionLog): void {
  for (let offset = 0; offset < COUNT; offset++) {
    const { slice } = log.read({
      offset,
      maxBytes: 1,
      minOneBatch: true,
      isolation: 'high-watermark',
    });
    const header = Buffer.alloc(61);
    slice!.readSync(header, 0);
    slice!.release();
    expect(baseOffset(header)).toBe(offset);
  }
}

const LIES: Record<string, (bytes: Buffer, log: Buffer) => Buffer> = {
  'positions of other batches': (bytes) => {
    const lie = Buffer.from(bytes);
    for (let at = 0; at + 12 < lie.length; at += 8) bytes.copy(lie, at + 4, at + 12, at + 16);
    return lie.subarray(0, Math.max(8, lie.length - 8));
  },
  'the batch behind, but for its last entry': (bytes, log) => {
    const lie = Buffer.from(bytes);
    for (let at = 4; at + 8 < lie.length; at += 8) {
      const position = lie.readInt32BE(at);
      lie.writeInt32BE(position + batchSize(log, position), at);
    }
    return lie;
  },
  'positions between batches': (bytes) => {
    const lie = Buffer.from(bytes);
    for (let at = 4; at < lie.length; at += 8) lie.writeInt32BE(lie.readInt32BE(at) + 3, at);
    return lie;
  },
  'offsets that are not there': (bytes) => {
    const lie = Buffer.from(bytes);
    for (let at = 0; at < lie.length; at += 8) lie.writeInt32BE(lie.readInt32BE(at) + 1, at);
    return lie;
  },
  'positions beyond the file': (bytes) => {
    const lie = Buffer.from(bytes);
    lie.writeInt32BE(0x7fffffff, lie.length - 4);
    return lie;
  },
  garbage: (bytes) => Buffer.alloc(bytes.length, 0xa5),
  'half an entry': (bytes) => bytes.subarray(0, bytes.length - 3),
  nothing: () => Buffer.alloc(0),
};

describe('an offset index', () => {
  test.each(Object.keys(LIES))('that names %s misleads no read', async (lie) => {
    const world = await stoppedWorld();
    for (const path of await indexFiles(world, '.index')) {
      const bytes = world.disk.readFileSync(path);
      if (bytes.length === 0) continue;
      const file = world.disk.openSync(path, 'write');
      const lies = LIES[lie]!(bytes, world.disk.readFileSync(path.replace('.index', '.log')));
      file.truncateSync(0);
      file.writevSync([lies], 0);
    }
    const log = await openLog(await openWorld(world), SETTINGS);
    expectSoundLookups(log);
    expect((await readValues(log)).size).toBe(COUNT);
    await log.append(batchOf('more'));
    expect(log.logEndOffset).toBe(COUNT + 1);
  });

  test('that is missing is built again', async () => {
    const world = await stoppedWorld();
    for (const path of await indexFiles(world, 'index')) await world.disk.unlink(path);
    const log = await openLog(await openWorld(world), SETTINGS);
    expectSoundLookups(log);
    const beganMs = world.clock.wallMs();
    expect(await log.offsetForTimestamp(beganMs + 33)).toMatchObject({ offset: 33 });
  });

  test('names the last offset of a batch, and where the batch begins', async () => {
    const world = await stoppedWorld();
    for (const path of await indexFiles(world, '.index')) {
      const index = world.disk.readFileSync(path);
      const log = world.disk.readFileSync(path.replace('.index', '.log'));
      for (let at = 0; at < index.length; at += 8) {
        const position = index.readInt32BE(at + 4);
        expect(baseOffset(log, position) - baseOffset(log, 0)).toBe(index.readInt32BE(at));
        expect(batchSize(log, position)).toBeGreaterThan(61);
      }
    }
  });
});

describe('time', () => {
  test('a timestamp further ahead than allowed is refused, one as far as allowed is not', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { timestampBeforeMaxMs: 2 * HOUR_MS });
    const nowMs = world.clock.wallMs();
    await log.append(batchOf('v', { timestamp: nowMs + HOUR_MS }));
    await log.append(batchOf('v', { timestamp: nowMs - 2 * HOUR_MS }));
    for (const timestamp of [nowMs + HOUR_MS + 1, nowMs - 2 * HOUR_MS - 1]) {
      await expect(log.append(batchOf('v', { timestamp }))).rejects.toMatchObject({
        code: 'INVALID_TIMESTAMP',
      });
    }
    expect(log.logEndOffset).toBe(2);
  });

  test.each([100, 100_000])(
    'with an entry every %i bytes, entries rise strictly and the last one of a sealed segment has its largest timestamp',
    async (indexIntervalBytes) => {
      const world = newWorld();
      const log = await openLog(await openWorld(world), { ...SETTINGS, indexIntervalBytes });
      const nowMs = world.clock.wallMs();
      // Forward and back again.
      for (let at = 0; at < COUNT; at++) {
        await log.append(batchOf(`v${at}`, { timestamp: nowMs + ((at * 7) % 40) }));
      }
      await log.maintenance.roll();
      await turns(40);
      let segments = 0;
      for (const path of await indexFiles(world, '.timeindex')) {
        const index = world.disk.readFileSync(path);
        const bytes = world.disk.readFileSync(path.replace('.timeindex', '.log'));
        if (bytes.length === 0) continue;
        const stamps: bigint[] = [];
        for (let at = 0; at < index.length; at += 12) stamps.push(index.readBigInt64BE(at));
        expect(stamps).toEqual([...new Set(stamps)].sort((a, b) => (a < b ? -1 : 1)));
        let largest = -1n;
        let offsetOfLargest = -1;
        for (let at = 0; at < bytes.length; at += batchSize(bytes, at)) {
          const stamp = bytes.readBigInt64BE(at + 35);
          if (stamp <= largest) continue;
          largest = stamp;
          offsetOfLargest = baseOffset(bytes, at) - baseOffset(bytes, 0);
        }
        expect(stamps.at(-1)).toBe(largest);
        expect(index.readInt32BE(index.length - 4)).toBe(offsetOfLargest);
        segments++;
      }
      expect(segments).toBeGreaterThan(2);
    },
  );

  test('a lookup finds the first record at or after a time, in a batch of many as well', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), SETTINGS);
    const nowMs = world.clock.wallMs();
    const stamps = Array.from({ length: COUNT }, (_, at) => nowMs + ((at * 13) % 50));
    for (let at = 0; at < COUNT; at += 4) {
      await log.append(batchOf('alone', { timestamp: stamps[at]! }));
      const many = stamps.slice(at + 1, at + 4);
      await log.append(
        buildBatchSync(many.map((timestamp) => ({ key: null, value: 'x', timestamp }))),
      );
    }
    for (let timestamp = nowMs - 1; timestamp <= nowMs + 51; timestamp++) {
      const offset = stamps.findIndex((stamp) => stamp >= timestamp);
      const found = await log.offsetForTimestamp(timestamp);
      if (offset < 0) expect(found).toBeNull();
      else expect(found).toMatchObject({ offset, timestampMs: stamps[offset]! });
    }
  });

  test('retention deletes a prefix of segments, each by its largest timestamp, none above the high watermark', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), {
      retentionMs: HOUR_MS,
      segmentMs: Number.POSITIVE_INFINITY,
    });
    const nowMs = world.clock.wallMs();
    // Old, young, old: the third must stay behind the second.
    for (const ageMs of [3 * HOUR_MS, 0, 3 * HOUR_MS]) {
      await log.append(batchOf('old', { timestamp: nowMs - 3 * HOUR_MS }));
      await log.append(batchOf('v', { timestamp: nowMs - ageMs }));
      await log.maintenance.roll();
    }
    expect((await log.maintenance.applyRetention()).segments).toBe(1);
    expect(log.logStartOffset).toBe(2);
    log.watermark.setRule(() => 0);
    world.clock.advance(2 * HOUR_MS);
    expect((await log.maintenance.applyRetention()).segments).toBe(2);
    await log.append(batchOf('above', { timestamp: nowMs - HOUR_MS }));
    await log.maintenance.roll();
    expect(log.highWatermark).toBe(6);
    expect((await log.maintenance.applyRetention()).segments).toBe(0);
    expect(log.logStartOffset).toBe(6);
  });
});

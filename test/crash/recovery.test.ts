import { describe, expect, test } from 'vitest';
import { batchSize } from '../../engine/batch/header.js';
import { MemoryCatalog, type PartitionLog, seededRandom } from '../../engine/index.js';
import { batchOf, readValues, turns } from '../support/batches.js';
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

function segment(baseOffset: number, suffix = ''): string {
  return `${folderOf()}/${String(baseOffset).padStart(20, '0')}.log${suffix}`;
}

function overwrite(world: SimWorld, path: string, position: number, bytes: Buffer): void {
  world.disk.openSync(path, 'write').writevSync([bytes], position);
}

async function append(log: PartitionLog, ...values: string[]): Promise<void> {
  for (const value of values) await log.append(batchOf(value));
}

/**
 * A killed process's world: a checkpoint behind the first values, and the second ones behind it.
 */
async function killedWith(before: string[], behind: string[]): Promise<SimWorld> {
  const world = newWorld();
  const first = await openWorld(world);
  await append(await openLog(first), ...before);
  const second = await stopCleanly(world, first);
  await append(await openLog(await openWorld(second)), ...behind);
  return killProcess(second);
}

describe('the tail behind the checkpoint', () => {
  test('is on the disk before it is served, also where a failed sync had left it in the page cache only', async () => {
    const world = newWorld({ syncFileSystem: false });
    const log = await openLog(await openWorld(world));
    await append(log, 'a');
    await turns(20);
    world.disk.failNext({ op: 'datasync', path: /\.log$/, code: 'EIO' });
    await expect(log.append(batchOf('b'))).rejects.toMatchObject({ code: 'STORAGE_OFFLINE' });
    const restarted = killProcess(world);
    const served = await readValues(await openLog(await openWorld(restarted)));
    expect([...served.values()]).toEqual(['a', 'b']);
    const afterCut = await readValues(await openLog(await openWorld(cutPower(restarted))));
    expect([...afterCut.values()]).toEqual(['a', 'b']);
  });

  test.each([1, 11, 12, 60, 61, 67])(
    'is cut where %i bytes of a batch are all that came, and the bytes are kept',
    async (length) => {
      const world = await killedWith(['a'], ['b']);
      const whole = world.disk.readFileSync(segment(0));
      const torn = batchOf('c', { baseOffset: 2 }).subarray(0, length);
      overwrite(world, segment(0), whole.length, torn);
      const log = await openLog(await openWorld(world));
      expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
      expect(world.disk.readFileSync(segment(0))).toEqual(whole);
      expect(world.disk.readFileSync(segment(2, '.cut'))).toEqual(torn);
      await append(log, 'c');
      const afterCut = cutPower(world);
      expect(afterCut.disk.readFileSync(segment(2, '.cut'))).toEqual(torn);
      const reopened = await openLog(await openWorld(afterCut));
      expect([...(await readValues(reopened)).values()]).toEqual(['a', 'b', 'c']);
    },
  );

  test('is kept each time that one is cut at the same offset', async () => {
    let world = await killedWith(['a'], ['b']);
    const { length } = world.disk.readFileSync(segment(0));
    const tails = ['torn one', 'torn', 'torn three', 'torn three, and more'];
    for (const torn of tails) {
      overwrite(world, segment(0), length, Buffer.from(torn));
      await openLog(await openWorld(world));
      world = killProcess(world);
    }
    const kept = (await world.disk.readdir(folderOf())).filter((name) => name.includes('.cut'));
    const texts = kept.sort().map((name) => world.disk.readFileSync(`${folderOf()}/${name}`));
    // What a longer one begins with is that one, copied in part before a crash.
    expect(texts.map(String)).toEqual(['torn one', 'torn three, and more']);
  });

  test('is kept beside a later segment that begins where it was cut', async () => {
    const world = await killedWith(['a'], ['b']);
    const { length } = world.disk.readFileSync(segment(0));
    overwrite(world, segment(0), length, Buffer.from('torn'));
    world.disk.openSync(segment(2), 'create').writevSync([Buffer.from('torn too')], 0);
    await openLog(await openWorld(world));
    expect(world.disk.readFileSync(segment(2, '.cut')).toString()).toBe('torn');
    expect(world.disk.readFileSync(segment(2, '.cut-2')).toString()).toBe('torn too');
  });

  test('is damage where a whole batch follows a bad one: nothing is cut, nothing is served', async () => {
    const world = await killedWith(['a'], ['b', 'c', 'd']);
    const bytes = world.disk.readFileSync(segment(0));
    const second = batchSize(bytes, 0);
    overwrite(world, segment(0), second + 65, Buffer.of(bytes[second + 65]! ^ 1));
    const damaged = world.disk.readFileSync(segment(0));
    const engine = await openWorld(world);
    await expect(openLog(engine)).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    expect(world.disk.readFileSync(segment(0))).toEqual(damaged);
    // Other partitions are served.
    await append(await openLog(engine, {}, partition(1)), 'x');
    expect(engine.failure).toBeNull();
  });

  test('is damage where a later segment holds a whole batch: nothing is cut, nothing is renamed', async () => {
    const world = await killedWith(['a'], ['b']);
    const { length } = world.disk.readFileSync(segment(0));
    overwrite(world, segment(0), length, Buffer.from('torn'));
    const later = batchOf('h', { baseOffset: 7 });
    world.disk.openSync(segment(7), 'create').writevSync([later], 0);
    await expect(openLog(await openWorld(world))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    expect(world.disk.readFileSync(segment(0))).toHaveLength(length + 4);
    expect(world.disk.readFileSync(segment(7))).toEqual(later);
  });

  test('is cut through later segments that hold no whole batch', async () => {
    const world = await killedWith(['a'], ['b']);
    const whole = world.disk.readFileSync(segment(0));
    overwrite(world, segment(0), whole.length, Buffer.from('torn'));
    world.disk.openSync(segment(7), 'create').writevSync([Buffer.from('torn too')], 0);
    const log = await openLog(await openWorld(world));
    expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
    expect(world.disk.readFileSync(segment(7, '.cut')).toString()).toBe('torn too');
    await append(log, 'c');
    expect(log.logEndOffset).toBe(3);
  });

  test.each(['', 'torn'])(
    'ends before a lost piece of whole batches, if what follows (%j) holds none',
    async (follows) => {
      const world = await killedWith(['a'], ['b']);
      const file = world.disk.openSync(segment(7), 'create');
      file.writevSync([Buffer.from(follows)], 0);
      const log = await openLog(await openWorld(world));
      expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
      expect(world.disk.readFileSync(segment(7, '.cut')).toString()).toBe(follows);
      await append(log, 'c');
      expect(log.logEndOffset).toBe(3);
    },
  );

  test('is damage where whole batches follow a lost piece', async () => {
    const world = await killedWith(['a'], ['b']);
    const later = batchOf('h', { baseOffset: 7 });
    world.disk.openSync(segment(7), 'create').writevSync([later], 0);
    await expect(openLog(await openWorld(world))).rejects.toMatchObject({ code: 'DAMAGED_LOG' });
    expect(world.disk.readFileSync(segment(7))).toEqual(later);
  });
});

describe('a value that holds whole batches', () => {
  const inner = Buffer.concat([
    batchOf('mirrored', { baseOffset: 2 }),
    batchOf('later', { baseOffset: 2 ** 40 }),
  ]);

  test.each([-1, 80, 150])('is a torn tail where it was cut at byte %i', async (length) => {
    const world = await killedWith(['a'], ['b']);
    const whole = world.disk.readFileSync(segment(0));
    const torn = batchOf(inner, { baseOffset: 2 }).subarray(0, length);
    overwrite(world, segment(0), whole.length, torn);
    const log = await openLog(await openWorld(world));
    expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
    expect(world.disk.readFileSync(segment(2, '.cut'))).toEqual(torn);
    await append(log, 'c');
    expect(log.logEndOffset).toBe(3);
  });

  test('is a torn tail also at the beginning of a later segment', async () => {
    const world = await killedWith(['a'], ['b']);
    const torn = batchOf(inner, { baseOffset: 2 }).subarray(0, -1);
    world.disk.openSync(segment(2), 'create').writevSync([torn], 0);
    const { length } = world.disk.readFileSync(segment(0));
    overwrite(world, segment(0), length, Buffer.from('torn'));
    const log = await openLog(await openWorld(world));
    expect([...(await readValues(log)).values()]).toEqual(['a', 'b']);
    expect(log.logEndOffset).toBe(2);
  });
});

describe('a flipped bit outside of the checksum, behind the checkpoint,', () => {
  const BASE_OFFSET = 0;
  const LENGTH = 8;
  const MAGIC = 16;

  test.each([
    ['length', LENGTH],
    ['length', LENGTH + 2],
    ['length', LENGTH + 3],
    ['base offset', BASE_OFFSET],
    ['base offset', BASE_OFFSET + 7],
    ['magic', MAGIC],
  ])('is damage, in the last batch too: %s, byte %i', async (_, at) => {
    for (const which of [0, 1]) {
      const world = await killedWith(['a'], ['b', 'c']);
      const bytes = world.disk.readFileSync(segment(0));
      const begin = batchSize(bytes, 0) * (which + 1);
      for (const bit of [1, 64, 128]) {
        overwrite(world, segment(0), begin + at, Buffer.of(bytes[begin + at]! ^ bit));
        const flipped = world.disk.readFileSync(segment(0));
        // Upwards there may be a gap: what follows shows it, if anything does.
        if (at === BASE_OFFSET + 7 && which === 1 && flipped[begin + at]! > 2) continue;
        await expect(openLog(await openWorld(world))).rejects.toMatchObject({
          code: 'DAMAGED_LOG',
        });
        expect(world.disk.readFileSync(segment(0))).toEqual(flipped);
      }
    }
  });
});

describe('without its catalog', () => {
  /** With a folder of the log, and nothing in the catalog. */
  async function emptyWorld(): Promise<SimWorld> {
    const world = newWorld();
    const next = await stopCleanly(world, await openWorld(world));
    await next.disk.mkdir(folderOf());
    return next;
  }

  test('a log that begins above offset 2^31 opens with all it has', async () => {
    const world = await emptyWorld();
    const first = 2 ** 31 + 7;
    for (const base of [first, first + 1]) {
      const batch = batchOf(`at ${base}`, { baseOffset: base });
      world.disk.openSync(segment(base), 'create').writevSync([batch], 0);
    }
    const log = await openLog(await openWorld(world));
    expect(log.logStartOffset).toBe(first);
    expect([...(await readValues(log))]).toEqual([
      [first, `at ${first}`],
      [first + 1, `at ${first + 1}`],
    ]);
  });

  test.each(['', 'torn'])(
    'a log of which one segment is left, holding %j, goes on at its offset',
    async (content) => {
      const world = await emptyWorld();
      world.disk.openSync(segment(1000), 'create').writevSync([Buffer.from(content)], 0);
      const log = await openLog(await openWorld(world));
      expect(log.logStartOffset).toBe(1000);
      await append(log, 'goes on');
      expect([...(await readValues(log))]).toEqual([[1000, 'goes on']]);
    },
  );
});

describe('below the checkpoint', () => {
  test('a damaged batch is never served, and the rest is', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const log = await openLog(engine, { segmentBytes: 250 });
    await append(log, ...Array.from({ length: 12 }, (_, at) => `v${at}`));
    const bases = (await world.disk.readdir(folderOf()))
      .filter((name) => name.endsWith('.log'))
      .map((name) => Number.parseInt(name, 10))
      .sort((a, b) => a - b);
    const [first, second, third] = bases as [number, number, number];
    const next = await stopCleanly(world, engine);
    // The length of the second batch in the second segment.
    const bytes = next.disk.readFileSync(segment(second));
    overwrite(next, segment(second), batchSize(bytes, 0) + 8, Buffer.alloc(4, 0xff));
    const reopened = await openLog(await openWorld(next), { segmentBytes: 250 });
    const read = (offset: number) =>
      reopened.read({ offset, maxBytes: 1, minOneBatch: true, isolation: 'high-watermark' });
    read(first).slice!.release();
    read(second).slice!.release();
    expect(() => read(second + 1)).toThrow(expect.objectContaining({ code: 'CORRUPT_BATCH' }));
    read(third).slice!.release();
    await append(reopened, 'appended');
    expect(reopened.logEndOffset).toBe(13);
  });

  test.each(['missing', 'short'] as const)(
    'a segment that is %s keeps the partition from opening, and nothing is changed',
    async (how) => {
      const world = await killedWith(['a', 'b'], []);
      if (how === 'missing') await world.disk.unlink(segment(0));
      else world.disk.openSync(segment(0), 'write').truncateSync(10);
      const names = await world.disk.readdir(folderOf());
      await expect(openLog(await openWorld(world))).rejects.toMatchObject({
        code: 'DAMAGED_LOG',
        message: expect.stringContaining(
          how === 'missing' ? 'is missing, and the log was durable up to offset 1' : 'acknowledged',
        ),
      });
      expect(await world.disk.readdir(folderOf())).toEqual(names);
    },
  );
});

describe.each(['strict', 'random'] as const)('a power cut (%s) at a random moment', (mode) => {
  test.each(Array.from({ length: 40 }, (_, at) => at + 1))(
    'loses nothing that was acknowledged, seed %i',
    async (seed) => {
      const random = seededRandom(seed);
      const world = newWorld({ random: seededRandom(seed + 500) });
      const engine = await openWorld(world, { descriptorsOpenMax: 2 });
      const names = [0, 1, 2].map((number) => partition(number));
      const logs = await Promise.all(
        names.map((name) => openLog(engine, { segmentBytes: 400 }, name)),
      );
      const acknowledged = names.map(() => new Map<number, string>());
      const steps = 5 + Math.floor(random.next() * 60);
      for (let step = 0; step < steps; step++) {
        const at = Math.floor(random.next() * logs.length);
        const value = `${at}:${step}`;
        void logs[at]!.append(batchOf(value)).then(({ baseOffset }) => {
          acknowledged[at]!.set(baseOffset, value);
        });
        await turns(Math.floor(random.next() * 4));
      }
      const next = cutPower(world, mode === 'strict' ? mode : seed);
      const reopened = await openWorld(next);
      for (const [at, name] of names.entries()) {
        const before = await contentOf(next, folderOf(name));
        const log = await openLog(reopened, { segmentBytes: 400 }, name).catch((error) => {
          // Pages of one sync may arrive in any order: a hole may have a whole batch behind it.
          expect(mode).toBe('random');
          expect(error).toMatchObject({ code: 'DAMAGED_LOG' });
          return null;
        });
        if (log === null) expect(await contentOf(next, folderOf(name))).toEqual(before);
        else expect(await readValues(log)).toEqual(including(acknowledged[at]!));
      }
    },
  );
});

function including(expected: Map<number, string>): unknown {
  return expect.toSatisfy((values: Map<number, string>) =>
    [...expected].every(([offset, value]) => values.get(offset) === value),
  );
}

async function contentOf(world: SimWorld, folder: string): Promise<Map<string, string>> {
  const content = new Map<string, string>();
  if ((await world.disk.stat(folder)) === null) return content;
  for (const name of (await world.disk.readdir(folder)).filter((file) => file.endsWith('.log'))) {
    content.set(name, world.disk.readFileSync(`${folder}/${name}`).toString('hex'));
  }
  return content;
}

describe('epochs', () => {
  test('rise on every unclean open, and on no other', async () => {
    const world = newWorld();
    const first = await openWorld(world);
    expect(first.leaderEpoch).toBe(0);
    const afterClean = await stopCleanly(world, first);
    expect((await openWorld(afterClean)).leaderEpoch).toBe(0);
    const afterKill = killProcess(afterClean);
    expect((await openWorld(afterKill)).leaderEpoch).toBe(1);
    // Cut off right after it was opened: the rise is on the disk already.
    expect((await openWorld(cutPower(afterKill))).leaderEpoch).toBe(2);
  });

  test('tell a client that offsets were given out again, under os', async () => {
    const world = newWorld();
    const log = await openLog(await openWorld(world), { flush: 'os' });
    await append(log, 'kept');
    await log.flush();
    await append(log, 'lost');
    expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    const reopened = await openLog(await openWorld(cutPower(world)), { flush: 'os' });
    await append(reopened, 'other', 'more');
    expect(reopened.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 1 });
    expect([...(await readValues(reopened)).values()]).toEqual(['kept', 'other', 'more']);
  });

  test('are found again in the batches where the catalog is behind', async () => {
    const world = await killedWith(['a'], ['b']);
    const second = await openLog(await openWorld(world));
    await append(second, 'c');
    const found = killProcess(world);
    const log = await openLog(await openWorld({ ...found, catalog: new MemoryCatalog() }));
    expect(log.epochs.endOf(0)).toEqual({ leaderEpoch: 0, endOffset: 2 });
    expect(log.epochs.endOf(1)).toEqual({ leaderEpoch: 1, endOffset: 3 });
  });
});

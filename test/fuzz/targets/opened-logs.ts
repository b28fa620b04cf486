import { baseOffset, lastOffset } from '../../../engine/batch/header.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import type { PartitionLog } from '../../../engine/index.js';
import type { SimDisk } from '../../support/sim-disk.js';
import {
  folderOf,
  newWorld,
  openLog,
  openWorld,
  partition,
  type SimWorld,
  stopCleanly,
} from '../../support/sim-engine.js';
import { BATCHES } from '../lib/batch-seeds.js';
import { treatedLog, wholePrefix } from '../lib/log-bytes.js';
import { mutate } from '../lib/mutate.js';
import { orEngineError } from '../lib/refusal.js';
import { BrokenPromise, type Life, type Target } from '../lib/target.js';

const LOG_FILE = '00000000000000000000.log';
const INDEX_FILES = ['00000000000000000000.index', '00000000000000000000.timeindex'] as const;
const LOGS_PER_LIFE = 100;

function write(disk: SimDisk, path: string, bytes: Buffer): void {
  const file = disk.openSync(path, 'append');
  file.truncateSync(0);
  if (bytes.length > 0) file.writevSync([bytes], 0);
  void file.close();
}

/** All that a log gives, in as many reads as it takes. */
async function readAll(log: PartitionLog, from: number, maxBytes: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let offset = from; offset < log.logEndOffset; ) {
    const request = { offset, maxBytes, minOneBatch: true, isolation: 'log-end' } as const;
    await log.warm(request, () => true);
    const { slice } = log.read(request);
    if (slice === null) break;
    const bytes = await slice.bytes();
    slice.release();
    const before = offset;
    for (let at = 0; at < bytes.length; ) {
      const size = scanBatchAt(bytes, at, bytes.length - at);
      if (typeof size !== 'number')
        throw new BrokenPromise(
          `wrong bytes were served at ${offset} of ${log.name.partition}: ${size}`,
        );
      if (offset !== from && baseOffset(bytes, at) < offset) throw new BrokenPromise('read twice');
      offset = lastOffset(bytes, at) + 1;
      at += size;
    }
    if (offset <= before) throw new BrokenPromise(`reading goes on at ${offset} for ever`);
    parts.push(bytes);
  }
  return Buffer.concat(parts);
}

/** A log without a catalog, its file in any state: what is served is what was there. */
const opened: Target = {
  name: 'log.open',
  inputsPerLife: LOGS_PER_LIFE,
  isStateless: false,
  begin: async (seed) => {
    const world = newWorld();
    const engine = await openWorld(world, { seed });
    let logs = 0;
    return {
      make: treatedLog,
      feed: async (input) => {
        const bytes = input.subarray(1);
        const name = partition(logs++);
        world.disk.mkdirSync(folderOf(name));
        write(world.disk, `${folderOf(name)}/${LOG_FILE}`, bytes);
        const log = await orEngineError(['DAMAGED_LOG'], openLog(engine, {}, name));
        if (log === undefined) return;
        const served = await readAll(log, log.logStartOffset, 500);
        const whole = wholePrefix(bytes);
        if (served.length < whole) throw new BrokenPromise(`${served.length} of ${whole} are left`);
        if (!bytes.subarray(0, served.length).equals(served)) {
          throw new BrokenPromise('what is served is not what was in the file');
        }
        world.disk.journal.length = 0;
      },
      end: () => engine.close(),
    } satisfies Life;
  },
};

interface IndexedLogs {
  readonly world: SimWorld;
  /** Bytes of the log file, the same for each. */
  readonly bytes: Buffer;
  readonly indexes: readonly Buffer[];
}

let template: Promise<IndexedLogs> | undefined;

/** Logs that were closed cleanly, with index files of several entries each. */
async function indexedLogs(): Promise<IndexedLogs> {
  const world = newWorld();
  const engine = await openWorld(world);
  for (let number = 0; number < LOGS_PER_LIFE; number++) {
    const log = await openLog(engine, { indexIntervalBytes: 0 }, partition(number));
    for (const [at, batch] of BATCHES.entries()) {
      if (batch.readInt32BE(47) === -1) await log.append(Buffer.from(batch));
      if (at === BATCHES.length - 4) await log.maintenance.roll();
    }
  }
  const stopped = await stopCleanly(world, engine);
  const read = (name: string): Promise<Buffer> => stopped.disk.readFile(`${folderOf()}/${name}`);
  const indexes = await Promise.all(INDEX_FILES.map(read));
  return { world: stopped, bytes: await read(LOG_FILE), indexes };
}

/** Index files are hints: whatever they say, each read gives what it should. */
const garbledIndex: Target = {
  name: 'index.open',
  inputsPerLife: LOGS_PER_LIFE,
  isStateless: false,
  begin: async (seed) => {
    template ??= indexedLogs();
    const { world, bytes, indexes } = await template;
    const disk = world.disk.kill();
    let fed = 0;
    return {
      make: (random) => {
        const which = random.below(2);
        return Buffer.concat([Buffer.of(which), mutate(random, indexes[which]!)]);
      },
      feed: (input) => {
        const name = INDEX_FILES[input[0]! & 1]!;
        write(disk, `${folderOf(partition(fed++))}/${name}`, input.subarray(1));
      },
      end: async () => {
        const engine = await openWorld(
          { ...world, disk, catalog: world.catalog.crash() },
          { seed },
        );
        for (let number = 0; number < fed; number++) {
          const log = await openLog(engine, { indexIntervalBytes: 0 }, partition(number));
          const served = await readAll(log, 0, 700);
          if (!served.subarray(0, bytes.length).equals(bytes)) {
            throw new BrokenPromise(`log ${number} reads otherwise than it was written`);
          }
          await log.offsetForTimestamp(1_767_225_600_000 + number);
        }
        await engine.close();
      },
    } satisfies Life;
  },
};

export const OPENED_LOG_TARGETS: readonly Target[] = [opened, garbledIndex];

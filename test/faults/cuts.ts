import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from '../../engine/index.js';
import { LoopDisk } from '../support/loop-disk.js';
import { BROKER_SETTINGS, startFaultyBroker } from './support/broker-process.js';
import { Load } from './support/load.js';

/** Cuts that share a disk. */
const CUTS_PER_DISK = 5;

export interface CutOutcome {
  readonly rounds: number;
  /** Records that were acknowledged. */
  readonly records: number;
  readonly wrong: readonly string[];
}

/**
 * Cuts the power of the disk under a broker under load, `rounds` times, and verifies after each.
 */
export async function cutPower(seed: number, rounds: number): Promise<CutOutcome> {
  const random = seededRandom(seed);
  const wrong: string[] = [];
  let records = 0;
  let done = 0;
  while (done < rounds && wrong.length === 0) {
    const load = new Load(random);
    await withDisk(async (disk) => {
      for (let cut = 0; cut < CUTS_PER_DISK && done < rounds && wrong.length === 0; cut++) {
        await cutOnce(disk, load, {}, 50 + Math.floor(random.next() * 400));
        wrong.push(...(await verify(disk, load)));
        done += 1;
      }
    });
    records += load.records;
  }
  return { rounds: done, records, wrong };
}

/** What one cut took of records that were acknowledged under `interval` or `os`. */
export interface Loss {
  readonly acknowledged: number;
  readonly lost: number;
  /** From the acknowledgement of the oldest record that is lost to the cut. */
  readonly lostMs: number;
}

/** Cuts the power under a broker with another promise than `ack`, each time on a new disk. */
export async function measureLosses(
  seed: number,
  rounds: number,
  settings: Readonly<Record<string, string>>,
): Promise<Loss[]> {
  const random = seededRandom(seed);
  const losses: Loss[] = [];
  for (let round = 0; round < rounds; round++) {
    const load = new Load(random);
    await withDisk(async (disk) => {
      const acks = 1000 + Math.floor(random.next() * 4000);
      const cutMs = await cutOnce(disk, load, settings, acks);
      losses.push(await lossOf(disk, load, cutMs));
    });
  }
  return losses;
}

async function withDisk(use: (disk: LoopDisk) => Promise<void>): Promise<void> {
  const root = mkdtempSync(join(tmpdir(), 'odradek-cuts-'));
  const disk = new LoopDisk(root);
  disk.mount();
  try {
    await use(disk);
  } finally {
    disk.unmount();
    rmSync(root, { recursive: true, force: true });
  }
}

/** Runs the load, cuts, ends the process, and mounts what is left. Returns the time of the cut. */
async function cutOnce(
  disk: LoopDisk,
  load: Load,
  settings: Readonly<Record<string, string>>,
  acks: number,
): Promise<number> {
  const broker = await start(disk, settings);
  const running = load.run(broker.port, Number.POSITIVE_INFINITY);
  await load.reached(acks, running);
  disk.cutPower();
  const cutMs = Date.now();
  broker.signal('SIGKILL');
  await broker.gone;
  await running;
  disk.unmount();
  disk.mount();
  return cutMs;
}

async function verify(disk: LoopDisk, load: Load): Promise<string[]> {
  const broker = await start(disk, {});
  try {
    const wrong = await load.verify(broker.port);
    return wrong.length === 0 ? [] : [...wrong, broker.stderr()];
  } finally {
    broker.signal('SIGTERM');
    await broker.gone;
  }
}

async function lossOf(disk: LoopDisk, load: Load, cutMs: number): Promise<Loss> {
  const broker = await start(disk, {});
  try {
    const lost = await load.missing(broker.port);
    const oldestMs = lost.reduce((oldest, { atMs }) => Math.min(oldest, atMs), cutMs);
    return { acknowledged: load.records, lost: lost.length, lostMs: cutMs - oldestMs };
  } finally {
    broker.signal('SIGTERM');
    await broker.gone;
  }
}

async function start(disk: LoopDisk, settings: Readonly<Record<string, string>>) {
  const dataDir = join(disk.folder, 'data');
  const broker = await startFaultyBroker(dataDir, { ...BROKER_SETTINGS, ...settings }, null);
  if (broker === null) throw new Error('the broker does not start');
  return broker;
}

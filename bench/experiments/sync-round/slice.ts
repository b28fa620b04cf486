/**
 * Slices of one comparison in a process of its own, because the size of libuv's pool is a
 * process's: `slice '[{"way":…},…]'` prints a line of JSON for each.
 */
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { native } from '../../../engine/disk/native.js';
import { extraCalls } from './calls.js';
import { WAYS } from './ways.js';

export interface SliceTask {
  readonly way: string;
  readonly folder: string;
  readonly files: number;
  /** Appended to each file in a round. */
  readonly bytes: number;
  readonly durationMs: number;
  /**
   * Bytes in the journal after which the partitions are synced in the background by one syncfs; 0
   * for never.
   */
  readonly syncAfterBytes: number;
}

export interface SliceAnswer {
  readonly task: SliceTask;
  /** From the last append to durable, sorted. */
  readonly roundMs: readonly number[];
  /** Of those, the rounds that began while a background sync ran, sorted. */
  readonly besideSyncMs: readonly number[];
  /** How long the background syncs took. */
  readonly backgroundMs: readonly number[];
  readonly cpuMs: number;
  readonly elapsedMs: number;
  /** By all of the device, until everything was written back. */
  readonly writtenBytes: number;
  readonly writes: number;
  readonly flushes: number;
}

const SECTOR_BYTES = 512;
const WARM_ROUNDS = 5;
const ROUNDS_MAX = 4000;
const MIB = 1024 * 1024;
/**
 * All files together, so that write-back of much is not what is measured; where it is, in slices
 * with background syncs, more.
 */
const BYTES_MAX = 64 * MIB;
const BYTES_MAX_BESIDE = 1024 * MIB;
const FILE_BYTES_MAX = 8 * MIB;

const tasks = JSON.parse(process.argv[2] ?? '[]') as SliceTask[];
const syncfsCall = native()?.syncfs;
if (!syncfsCall) throw new Error('this comparison needs syncfs(2)');
const calls = extraCalls();

/** The statistics of the device that holds the folder. */
function deviceCounts(folder: string): { written: number; writes: number; flushes: number } {
  const { dev } = statSync(folder);
  const major = (dev >> 8) & 0xfff;
  const minor = (dev & 0xff) | ((dev >> 12) & 0xfff00);
  const fields = readFileSync(`/sys/dev/block/${major}:${minor}/stat`, 'utf8').trim().split(/\s+/);
  return {
    writes: Number(fields[4]),
    written: Number(fields[6]) * SECTOR_BYTES,
    flushes: Number(fields[15] ?? 0),
  };
}

async function run(task: SliceTask): Promise<SliceAnswer> {
  const folder = join(task.folder, `slice-${process.pid}`);
  mkdirSync(folder);
  const root = openSync(folder, 'r');
  const syncfs = (): Promise<void> => syncfsCall!(root);
  const bytes = Buffer.alloc(task.bytes, 1);
  // In a folder each, as partitions are: file systems lay neighbours close together.
  const files = Array.from({ length: task.files }, (_, at) => {
    mkdirSync(join(folder, `${at}`));
    return openSync(join(folder, `${at}`, 'log'), 'w');
  });
  const bytesMax = task.syncAfterBytes > 0 ? BYTES_MAX_BESIDE : BYTES_MAX;
  const fileBytesMax = Math.min(FILE_BYTES_MAX, Math.floor(bytesMax / task.files));
  const roundsMax = Math.min(ROUNDS_MAX, Math.floor(fileBytesMax / task.bytes) - WARM_ROUNDS);
  const way = WAYS[task.way];
  if (!way) throw new Error(`no way is called ${task.way}`);
  const prepared = way.prepare({
    folder,
    files,
    bytes,
    calls,
    syncfs,
    fileBytesMax: (roundsMax + WARM_ROUNDS) * task.bytes,
  });
  await syncfs();
  let position = 0;
  const append = (): void => {
    for (const file of files) writeSync(file, bytes, 0, bytes.length, position);
    position += bytes.length;
  };
  for (let round = 0; round < WARM_ROUNDS; round++) {
    append();
    await prepared.sync();
  }
  await syncfs();
  const roundMs: number[] = [];
  const besideSyncMs: number[] = [];
  const backgroundMs: number[] = [];
  const before = deviceCounts(folder);
  const cpu = process.cpuUsage();
  const begin = performance.now();
  let journalled = 0;
  let background: Promise<void> | null = null;
  while (performance.now() - begin < task.durationMs && roundMs.length < roundsMax) {
    append();
    const isBeside = background !== null;
    const began = performance.now();
    journalled += await prepared.sync();
    const took = performance.now() - began;
    roundMs.push(took);
    if (isBeside) besideSyncMs.push(took);
    if (task.syncAfterBytes > 0 && journalled >= task.syncAfterBytes && background === null) {
      journalled = 0;
      const started = performance.now();
      background = syncfs().then(() => {
        backgroundMs.push(performance.now() - started);
        background = null;
      });
    }
  }
  await background;
  const elapsedMs = performance.now() - begin;
  const { user, system } = process.cpuUsage(cpu);
  await syncfs();
  const after = deviceCounts(folder);
  prepared.close();
  for (const file of files) closeSync(file);
  rmSync(folder, { recursive: true });
  await syncfs();
  closeSync(root);
  const byValue = (a: number, b: number): number => a - b;
  return {
    task,
    roundMs: roundMs.sort(byValue),
    besideSyncMs: besideSyncMs.sort(byValue),
    backgroundMs,
    cpuMs: (user + system) / 1e3,
    elapsedMs,
    writtenBytes: after.written - before.written,
    writes: after.writes - before.writes,
    flushes: after.flushes - before.flushes,
  };
}

for (const task of tasks) process.stdout.write(`${JSON.stringify(await run(task))}\n`);

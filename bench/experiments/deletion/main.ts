/**
 * What small syncs wait for while files are deleted on another thread, one right after the other or
 * as the engine does it: `node dist/bench/experiments/deletion/main.js FOLDER [--mib 1000,100,16,1]
 * [--total 2000] [--seconds 6]`
 *
 * A file of 200 bytes a write is synced a thousand times a second. Meanwhile files of each size,
 * whole on the device, go in two bursts, at the beginning and in the middle of the time. Prints a
 * table. Needs `--total` MiB of room.
 */
import { closeSync, fdatasyncSync, mkdirSync, openSync, unlinkSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { syncAll } from '../../lib/machine.js';
import { programPath } from '../../lib/paths.js';
import type { Deletions } from './deleter.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    mib: { type: 'string', default: '1000,100,16,1' },
    total: { type: 'string', default: '2000' },
    seconds: { type: 'string', default: '6' },
  },
});
const MIB = 2 ** 20;
const SETTLE_MS = 3000;
const PERIOD_MS = 1;
const BURSTS = 2;
const RECORD = Buffer.alloc(200, 1);

const folder = resolve(positionals[0] ?? '.');
mkdirSync(folder, { recursive: true });
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const sleep = (ms: number): void => void Atomics.wait(sleeper, 0, 0, ms);

function written(count: number, mib: number): string[] {
  const piece = Buffer.alloc(MIB, 7);
  return Array.from({ length: count }, (_, at) => {
    const path = join(folder, `victim-${at}`);
    const file = openSync(path, 'w');
    for (let done = 0; done < mib; done++) writeSync(file, piece);
    fdatasyncSync(file);
    closeSync(file);
    return path;
  });
}

/**
 * How long each sync took, in milliseconds, in order of size, while all those files were deleted.
 */
async function syncTimes(paths: readonly string[], isGentle: boolean): Promise<number[]> {
  const everyMs = (Number(values.seconds) * 1000) / BURSTS;
  const done = new SharedArrayBuffer(4);
  const half = Math.ceil(paths.length / BURSTS);
  const bursts = [paths.slice(0, half), paths.slice(half)];
  const workerData: Deletions = { bursts, isGentle, everyMs, done };
  const path = join(folder, 'synced');
  const file = openSync(path, 'w');
  const worker = new Worker(programPath('deletion/deleter'), { workerData });
  const ended = new Promise((resolve, reject) => {
    worker.on('exit', resolve);
    worker.on('error', reject);
  });
  const isDone = new Int32Array(done);
  const times: number[] = [];
  while (isDone[0] === 0) {
    const startedMs = performance.now();
    writeSync(file, RECORD);
    fdatasyncSync(file);
    const tookMs = performance.now() - startedMs;
    times.push(tookMs);
    sleep(Math.max(0, PERIOD_MS - tookMs));
  }
  await ended;
  closeSync(file);
  unlinkSync(path);
  return times.sort((a, b) => a - b);
}

const at = (sorted: readonly number[], part: number): string =>
  sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(2);

process.stdout.write('| files | deleted | syncs | p50 ms | p99 ms | p99.9 ms | longest ms |\n');
for (const mib of values.mib.split(',').map(Number)) {
  for (const isGentle of [false, true]) {
    const paths = written(Math.max(1, Math.floor(Number(values.total) / mib)), mib);
    syncAll();
    sleep(SETTLE_MS);
    const times = await syncTimes(paths, isGentle);
    const cells = [
      `${paths.length} of ${mib} MiB`,
      isGentle ? 'as the engine does it' : 'in a row',
      times.length,
      at(times, 0.5),
      at(times, 0.99),
      at(times, 0.999),
      at(times, 1),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
}

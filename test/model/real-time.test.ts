import { expect, test, vi } from 'vitest';
import { systemClock } from '../../engine/index.js';
import { SimDisk } from '../support/sim-disk.js';
import { runCompactionSeed } from './compaction-run.js';
import { runSeed } from './run-seed.js';

const SEEDS = [1, 2, 3, 4, 5, 6];

/** As on a busy machine: an unlink takes long by the real clock. */
function slowUnlinks() {
  const { unlink } = SimDisk.prototype;
  return vi.spyOn(SimDisk.prototype, 'unlink').mockImplementation(function (this: SimDisk, path) {
    const until = performance.now() + 1;
    while (performance.now() < until);
    return unlink.call(this, path);
  });
}

/**
 * Who of ours reads the wall clock, by stack: the test runner reads it in the same thread, now and
 * then.
 */
function wallClockReaders(): string[] {
  const readers: string[] = [];
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => {
    const stack = new Error().stack ?? '';
    if (/\/(engine|server)\/[\w/-]+\.ts/.test(stack)) readers.push(stack);
    return now();
  });
  return readers;
}

test('a reader of the wall clock is found', () => {
  const readers = wallClockReaders();
  Date.now();
  systemClock.wallMs();
  vi.restoreAllMocks();
  expect(readers).toEqual([expect.stringContaining('clock.ts')]);
});

test.each([
  [
    'sequences of operations',
    async () => {
      for (const seed of SEEDS) await runSeed(seed);
    },
  ],
  [
    'histories of compaction',
    async () => {
      for (const seed of SEEDS) await runCompactionSeed(seed);
    },
  ],
])('%s in the simulated world rest by no real clock', async (_what, run) => {
  const unlinks = slowUnlinks();
  const timeouts = vi.spyOn(globalThis, 'setTimeout');
  const readers = wallClockReaders();
  try {
    await run();
    expect(unlinks.mock.calls.length).toBeGreaterThan(1);
    expect(timeouts.mock.calls).toEqual([]);
    expect(readers).toEqual([]);
  } finally {
    vi.restoreAllMocks();
  }
});

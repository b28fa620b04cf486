import { expect, test } from 'vitest';
import { HeldFilesDisk } from '../../engine/disk/held-files.js';
import type { SimDisk } from '../support/sim-disk.js';
import { WindowsDisk } from '../support/windows-disk.js';
import { runCompactionSeed } from './compaction-run.js';
import type { Operation } from './operations.js';
import { runSeed } from './run-seed.js';

const SEQUENCES = 100;

/** What is held is let go in some turn of the event loop. */
const patience = () => {
  let tries = 0;
  return {
    monotonicMs: () => tries,
    schedule: (_ms: number, run: () => unknown) => {
      tries++;
      setImmediate(run);
      return { cancel: () => {} };
    },
  };
};

/** Without a sync of folders, what a power cut leaves of names is the file system's affair. */
function killsOnly(operations: Operation[]): Operation[] {
  return operations.map((operation) =>
    operation.kind === 'crash' ? { ...operation, how: 'kill' } : operation,
  );
}

test(`${SEQUENCES} random sequences on a disk that refuses what Windows refuses agree with a naive log`, async () => {
  const disks: WindowsDisk[] = [];
  const seenAs = (disk: SimDisk) => {
    const windows = new WindowsDisk(disk);
    disks.push(windows);
    return new HeldFilesDisk(windows, patience());
  };
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    expect(await runSeed(seed, seenAs, killsOnly)).not.toBe('lost-page');
  }
  expect(disks.some(({ refused }) => refused.syncDirectory > 0)).toBe(true);
});

test('10 random histories of a compacted log on such a disk keep what a map of keys keeps', async () => {
  let removed = 0;
  const wrap = (disk: SimDisk) => new HeldFilesDisk(new WindowsDisk(disk), patience());
  for (let seed = 1; seed <= 10; seed++)
    removed += (await runCompactionSeed(seed, wrap)).recordsRemoved;
  expect(removed).toBeGreaterThan(50);
});

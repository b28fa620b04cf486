import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FlushPromise } from '../../engine/index.js';
import { available } from '../clients/support/tools.js';
import { canMount, LoopDisk, NEEDS } from '../support/loop-disk.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Acknowledged, startAppender, verifyDirectory } from './support/appender.js';

/**
 * Cuts the power three times while a process appends. Returns how many acknowledged records were
 * not found again.
 */
async function lostByPowerCuts(flush: FlushPromise): Promise<number> {
  const disk = new LoopDisk(temporaryFolder());
  const directory = join(disk.folder, 'data');
  let lost = 0;
  for (let round = 0; round < 3; round++) {
    const acknowledged: Acknowledged = new Map();
    disk.mount();
    try {
      const options = { flush, seed: round, firstNumber: round * 1_000_000 };
      const appender = startAppender(directory, options, acknowledged);
      try {
        await appender.reached(800 + 300 * round);
        disk.cutPower();
      } finally {
        await appender.kill();
      }
      disk.unmount();
      disk.mount();
      const found = await verifyDirectory(directory, flush, acknowledged);
      expect(found.leaderEpoch).toBe(round + 1);
      lost += found.lost;
    } finally {
      disk.unmount();
    }
  }
  return lost;
}

test('a power cut under load loses nothing that was acknowledged under ack', async () => {
  if (!available('root', canMount(), NEEDS)) return;
  expect(await lostByPowerCuts('ack')).toBe(0);
});

test('a power cut under load loses records under os, and leaves logs that open, without a gap', async () => {
  if (!available('root', canMount(), NEEDS)) return;
  expect(await lostByPowerCuts('os')).toBeGreaterThan(0);
});

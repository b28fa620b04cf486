import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { FlushPromise } from '../../engine/index.js';
import { available, runs } from '../clients/support/tools.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Acknowledged, startAppender, verifyDirectory } from './support/appender.js';

const IMAGE_BYTES = 256 * 1024 * 1024;
/** EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from now on nothing reaches the disk, the journal's last entries included. */
const EXT4_IOC_SHUTDOWN = 0x8004587d;
const NO_LOG_FLUSH = 2;

function canMount(): boolean {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  return isRoot && runs('mkfs.ext4', '-V') && runs('losetup', '-f');
}

const NEEDS = 'loop-mounted ext4 needs root, mkfs.ext4 and losetup';

/** A fresh ext4 in a file. */
class LoopDisk {
  readonly #image: string;
  readonly folder: string;

  constructor() {
    const home = temporaryFolder();
    this.#image = join(home, 'ext4.img');
    this.folder = join(home, 'mounted');
    mkdirSync(this.folder);
    closeSync(openSync(this.#image, 'w'));
    truncateSync(this.#image, IMAGE_BYTES);
    execFileSync('mkfs.ext4', ['-q', '-F', this.#image]);
  }

  mount(): void {
    execFileSync('mount', ['-o', 'loop', this.#image, this.folder]);
  }

  unmount(): void {
    execFileSync('umount', [this.folder]);
  }

  cutPower(): void {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const ioctl = koffi.load(null).func('int ioctl(int fd, unsigned long request, void *argument)');
    const fd = openSync(this.folder, constants.O_RDONLY);
    try {
      const result: number = ioctl(fd, EXT4_IOC_SHUTDOWN, new Uint32Array([NO_LOG_FLUSH]));
      if (result !== 0) throw new Error(`EXT4_IOC_SHUTDOWN: errno ${koffi.errno()}`);
    } finally {
      closeSync(fd);
    }
  }
}

/** Cuts the power three times while a process appends. Returns how many acknowledged records were not found again. */
async function lostByPowerCuts(flush: FlushPromise): Promise<number> {
  const disk = new LoopDisk();
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

import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdirSync, openSync, truncateSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runs } from '../clients/support/tools.js';

const IMAGE_BYTES = 256 * 1024 * 1024;
/**
 * EXT4_IOC_SHUTDOWN with EXT4_GOING_FLAGS_NOLOGFLUSH: from now on nothing reaches the disk, the
 * journal's last entries included.
 */
const EXT4_IOC_SHUTDOWN = 0x8004587d;
const NO_LOG_FLUSH = 2;

/** Whether a file system can be made, mounted and cut off here. */
export function canMount(): boolean {
  const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
  return isRoot && runs('mkfs.ext4', '-V') && runs('losetup', '-f');
}

export const NEEDS = 'loop-mounted ext4 needs root, mkfs.ext4 and losetup';

/** A fresh ext4 in a file below `home`. */
export class LoopDisk {
  readonly #image: string;
  readonly folder: string;

  constructor(home: string) {
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

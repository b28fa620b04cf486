import type { Disk, DiskFile } from '../../../engine/disk/disk.js';
import { forwarding, forwardingFile } from '../../support/forwarding-disk.js';
import type { SimDisk } from '../../support/sim-disk.js';

/**
 * What happens to one operation that changes the disk: it fails with an errno, or the process stops
 * right before or right after it.
 */
export type Breakage = 'stop-before' | 'stop-after' | { readonly code: string };

/** A disk of which the test breaks one operation, counted from when it says so. */
export interface BreakingDisk {
  readonly disk: Disk;
  /** From now on operations are counted; the one with this number, from 0 on, breaks. */
  arm(number: number, breakage: Breakage): void;
  /** What broke, such as `rename …`; null while nothing has. */
  readonly broken: string | null;
  /** Resolves when a stop was reached. */
  readonly stopped: Promise<void>;
}

export function breakingDisk(disk: SimDisk): BreakingDisk {
  let left = Number.POSITIVE_INFINITY;
  let how: Breakage = 'stop-before';
  let broken: string | null = null;
  let reached = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    reached = resolve;
  });
  const never = (): Promise<never> => {
    reached();
    return new Promise(() => {});
  };

  async function change<Result>(what: string, run: () => Promise<Result>): Promise<Result> {
    // A process that has stopped does nothing more.
    if (broken !== null && typeof how === 'string') return never();
    if (left-- !== 0) return run();
    broken = what;
    if (how === 'stop-before') return never();
    if (how === 'stop-after') {
      await run();
      return never();
    }
    throw Object.assign(new Error(`${how.code}: ${what}`), { code: how.code });
  }

  const wrapFile = (file: DiskFile): DiskFile => ({
    ...forwardingFile(file),
    writev: (buffers, position) =>
      change(`write ${file.path}`, () => file.writev(buffers, position)),
    truncate: (size) => change(`truncate ${file.path}`, () => file.truncate(size)),
    datasync: () => change(`sync ${file.path}`, () => file.datasync()),
  });

  return {
    get broken() {
      return broken;
    },
    stopped,
    arm(number, breakage) {
      left = number;
      how = breakage;
    },
    disk: {
      ...forwarding(disk),
      open: async (path, mode) =>
        wrapFile(
          mode === 'create'
            ? await change(`create ${path}`, () => disk.open(path, mode))
            : await disk.open(path, mode),
        ),
      rename: (from, to) => change(`rename ${from} to ${to}`, () => disk.rename(from, to)),
      unlink: (path) => change(`unlink ${path}`, () => disk.unlink(path)),
      syncDirectory: (path) => change(`sync ${path}`, () => disk.syncDirectory(path)),
    },
  };
}

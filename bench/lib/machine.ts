import { execFileSync, spawnSync } from 'node:child_process';
import {
  closeSync,
  openSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { arch, cpus, freemem, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from './paths.js';

/** Where and of what the figures are. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly node: string;
  readonly fileSystem: string;
  /**
   * Whether freed memory goes back to the host of a virtual machine meanwhile: see
   * `page-reporting.ts`.
   */
  readonly pageReporting: string;
  readonly commit: string;
  readonly date: string;
}

export function describeMachine(folder: string, pageReporting: string): Machine {
  const [first] = cpus();
  return {
    cpu: first?.model ?? arch(),
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.version,
    fileSystem: said('findmnt', ['-no', 'FSTYPE,SOURCE', '--target', folder]),
    pageReporting,
    commit: commitOf(PROJECT),
    date: new Date().toISOString(),
  };
}

const UNKNOWN = 'unknown';

/**
 * "-dirty" says that what was measured is not what the commit holds; that rows were measured before
 * this one does not count.
 */
function commitOf(folder: string): string {
  const commit = said('git', ['-C', folder, 'describe', '--always', '--exclude', '*']);
  if (commit === UNKNOWN) return UNKNOWN;
  const changed = ['status', '--porcelain', '--untracked-files=no', '--', '.', ':!bench/results'];
  return said('git', ['-C', folder, ...changed]) === '' ? commit : `${commit}-dirty`;
}

function said(program: string, args: string[]): string {
  const { stdout, status } = spawnSync(program, args, { encoding: 'utf8' });
  return status === 0 ? stdout.trim().replace(/\s+/g, ' ') : UNKNOWN;
}

/** Everything dirty goes to the disk, so that a slice does not pay for the one before. */
export function syncAll(): void {
  execFileSync('sync');
}

/**
 * Has the page cache forget these files, and only them: a broker that goes on shall not miss its
 * own pages.
 */
export function dropFromCache(paths: readonly string[]): void {
  syncAll();
  for (const path of paths) {
    execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}

/** Forgets the page cache. False without the right to: the row then says that it was warm. */
export function dropCaches(): boolean {
  syncAll();
  try {
    writeFileSync('/proc/sys/vm/drop_caches', '3\n');
    return true;
  } catch {
    return false;
  }
}

const TOUCH_CHUNK = 8 * 1024 * 1024;
/** Neither memory nor disk is filled to the brim. */
const TOUCH_SHARE = 0.7;

/**
 * Writes and deletes a file as large as the machine's free memory, since pages that a virtual
 * machine never touched are ten times slower the first time. Returns the bytes touched.
 */
export function touchFreeMemory(folder: string, bytesMax = Number.POSITIVE_INFINITY): number {
  const disk = statfsSync(folder);
  const room = disk.bavail * disk.bsize;
  const bytes = Math.floor(Math.min(availableMemory() * TOUCH_SHARE, room * TOUCH_SHARE, bytesMax));
  const path = join(folder, 'touch');
  const file = openSync(path, 'w');
  const chunk = Buffer.alloc(TOUCH_CHUNK, 1);
  let touched = 0;
  try {
    while (touched < bytes) {
      touched += writeSync(file, chunk, 0, Math.min(chunk.length, bytes - touched));
    }
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
  return touched;
}

function availableMemory(): number {
  const [, kilobytes] = /^MemAvailable:\s+(\d+)/m.exec(readFileSync('/proc/meminfo', 'utf8')) ?? [];
  return kilobytes === undefined ? freemem() : Number(kilobytes) * 1024;
}

import {
  close,
  closeSync,
  constants,
  fdatasync,
  fstat,
  fsync,
  ftruncate,
  ftruncateSync,
  mkdirSync,
  open,
  openSync,
  read,
  readFileSync,
  readSync,
  statSync,
  writev,
  writevSync,
} from 'node:fs';
import {
  link,
  mkdir,
  opendir,
  readdir,
  readFile,
  rename,
  rmdir,
  stat,
  statfs,
  unlink,
} from 'node:fs/promises';
import { promisify } from 'node:util';
import { systemClock } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Disk, DiskFile, OpenMode } from './disk.js';
import { hasErrno } from './errno.js';
import { writeAll, writeAllSync } from './gather.js';
import { HeldFilesDisk } from './held-files.js';
import { native } from './native.js';
import { residentUntil } from './page-probe.js';

const openAsync = promisify(open);
const closeAsync = promisify(close);
const fstatAsync = promisify(fstat);
const ftruncateAsync = promisify(ftruncate);
const fdatasyncAsync = promisify(fdatasync);
const fsyncAsync = promisify(fsync);

// Never O_APPEND: Linux then ignores the position of a write.
const OPEN_FLAGS: Record<OpenMode, number> = {
  create: constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
  append: constants.O_RDWR | constants.O_CREAT,
  read: constants.O_RDONLY,
  write: constants.O_RDWR,
};

class NodeFile implements DiskFile {
  readonly path: string;
  readonly fd: number;
  #isAdvised = false;

  constructor(path: string, fd: number) {
    this.path = path;
    this.fd = fd;
  }

  async size(): Promise<number> {
    return (await fstatAsync(this.fd)).size;
  }

  async links(): Promise<number> {
    return (await fstatAsync(this.fd)).nlink;
  }

  writevSync(buffers: readonly Uint8Array[], position: number): void {
    writeAllSync((left, at) => writevSync(this.fd, left, at), buffers, position);
  }

  writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    return writeAll((left, at) => this.#writeOnce(left, at), buffers, position);
  }

  #writeOnce(buffers: readonly Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      writev(this.fd, buffers, position, (error, written) =>
        error ? reject(error) : resolve(written),
      );
    });
  }

  readSync(into: Uint8Array, position: number): number {
    // A call that fails or falls short is repeated by Node, which throws the right error.
    const quick = native()?.pread?.(this.fd, into, position) ?? 0;
    if (quick === into.length) return quick;
    let count = 0;
    while (count < into.length) {
      const got = readSync(this.fd, into, count, into.length - count, position + count);
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    let count = 0;
    while (count < into.length) {
      const got = await this.#readOnce(into, count, position + count);
      if (got === 0) break;
      count += got;
    }
    return count;
  }

  #readOnce(into: Uint8Array, start: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      read(this.fd, into, start, into.length - start, position, (error, count) =>
        error ? reject(error) : resolve(count),
      );
    });
  }

  residentUntil(position: number, size: number, end: number): number {
    const calls = native()?.pages;
    return calls ? residentUntil(calls, this.fd, position, size, end) : -1;
  }

  async load(position: number, size: number): Promise<void> {
    if (!this.#isAdvised) {
      this.#isAdvised = true;
      native()?.adviseSequential?.(this.fd);
    }
    const end = position + size;
    const load = native()?.load;
    let reached = position;
    while (load && reached < end) {
      const count = await load(this.fd, reached, end - reached);
      if (count === 0) return;
      if (count < 0) break;
      reached += count;
    }
    // Where that fails, or is not possible, Node reads, and throws the right error.
    const into = Buffer.allocUnsafe(Math.min(end - reached, LIMITS.warmChunkBytes));
    while (reached < end) {
      const count = await this.read(
        into.subarray(0, Math.min(into.length, end - reached)),
        reached,
      );
      if (count === 0) return;
      reached += count;
    }
  }

  async startWriteBack(position: number, size: number): Promise<boolean> {
    const start = native()?.startWriteBack;
    return start ? (await start(this.fd, position, size)) === 0 : false;
  }

  truncateSync(size: number): void {
    ftruncateSync(this.fd, size);
  }

  truncate(size: number): Promise<void> {
    return ftruncateAsync(this.fd, size);
  }

  datasync(): Promise<void> {
    return fdatasyncAsync(this.fd);
  }

  close(): Promise<void> {
    return closeAsync(this.fd);
  }
}

/** A folder opened for `syncfs`, and the calls that use it. */
interface FileSystemHandle {
  readonly fd: number;
  running: number;
  released: boolean;
}

const fileSystems = new Map<string, FileSystemHandle>();

function closeWhenIdle(handle: FileSystemHandle): void {
  if (handle.released && handle.running === 0) closeSync(handle.fd);
}

function holdFileSystem(root: string): FileSystemHandle {
  let handle = fileSystems.get(root);
  if (!handle) {
    handle = { fd: openSync(root, constants.O_RDONLY), running: 0, released: false };
    fileSystems.set(root, handle);
  }
  return handle;
}

/**
 * Kept open per root, not shared per device: each descriptor is told of a write-back error once.
 */
async function syncFileSystem(root: string): Promise<void> {
  const syncfs = native()?.syncfs;
  if (!syncfs) throw new Error('syncfs(2) is not available');
  const handle = holdFileSystem(root);
  handle.running++;
  try {
    await syncfs(handle.fd);
  } finally {
    handle.running--;
    closeWhenIdle(handle);
  }
}

function releaseFileSystem(root: string): void {
  const handle = fileSystems.get(root);
  if (!handle) return;
  fileSystems.delete(root);
  handle.released = true;
  closeWhenIdle(handle);
}

/**
 * A large folder comes in pieces: all names at once, of half a million files, take 0.3 s of the
 * event loop.
 */
async function namesIn(path: string): Promise<string[]> {
  // Where the file system says nothing by it, all come at once.
  if (statSync(path).size < LIMITS.folderAtOnceBytes) return readdir(path);
  const names: string[] = [];
  const folder = await opendir(path, { bufferSize: LIMITS.folderNamesAtATime });
  for await (const { name } of folder) names.push(name);
  return names;
}

/** Through `node:fs`. */
const plainDisk: Disk = {
  openSync: (path, mode) => new NodeFile(path, openSync(path, OPEN_FLAGS[mode])),
  open: async (path, mode) => new NodeFile(path, await openAsync(path, OPEN_FLAGS[mode])),
  mkdirSync: (path) => void mkdirSync(path),
  mkdir: async (path) => void (await mkdir(path)),
  readdir: namesIn,
  async stat(path) {
    try {
      const found = await stat(path);
      return {
        size: found.size,
        isDirectory: found.isDirectory(),
        modifiedMs: found.mtimeMs,
        fileId: found.ino,
        links: found.nlink,
      };
    } catch (error) {
      if (hasErrno(error, 'ENOENT') || hasErrno(error, 'ENOTDIR')) return null;
      throw error;
    }
  },
  readFile: (path) => readFile(path),
  readFileSync: (path) => readFileSync(path),
  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  unlink: (path) => unlink(path),
  rmdir: (path) => rmdir(path),
  async syncDirectory(path) {
    const fd = await openAsync(path, constants.O_RDONLY);
    try {
      await fsyncAsync(fd);
    } finally {
      await closeAsync(fd);
    }
  },
  get syncFileSystem() {
    return native()?.syncfs ? syncFileSystem : undefined;
  },
  holdFileSystem: (root) => void holdFileSystem(root),
  releaseFileSystem,
  async space(path) {
    const { blocks, bavail, bsize } = await statfs(path);
    return { totalBytes: blocks * bsize, freeBytes: bavail * bsize };
  },
};

/** The machine's own file system. */
export const nodeDisk: Disk = forPlatform(plainDisk);

/** The disk as it is used on a platform: Windows refuses what others do not. */
export function forPlatform(disk: Disk, platform: string = process.platform): Disk {
  return platform === 'win32' ? new HeldFilesDisk(disk, systemClock) : disk;
}

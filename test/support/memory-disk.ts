import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskStat, OpenMode } from '../../engine/disk/disk.js';

/**
 * A disk in memory for hundreds of thousands of small files. It records nothing and loses nothing
 * (`SimDisk` does both); asynchronous operations take effect in the next turn of the event loop,
 * all that were asked for in this one together.
 */
export class MemoryDisk implements Disk {
  readonly syncFileSystem = (): Promise<void> => this.#later(() => {});
  readonly #files = new Map<string, Content>();
  readonly #folders = new Map<string, Set<string>>([['/', new Set()]]);
  #queue: (() => void)[] = [];
  /** Descriptors that are open, and the most that ever were. */
  openCount = 0;
  openMost = 0;
  /** Files that were read in the middle of a turn. */
  readsOfWholeFiles = 0;

  /** Puts a file there, as another process would. */
  put(path: string, bytes: Buffer): void {
    this.#contentAt(path, 'append').bytes = bytes;
  }

  countIn(folder: string): number {
    return this.#folder(folder).size;
  }

  openSync(path: string, mode: OpenMode): DiskFile {
    const content = this.#contentAt(path, mode);
    this.openCount++;
    this.openMost = Math.max(this.openMost, this.openCount);
    return this.#fileOf(path, content);
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#later(() => this.openSync(path, mode));
  }

  mkdirSync(path: string): void {
    if (this.#folders.has(path)) throw failure('EEXIST', path);
    this.#enter(path);
    this.#folders.set(path, new Set());
  }

  mkdir(path: string): Promise<void> {
    return this.#later(() => this.mkdirSync(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#later(() => [...this.#folder(path)]);
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#later(() => {
      const content = this.#files.get(path);
      if (content)
        return {
          size: content.bytes.length,
          isDirectory: false,
          modifiedMs: 0,
          fileId: 0,
          links: 1,
        };
      return this.#folders.has(path)
        ? { size: 0, isDirectory: true, modifiedMs: 0, fileId: 0, links: 1 }
        : null;
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.#later(() => Buffer.from(this.#contentAt(path, 'read').bytes));
  }

  readFileSync(path: string): Buffer {
    this.readsOfWholeFiles++;
    return Buffer.from(this.#contentAt(path, 'read').bytes);
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later(() => {
      const content = this.#contentAt(from, 'read');
      this.#leave(from);
      this.#enter(to);
      this.#files.set(to, content);
    });
  }

  async link(_from: string, to: string): Promise<void> {
    throw failure('ENOTSUP', to);
  }

  unlink(path: string): Promise<void> {
    return this.#later(() => {
      this.#contentAt(path, 'read');
      this.#leave(path);
    });
  }

  rmdir(path: string): Promise<void> {
    return this.#later(() => void this.#folders.delete(path));
  }

  syncDirectory(): Promise<void> {
    return this.#later(() => {});
  }

  async space(): Promise<{ totalBytes: number; freeBytes: number }> {
    return { totalBytes: 2 ** 50, freeBytes: 2 ** 50 };
  }

  #fileOf(path: string, content: Content): DiskFile {
    const read = (into: Uint8Array, position: number): number =>
      content.bytes.copy(into, 0, position);
    const truncate = (size: number): void => {
      content.bytes = Buffer.concat([content.bytes.subarray(0, size)], size);
    };
    const write = (buffers: readonly Uint8Array[], position: number): void => {
      content.bytes = Buffer.concat([content.bytes.subarray(0, position), ...buffers]);
    };
    return {
      path,
      fd: -1,
      size: async () => content.bytes.length,
      links: async () => 1,
      writevSync: write,
      writev: (buffers, position) => this.#later(() => write(buffers, position)),
      readSync: read,
      read: (into, position) => this.#later(() => read(into, position)),
      truncateSync: truncate,
      truncate: (size) => this.#later(() => truncate(size)),
      datasync: () => this.#later(() => {}),
      close: () => this.#later(() => void this.openCount--),
    };
  }

  #contentAt(path: string, mode: OpenMode): Content {
    const found = this.#files.get(path);
    if (found && mode === 'create') throw failure('EEXIST', path);
    if (found) return found;
    if (mode === 'read' || mode === 'write') throw failure('ENOENT', path);
    this.#enter(path);
    const content = { bytes: Buffer.alloc(0) };
    this.#files.set(path, content);
    return content;
  }

  #folder(path: string): Set<string> {
    const folder = this.#folders.get(path);
    if (!folder) throw failure('ENOENT', path);
    return folder;
  }

  #enter(path: string): void {
    this.#folder(dirname(path)).add(path.slice(path.lastIndexOf('/') + 1));
  }

  #leave(path: string): void {
    this.#folder(dirname(path)).delete(path.slice(path.lastIndexOf('/') + 1));
    this.#files.delete(path);
  }

  #later<Result>(take: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      if (this.#queue.length === 0) setImmediate(() => this.#run());
      this.#queue.push(() => {
        try {
          resolve(take());
        } catch (error) {
          reject(error);
        }
      });
    });
  }

  #run(): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const take of queue) take();
  }
}

interface Content {
  bytes: Buffer;
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

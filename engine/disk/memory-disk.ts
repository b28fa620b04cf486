import { freemem, totalmem } from 'node:os';
import { basename, dirname } from 'node:path';
import { type Clock, systemClock } from '../clock.js';
import type { Disk, DiskFile, DiskSpace, DiskStat, OpenMode } from './disk.js';
import { MemoryContent } from './memory-content.js';

interface MemoryFolder {
  readonly fileId: number;
  readonly entries: Map<string, MemoryContent | MemoryFolder>;
  modifiedMs: number;
}

/**
 * A disk of this process, which is gone with it. Nothing fails but by a wrong call, and a sync has
 * nothing to do. Asynchronous calls take effect at once and settle in a later turn of the event
 * loop, as those of any disk, so that whoever waits for them lets others work.
 */
export class MemoryDisk implements Disk {
  readonly #clock: Pick<Clock, 'wallMs' | 'afterTurn'>;
  readonly #root: MemoryFolder;
  #nextId = 1;
  #waiting: (() => void)[] = [];

  constructor(clock: Pick<Clock, 'wallMs' | 'afterTurn'> = systemClock) {
    this.#clock = clock;
    this.#root = this.#newFolder();
  }

  openSync(path: string, mode: OpenMode): DiskFile {
    const found = this.#find(path);
    if (found !== null && !(found instanceof MemoryContent)) throw failure('EISDIR', path);
    if (found !== null && mode === 'create') throw failure('EEXIST', path);
    if (found === null && (mode === 'read' || mode === 'write')) throw failure('ENOENT', path);
    const content = found ?? new MemoryContent(this.#nextId++, this.#clock.wallMs());
    if (found === null) this.#enter(path, content);
    return this.#fileOf(path, content, mode !== 'read');
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#later(() => this.openSync(path, mode));
  }

  mkdirSync(path: string): void {
    if (this.#find(path) !== null) throw failure('EEXIST', path);
    this.#enter(path, this.#newFolder());
  }

  mkdir(path: string): Promise<void> {
    return this.#later(() => this.mkdirSync(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#later(() => [...this.#folder(path).entries.keys()]);
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#later(() => {
      const found = this.#find(path);
      if (found === null) return null;
      const { fileId, modifiedMs } = found;
      return found instanceof MemoryContent
        ? { size: found.size, isDirectory: false, modifiedMs, fileId, links: found.links }
        : { size: 0, isDirectory: true, modifiedMs, fileId, links: 1 };
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.#later(() => this.readFileSync(path));
  }

  readFileSync(path: string): Buffer {
    const content = this.#file(path);
    const bytes = Buffer.alloc(content.size);
    content.read(bytes, 0);
    return bytes;
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later(() => {
      const found = this.#find(from);
      if (found === null) throw failure('ENOENT', from);
      const replaced = this.#find(to);
      if (replaced === found) return;
      if (replaced !== null && !(replaced instanceof MemoryContent)) {
        if (replaced.entries.size > 0) throw failure('ENOTEMPTY', to);
      }
      if (replaced !== null) this.#leave(to, replaced);
      this.#leave(from, found);
      this.#enter(to, found);
      if (found instanceof MemoryContent) found.links++;
    });
  }

  link(from: string, to: string): Promise<void> {
    return this.#later(() => {
      const content = this.#file(from);
      if (this.#find(to) !== null) throw failure('EEXIST', to);
      this.#enter(to, content);
      content.links++;
    });
  }

  unlink(path: string): Promise<void> {
    return this.#later(() => this.#leave(path, this.#file(path)));
  }

  rmdir(path: string): Promise<void> {
    return this.#later(() => {
      const folder = this.#folder(path);
      if (folder.entries.size > 0) throw failure('ENOTEMPTY', path);
      this.#leave(path, folder);
    });
  }

  syncDirectory(path: string): Promise<void> {
    return this.#later(() => void this.#folder(path));
  }

  readonly syncFileSystem = (): Promise<void> => this.#later(() => {});

  async space(): Promise<DiskSpace> {
    return { totalBytes: totalmem(), freeBytes: freemem() };
  }

  #fileOf(path: string, content: MemoryContent, isWritable: boolean): DiskFile {
    let isOpen = true;
    const use = (forWriting: boolean): MemoryContent => {
      if (!isOpen || (forWriting && !isWritable)) throw failure('EBADF', path);
      if (forWriting) content.modifiedMs = this.#clock.wallMs();
      return content;
    };
    const write = (buffers: readonly Uint8Array[], position: number): void => {
      let at = position;
      for (const bytes of buffers) {
        use(true).write(bytes, at);
        at += bytes.length;
      }
    };
    return {
      path,
      fd: -1,
      size: () => this.#later(() => use(false).size),
      links: () => this.#later(() => use(false).links),
      writevSync: write,
      writev: (buffers, position) => this.#later(() => write(buffers, position)),
      readSync: (into, position) => use(false).read(into, position),
      read: (into, position) => this.#later(() => use(false).read(into, position)),
      residentUntil: () => content.size,
      truncateSync: (size) => use(true).truncate(size),
      truncate: (size) => this.#later(() => use(true).truncate(size)),
      datasync: () => this.#later(() => void use(false)),
      close: () =>
        this.#later(() => {
          use(false);
          isOpen = false;
        }),
    };
  }

  #newFolder(): MemoryFolder {
    return { fileId: this.#nextId++, entries: new Map(), modifiedMs: this.#clock.wallMs() };
  }

  #find(path: string): MemoryContent | MemoryFolder | null {
    if (dirname(path) === path) return this.#root;
    const above = this.#find(dirname(path));
    if (above === null || above instanceof MemoryContent) return null;
    return above.entries.get(basename(path)) ?? null;
  }

  #folder(path: string): MemoryFolder {
    const found = this.#find(path);
    if (found === null) throw failure('ENOENT', path);
    if (found instanceof MemoryContent) throw failure('ENOTDIR', path);
    return found;
  }

  #file(path: string): MemoryContent {
    const found = this.#find(path);
    if (found === null) throw failure('ENOENT', path);
    if (!(found instanceof MemoryContent)) throw failure('EISDIR', path);
    return found;
  }

  #enter(path: string, entry: MemoryContent | MemoryFolder): void {
    const above = this.#folder(dirname(path));
    above.entries.set(basename(path), entry);
    above.modifiedMs = this.#clock.wallMs();
  }

  #leave(path: string, entry: MemoryContent | MemoryFolder): void {
    const above = this.#folder(dirname(path));
    above.entries.delete(basename(path));
    above.modifiedMs = this.#clock.wallMs();
    if (entry instanceof MemoryContent) entry.links--;
  }

  /** Takes effect now; the promise settles when this turn of the event loop is over. */
  #later<Result>(take: () => Result): Promise<Result> {
    return new Promise((resolve, reject) => {
      let settle: () => void;
      try {
        const result = take();
        settle = () => resolve(result);
      } catch (error) {
        settle = () => reject(error);
      }
      if (this.#waiting.length === 0) this.#clock.afterTurn(() => this.#settleAll());
      this.#waiting.push(settle);
    });
  }

  #settleAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const settle of waiting) settle();
  }
}

function failure(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

import { dirname } from 'node:path';
import type { Disk, DiskFile, DiskSpace, DiskStat, OpenMode } from '../../engine/disk/disk.js';
import type { Random } from '../../engine/random.js';
import type { ContentSnapshot, SimContent } from './sim-content.js';
import { errno, SimFolder, SimNames } from './sim-names.js';
import { type PendingOperation, SimQueue } from './sim-queue.js';

/** The methods of Disk and DiskFile: what the journal records and a fault can hit. */
export type SimOperation =
  | Exclude<keyof Disk, 'holdFileSystem' | 'releaseFileSystem'>
  | Exclude<keyof DiskFile, 'path' | 'fd'>;

/**
 * One event of the journal. A synchronous operation has one, an asynchronous one two: `submitted`,
 * then the outcome.
 */
export interface JournalEntry {
  /** Position in the journal. */
  readonly sequence: number;
  readonly kind: SimOperation | 'mark';
  readonly phase: 'submitted' | 'completed' | 'failed';
  /**
   * Of an outcome: the sequence of its `submitted` event; its own where the operation was
   * synchronous.
   */
  readonly submitted: number;
  /**
   * As the caller named it; of a file operation, the path under which the file that was hit was
   * opened.
   */
  readonly path: string;
  /** Which file was hit, whatever its name is by now. */
  readonly file?: number;
  readonly position?: number;
  /** Bytes of a write or read; the new size of a truncation. */
  readonly size?: number;
  /** The other name of a rename or a link. */
  readonly to?: string;
  /** Of a failure: the errno's name. */
  readonly code?: string;
}

/** A failure to come. Each rule fires once. */
export interface SimFault {
  readonly op: SimOperation | readonly SimOperation[];
  readonly path?: RegExp;
  readonly code: string;
  /** Matching operations that succeed before the first failure. */
  readonly after?: number;
  /** Bytes of a failing write that arrive on the disk. */
  readonly short?: number;
}

export interface SimDiskOptions {
  /** With it, asynchronous operations run in random order and late. */
  readonly random?: Random;
  /** Bytes of all files together; more is ENOSPC. */
  readonly capacity?: number;
  /** Whether the platform has syncfs(2); it has. */
  readonly syncFileSystem?: boolean;
}

type JournalDetails = Partial<Pick<JournalEntry, 'file' | 'position' | 'size' | 'to'>>;

interface Descriptor {
  readonly path: string;
  readonly content: SimContent;
  readonly writable: boolean;
}

const BYTES_DEFAULT = 2 ** 40;

/**
 * A disk in memory that records, fails and loses power.
 *
 * Bytes are durable after `datasync` of their file, names after `syncDirectory` of their folder,
 * both after `syncFileSystem`; what a sync saves is what was there when it was submitted.
 * `powerCut` and `kill` return the disk that the next process finds and leave this one as it is;
 * `halt` stops it, so that the old process changes nothing more. After a failed sync the bytes are
 * lost while the page cache still shows them.
 *
 * Descriptors are numbers, the lowest free one first, looked up when an operation takes effect:
 * code that closes a file under a queued sync syncs the file that has that number by then, and is
 * told that all went well.
 */
export class SimDisk implements Disk {
  readonly syncFileSystem: Disk['syncFileSystem'];
  /** Bytes of all files together; may be changed at any time. */
  capacity: number;
  readonly journal: JournalEntry[] = [];
  readonly #options: SimDiskOptions;
  readonly #names: SimNames;
  readonly #queue: SimQueue;
  readonly #descriptors = new Map<number, Descriptor>();
  readonly #faults: (SimFault & { skip: number })[] = [];
  #nextSyncOrder = 1;

  constructor(options: SimDiskOptions = {}, names = new SimNames()) {
    this.#options = options;
    this.#names = names;
    this.#queue = new SimQueue(options.random ?? null);
    this.capacity = options.capacity ?? Number.POSITIVE_INFINITY;
    this.syncFileSystem =
      options.syncFileSystem === false ? undefined : (root) => this.#syncEverything(root);
  }

  /**
   * The disk after the power failed now. `strict` loses everything that was not synced; with a
   * Random, each page, size and name may have survived.
   */
  powerCut(mode: Random | 'strict'): SimDisk {
    return this.#successor(this.#names.afterPowerCut(mode === 'strict' ? null : mode));
  }

  /**
   * The disk after kill -9 now: the page cache is whole, operations that had not run never will.
   */
  kill(): SimDisk {
    const next = this.#successor(this.#names.copy());
    next.#nextSyncOrder = this.#nextSyncOrder;
    return next;
  }

  /**
   * The process that used this disk is dead: asynchronous operations never settle, synchronous ones
   * throw.
   */
  halt(): void {
    this.#queue.halt();
  }

  failNext(fault: SimFault): void {
    this.#faults.push({ ...fault, skip: fault.after ?? 0 });
  }

  /** From now on asynchronous operations wait in `pending`. */
  hold(): void {
    this.#queue.hold();
  }

  /** Ends `hold`. */
  release(): void {
    this.#queue.release();
  }

  /** Asynchronous operations that were submitted and have not run, oldest first. */
  get pending(): readonly PendingOperation[] {
    return this.#queue.pending;
  }

  /** Descriptors that are open. */
  get openCount(): number {
    return this.#descriptors.size;
  }

  /** Puts an event of the test's own into the journal, such as "answered"; returns its sequence. */
  mark(label: string): number {
    return this.#record('mark', 'completed', label);
  }

  /**
   * Whether the bytes of a completed write were durable when the journal reached `sequence`: a
   * successful sync of that very file, or of the file system, was submitted after the write and
   * completed before.
   */
  wasSyncedBy(write: JournalEntry, sequence: number): boolean {
    return this.journal.some(
      (entry) =>
        entry.sequence < sequence &&
        entry.phase === 'completed' &&
        entry.submitted > write.sequence &&
        (entry.kind === 'syncFileSystem' ||
          (entry.kind === 'datasync' && entry.file === write.file)),
    );
  }

  /** As `wasSyncedBy`, of the name that a completed creation, rename or removal left behind. */
  wasNameSyncedBy(change: JournalEntry, sequence: number): boolean {
    const folders = [change.path, change.to ?? change.path].map((path) => dirname(path));
    return this.journal.some(
      (entry) =>
        entry.sequence < sequence &&
        entry.phase === 'completed' &&
        entry.submitted > change.sequence &&
        (entry.kind === 'syncFileSystem' ||
          (entry.kind === 'syncDirectory' && folders.includes(entry.path))),
    );
  }

  openSync(path: string, mode: OpenMode): DiskFile {
    return this.#now('openSync', path, {}, () => this.#openFile(path, mode));
  }

  open(path: string, mode: OpenMode): Promise<DiskFile> {
    return this.#later('open', path, {}, () => this.#openFile(path, mode));
  }

  mkdirSync(path: string): void {
    this.#now('mkdirSync', path, {}, () => this.#names.createFolder(path));
  }

  mkdir(path: string): Promise<void> {
    return this.#later('mkdir', path, {}, () => this.#names.createFolder(path));
  }

  readdir(path: string): Promise<string[]> {
    return this.#later('readdir', path, {}, () => [...this.#names.folder(path).entries.keys()]);
  }

  stat(path: string): Promise<DiskStat | null> {
    return this.#later('stat', path, {}, () => {
      const node = this.#names.find(path);
      if (!node) return null;
      const isDirectory = node instanceof SimFolder;
      return {
        size: isDirectory ? 0 : node.size,
        isDirectory,
        modifiedMs: 0,
        fileId: node.id,
        links: isDirectory ? 1 : this.#names.linksOf(node),
      };
    });
  }

  readFile(path: string): Promise<Buffer> {
    return this.#later('readFile', path, {}, () => wholeContent(this.#names.file(path)));
  }

  readFileSync(path: string): Buffer {
    return this.#now('readFileSync', path, {}, () => wholeContent(this.#names.file(path)));
  }

  rename(from: string, to: string): Promise<void> {
    return this.#later('rename', from, { to }, () => this.#names.rename(from, to));
  }

  link(from: string, to: string): Promise<void> {
    return this.#later('link', from, { to }, () => this.#names.link(from, to));
  }

  unlink(path: string): Promise<void> {
    return this.#later('unlink', path, {}, () => this.#names.unlink(path));
  }

  rmdir(path: string): Promise<void> {
    return this.#later('rmdir', path, {}, () => this.#names.removeFolder(path));
  }

  async syncDirectory(path: string): Promise<void> {
    const changes = this.#names.pendingChanges(this.#names.folder(path));
    await this.#later('syncDirectory', path, {}, () => this.#names.makeDurable(changes));
  }

  async space(path: string): Promise<DiskSpace> {
    return this.#later('space', path, {}, () =>
      Number.isFinite(this.capacity)
        ? { totalBytes: this.capacity, freeBytes: this.#roomLeft() }
        : { totalBytes: BYTES_DEFAULT, freeBytes: BYTES_DEFAULT },
    );
  }

  #syncEverything(root: string): Promise<void> {
    const order = this.#nextSyncOrder++;
    const changes = this.#names.pendingChanges(null);
    const snapshots: [SimContent, ContentSnapshot][] = [];
    for (const content of this.#contents()) {
      if (content.isDirty) snapshots.push([content, content.snapshot(order)]);
    }
    return this.#later(
      'syncFileSystem',
      root,
      {},
      () => {
        this.#names.makeDurable(changes);
        for (const [content, snapshot] of snapshots) content.makeDurable(snapshot);
      },
      () => {
        for (const [content, snapshot] of snapshots) content.forgetDirty(snapshot);
      },
    );
  }

  #openFile(path: string, mode: OpenMode): DiskFile {
    const found = this.#names.find(path);
    if (found instanceof SimFolder) throw errno('EISDIR', path);
    if (found && mode === 'create') throw errno('EEXIST', path);
    if (!found && (mode === 'read' || mode === 'write')) throw errno('ENOENT', path);
    const content = found ?? this.#names.createFile(path);
    let number = 3;
    while (this.#descriptors.has(number)) number++;
    this.#descriptors.set(number, { path, content, writable: mode !== 'read' });
    return this.#fileOf(number, path);
  }

  /** The operations of one descriptor. Each looks up what the number names when it takes effect. */
  #fileOf(number: number, path: string): DiskFile {
    const named = (): Descriptor => {
      const descriptor = this.#descriptors.get(number);
      if (!descriptor) throw errno('EBADF', path);
      return descriptor;
    };
    const truncate = (size: number): void => writable(named()).content.truncate(size);
    const write = (buffers: readonly Uint8Array[], position: number, limit?: number): void =>
      this.#write(writable(named()), buffers, position, limit);
    const target = { named, number };
    return {
      path,
      fd: -1,
      size: () => this.#later('size', target, {}, () => named().content.size),
      links: () => this.#later('links', target, {}, () => this.#names.linksOf(named().content)),
      writevSync: (buffers, position) => {
        const details = { position, size: sizeOf(buffers) };
        this.#now(
          'writevSync',
          target,
          details,
          () => write(buffers, position),
          (short) => write(buffers, position, short),
        );
      },
      writev: (buffers, position) =>
        this.#later(
          'writev',
          target,
          { position, size: sizeOf(buffers) },
          () => write(buffers, position),
          (short) => write(buffers, position, short),
        ),
      readSync: (into, position) =>
        this.#now('readSync', target, { position, size: into.length }, () =>
          named().content.read(into, position),
        ),
      read: (into, position) =>
        this.#later('read', target, { position, size: into.length }, () =>
          named().content.read(into, position),
        ),
      truncateSync: (size) => this.#now('truncateSync', target, { size }, () => truncate(size)),
      truncate: (size) => this.#later('truncate', target, { size }, () => truncate(size)),
      datasync: () => this.#datasync(target),
      close: () =>
        this.#later('close', target, {}, () => {
          named();
          this.#descriptors.delete(number);
        }),
    };
  }

  #datasync(target: Target): Promise<void> {
    const order = this.#nextSyncOrder++;
    const meant = this.#descriptors.get(target.number)?.content;
    const submitted = meant?.snapshot(order);
    const snapshotOf = (content: SimContent): ContentSnapshot =>
      content === meant && submitted ? submitted : content.snapshot(order);
    return this.#later(
      'datasync',
      target,
      {},
      () => {
        const { content } = target.named();
        content.makeDurable(snapshotOf(content));
      },
      () => {
        const { content } = target.named();
        content.forgetDirty(snapshotOf(content));
      },
    );
  }

  #write(
    { content, path }: Descriptor,
    buffers: readonly Uint8Array[],
    position: number,
    limit = Number.POSITIVE_INFINITY,
  ): void {
    const bytes = Buffer.concat(buffers);
    const room = Math.max(0, content.size - position) + this.#roomLeft();
    const count = Math.min(bytes.length, limit, room);
    if (count > 0) content.write(bytes.subarray(0, count), position);
    if (room < Math.min(bytes.length, limit)) throw errno('ENOSPC', path);
  }

  #roomLeft(): number {
    if (!Number.isFinite(this.capacity)) return Number.POSITIVE_INFINITY;
    let used = 0;
    for (const content of this.#contents()) used += content.size;
    return Math.max(0, this.capacity - used);
  }

  /** Files with a name or a descriptor. */
  #contents(): Set<SimContent> {
    const contents = new Set(this.#names.files());
    for (const { content } of this.#descriptors.values()) contents.add(content);
    return contents;
  }

  #successor(names: SimNames): SimDisk {
    return new SimDisk({ ...this.#options, capacity: this.capacity }, names);
  }

  #now<Result>(
    kind: SimOperation,
    target: Target | string,
    details: JournalDetails,
    take: () => Result,
    takePart?: (short: number) => void,
  ): Result {
    if (this.#queue.isHalted) throw errno('EIO', 'the process that used this disk is dead');
    const fault = this.#faultFor(kind, this.#pathOf(target));
    return this.#settle(kind, target, details, null, fault, take, takePart);
  }

  #later<Result>(
    kind: SimOperation,
    target: Target | string,
    details: JournalDetails,
    take: () => Result,
    takePart?: (short: number) => void,
  ): Promise<Result> {
    const path = this.#pathOf(target);
    const fault = this.#faultFor(kind, path);
    const submitted = this.#record(kind, 'submitted', path, {
      ...details,
      ...this.#identityOf(target),
    });
    return this.#queue.submit(kind, path, () =>
      this.#settle(kind, target, details, submitted, fault, take, takePart),
    );
  }

  /** The operation takes effect, or fails by rule, and the journal tells which. */
  #settle<Result>(
    kind: SimOperation,
    target: Target | string,
    details: JournalDetails,
    submitted: number | null,
    fault: SimFault | null,
    take: () => Result,
    takePart?: (short: number) => void,
  ): Result {
    // Before it takes effect: a close forgets which file it was.
    const path = this.#pathOf(target);
    const identity = { ...details, ...this.#identityOf(target) };
    try {
      if (fault) {
        takePart?.(fault.short ?? 0);
        throw errno(fault.code, `${kind} ${path}`);
      }
      const result = take();
      const created = kind === 'openSync' || kind === 'open' ? this.#identityOf(path) : {};
      this.#record(kind, 'completed', path, { ...identity, ...created }, submitted);
      return result;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      this.#record(kind, 'failed', path, identity, submitted, code);
      throw error;
    }
  }

  #faultFor(kind: SimOperation, path: string): SimFault | null {
    for (const [at, fault] of this.#faults.entries()) {
      if (![fault.op].flat().includes(kind)) continue;
      if (fault.path && !fault.path.test(path)) continue;
      if (fault.skip-- > 0) continue;
      this.#faults.splice(at, 1);
      return fault;
    }
    return null;
  }

  #pathOf(target: Target | string): string {
    if (typeof target === 'string') return target;
    return this.#descriptors.get(target.number)?.path ?? `closed descriptor ${target.number}`;
  }

  #identityOf(target: Target | string): { file?: number } {
    const node =
      typeof target === 'string'
        ? this.#names.find(target)
        : this.#descriptors.get(target.number)?.content;
    return node ? { file: node.id } : {};
  }

  #record(
    kind: JournalEntry['kind'],
    phase: JournalEntry['phase'],
    path: string,
    details: JournalDetails = {},
    submitted: number | null = null,
    code?: string,
  ): number {
    const sequence = this.journal.length;
    this.journal.push({
      sequence,
      kind,
      phase,
      submitted: submitted ?? sequence,
      path,
      ...details,
      ...(code === undefined ? {} : { code }),
    });
    return sequence;
  }
}

/** What a descriptor's operation is aimed at: a number, and what the number names at the moment. */
interface Target {
  readonly number: number;
  named(): Descriptor;
}

function writable(descriptor: Descriptor): Descriptor {
  if (!descriptor.writable) throw errno('EBADF', descriptor.path);
  return descriptor;
}

function wholeContent(content: SimContent): Buffer {
  const bytes = Buffer.alloc(content.size);
  content.read(bytes, 0);
  return bytes;
}

function sizeOf(buffers: readonly Uint8Array[]): number {
  let size = 0;
  for (const buffer of buffers) size += buffer.length;
  return size;
}

import { assert } from '../assert.js';
import { ClosingDescriptors } from './closing-descriptors.js';
import type { DescriptorBudget } from './descriptor-budget.js';
import type { Disk, DiskFile, OpenMode } from './disk.js';
import type { PageTraffic } from './page-traffic.js';
import { ResidentRanges, warmUpSize } from './resident-ranges.js';

/**
 * One file of a log, whose descriptor comes and goes: the first use opens it, the pool's LRU closes
 * it, the next use opens it again.
 *
 * A pin keeps the descriptor open. Every method that touches the bytes pins for its own duration; a
 * caller that hands the descriptor's number to something queued (a slice, a sync round) pins the
 * file for as long as that lives. A file with bytes that were not synced stays open too, pinned or
 * not: only a descriptor that was open while they were written is certain to be told that writing
 * them back failed.
 *
 * It has one owner, which creates it from a FilePool; two objects for one path do not know of each
 * other.
 */
export class LogFile {
  readonly #disk: Disk;
  readonly #budget: DescriptorBudget<LogFile>;
  readonly #traffic: PageTraffic;
  /** Ranges that are known to be in the page cache; null until there is one. */
  #resident: ResidentRanges | null = null;
  #path: string;
  #descriptor: DiskFile | null = null;
  #pins = 0;
  #writes = 0;
  #cleanWrites = 0;
  #forgotten = false;
  #isFinished = false;
  #whenUnpinned: (() => void)[] | null = null;
  readonly #closing = new ClosingDescriptors();

  /** Called by FilePool; use `pool.file(path)`. */
  constructor(disk: Disk, budget: DescriptorBudget<LogFile>, traffic: PageTraffic, path: string) {
    this.#disk = disk;
    this.#budget = budget;
    this.#traffic = traffic;
    this.#path = path;
  }

  /** Where the next open will look. */
  get path(): string {
    return this.#path;
  }

  /** Whether a descriptor is held at this moment. */
  get isOpen(): boolean {
    return this.#descriptor !== null;
  }

  /** Whether bytes were written that no successful sync covers. */
  get isDirty(): boolean {
    return this.#cleanWrites < this.#writes;
  }

  /** Whether the descriptor is closed as soon as nothing needs it. */
  get isFinished(): boolean {
    return this.#isFinished;
  }

  /**
   * The owner does not need the file any more: its descriptor is closed once no sync needs it. A
   * later use opens it again.
   */
  finish(): void {
    this.#isFinished = true;
    if (this.#descriptor !== null && this.#pins === 0 && !this.isDirty) this.#budget.idle(this);
  }

  /** Whether something holds the descriptor. */
  get isPinned(): boolean {
    return this.#pins > 0;
  }

  /**
   * Counts the changes of this file's bytes. Taken when a sync is submitted and given to
   * `markClean` when it succeeds, so that bytes written in between stay dirty.
   */
  get writeCount(): number {
    return this.#writes;
  }

  /**
   * Creates the file and holds its descriptor. EEXIST when it is there. The name is durable after
   * `syncDirectory`.
   */
  createSync(): void {
    assert(this.#descriptor === null, 'a file is created before it is used');
    this.#open('create');
    if (this.#pins === 0 && !this.isDirty) this.#budget.idle(this);
  }

  /**
   * The descriptor, opened synchronously if need be; it stays open, and the same, until the
   * matching `unpin`. Throws what opening throws (ENOENT, EMFILE …), and then there is no pin.
   */
  pin(): DiskFile {
    const descriptor = this.#descriptor ?? this.#open('write');
    if (this.#pins++ === 0 && !this.isDirty) this.#budget.busy(this);
    return descriptor;
  }

  /** Gives one pin back. */
  unpin(): void {
    assert(this.#pins > 0, 'a file is unpinned once per pin');
    if (--this.#pins > 0) return;
    this.#closing.unpinned();
    const waiting = this.#whenUnpinned;
    if (waiting !== null) {
      this.#whenUnpinned = null;
      for (const resolve of waiting) resolve();
    }
    if (!this.isDirty) this.#budget.idle(this);
  }

  /**
   * The bytes changed. Called by the methods below; callers that write through a pinned descriptor
   * call it themselves, first.
   */
  markDirty(): void {
    if (!this.isDirty) {
      this.#budget.dirtied();
      if (this.#descriptor !== null && this.#pins === 0) this.#budget.busy(this);
    }
    this.#writes++;
  }

  /**
   * A sync that was submitted when `writeCount` was `throughWrites` has succeeded. Without the
   * argument: nothing was written since it was submitted.
   */
  markClean(throughWrites = this.#writes): void {
    assert(throughWrites <= this.#writes, 'a sync covers writes that were made');
    if (throughWrites <= this.#cleanWrites) return;
    this.#cleanWrites = throughWrites;
    if (this.isDirty) return;
    this.#budget.cleaned();
    if (this.#pins === 0 && this.#descriptor !== null) this.#budget.idle(this);
  }

  /** As `DiskFile.writevSync`. The file is dirty afterwards, also after a throw. */
  writevSync(buffers: readonly Uint8Array[], position: number): void {
    const descriptor = this.pin();
    try {
      this.markDirty();
      descriptor.writevSync(buffers, position);
      this.#moved(position, bytesOf(buffers));
    } finally {
      this.unpin();
    }
  }

  /**
   * As `DiskFile.writev`. Bytes that a sync submitted meanwhile may have missed leave the file
   * dirty.
   */
  async writev(buffers: readonly Uint8Array[], position: number): Promise<void> {
    const descriptor = this.pin();
    try {
      this.markDirty();
      await descriptor.writev(buffers, position);
      this.#moved(position, bytesOf(buffers));
    } finally {
      this.markDirty();
      this.unpin();
    }
  }

  readSync(into: Uint8Array, position: number): number {
    const descriptor = this.pin();
    try {
      return descriptor.readSync(into, position);
    } finally {
      this.unpin();
    }
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const descriptor = this.pin();
    try {
      return await descriptor.read(into, position);
    } finally {
      this.unpin();
    }
  }

  /**
   * Whether the range can be read without waiting for the disk: it was written or read lately, or
   * the kernel says so. False when that is unknown. `end` is the end of the file, for a look ahead.
   * Throws what opening throws.
   */
  isResident(position: number, size: number, end: number): boolean {
    if (this.#resident?.covers(position, position + size, this.#traffic.moment())) return true;
    const descriptor = this.pin();
    try {
      const until = descriptor.residentUntil?.(position, size, end) ?? -1;
      if (until < position + size) return false;
      this.#note(position, until);
      return true;
    } finally {
      this.unpin();
    }
  }

  /**
   * Brings the range into the page cache off the event loop; it brings more of the file than was
   * asked for where readers go on from one range to the next. Waits in a queue, and does nothing if
   * `isWanted` says no when it comes to the front. The descriptor is pinned from the call on.
   * Rejects with what reading rejects with.
   */
  async warm(position: number, size: number, end: number, isWanted: () => boolean): Promise<void> {
    const descriptor = this.pin();
    try {
      const { warmUps } = this.#traffic;
      const goesOn =
        position === 0 ||
        (this.#resident?.covers(position - 1, position, this.#traffic.moment()) ?? false);
      const wanted = warmUpSize(position, size, end, goesOn);
      if (await warmUps.load(descriptor, position, wanted, isWanted)) this.#moved(position, wanted);
    } finally {
      this.unpin();
    }
  }

  /** Bytes have gone through the page cache, and are there now. */
  #moved(position: number, bytes: number): void {
    this.#traffic.bytes += bytes;
    this.#note(position, position + bytes);
  }

  #note(from: number, to: number): void {
    this.#resident ??= new ResidentRanges();
    this.#resident.note(from, to, this.#traffic.moment());
  }

  async size(): Promise<number> {
    const descriptor = this.pin();
    try {
      return await descriptor.size();
    } finally {
      this.unpin();
    }
  }

  /** As `DiskFile.links`. */
  async links(): Promise<number> {
    const descriptor = this.pin();
    try {
      return await descriptor.links();
    } finally {
      this.unpin();
    }
  }

  truncateSync(size: number): void {
    const descriptor = this.pin();
    try {
      this.markDirty();
      descriptor.truncateSync(size);
    } finally {
      this.unpin();
    }
  }

  async truncate(size: number): Promise<void> {
    const descriptor = this.pin();
    try {
      this.markDirty();
      await descriptor.truncate(size);
    } finally {
      this.markDirty();
      this.unpin();
    }
  }

  /**
   * As `DiskFile.startWriteBack`; false also where there is none. The file is as dirty as before.
   */
  async startWriteBack(position: number, size: number): Promise<boolean> {
    const descriptor = this.pin();
    try {
      return (await descriptor.startWriteBack?.(position, size)) ?? false;
    } finally {
      this.unpin();
    }
  }

  /**
   * When it resolves, every byte whose write had returned before the call is durable, and the file
   * clean up to there.
   */
  async datasync(): Promise<void> {
    const descriptor = this.pin();
    try {
      const throughWrites = this.#writes;
      await descriptor.datasync();
      this.markClean(throughWrites);
    } finally {
      this.unpin();
    }
  }

  /**
   * The file was renamed on disk. An open descriptor stays valid; the next open uses the new path.
   */
  renamed(newPath: string): void {
    this.#path = newPath;
  }

  /**
   * Another file has the path now, with the same bytes as far as anybody asks for them: the next
   * use opens that one. A slice that holds the old descriptor goes on with it. Throws what opening
   * throws.
   */
  replaced(): void {
    const old = this.#descriptor;
    if (old === null) return;
    if (this.#pins === 0) {
      void this.#detach();
      return;
    }
    this.#descriptor = this.#disk.openSync(this.#path, 'write');
    this.#closing.keep(old);
  }

  /**
   * Waits until nothing pins the descriptor, then closes it, dirty or not: a caller that needs the
   * bytes has synced them. The next use opens it again. Rejects with what close(2) answered.
   */
  async close(): Promise<void> {
    await this.#unpinned();
    if (this.#descriptor !== null) void this.#detach();
    await this.#closing.settled();
  }

  /**
   * Closes the file for good, as for a file that is about to be unlinked, once nothing pins it: a
   * later use is a bug. If the descriptor is still open then, it is certain to be this file's,
   * whatever the file's name is, and is handed to `last` first.
   */
  async forget(last?: (file: DiskFile) => Promise<void>): Promise<void> {
    this.#forgotten = true;
    await this.#unpinned();
    if (last !== undefined && this.#descriptor !== null && this.#pins === 0) {
      const descriptor = this.pin();
      try {
        await last(descriptor);
      } finally {
        this.unpin();
      }
    }
    await this.close();
  }

  /** The pool's LRU takes the descriptor away. Resolves when it is closed. */
  evict(): Promise<void> {
    assert(this.#pins === 0, 'a pinned descriptor is never closed');
    assert(!this.isDirty, 'a descriptor with unsynced bytes is never closed by the pool');
    return this.#detach();
  }

  async #unpinned(): Promise<void> {
    while (this.#pins > 0) {
      await new Promise<void>((resolve) => {
        this.#whenUnpinned ??= [];
        this.#whenUnpinned.push(resolve);
      });
    }
  }

  #open(mode: OpenMode): DiskFile {
    assert(!this.#forgotten, `a forgotten file is not used again: ${this.#path}`);
    const descriptor = this.#disk.openSync(this.#path, mode);
    this.#descriptor = descriptor;
    this.#budget.opened(this);
    return descriptor;
  }

  #detach(): Promise<void> {
    const descriptor = this.#descriptor;
    assert(descriptor !== null, 'only an open file is closed');
    this.#descriptor = null;
    // A new descriptor is not told of write-back errors of bytes that the old one wrote.
    if (this.isDirty) this.#budget.cleaned();
    this.#cleanWrites = this.#writes;
    this.#budget.closed(this);
    return this.#closing.close(descriptor);
  }
}

function bytesOf(buffers: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const buffer of buffers) bytes += buffer.length;
  return bytes;
}

/**
 * The disk, passed in: everything the engine asks of a file system, and nothing else. The real one
 * (`node-disk.ts`) is thin; tests and simulations pass one that records, fails or loses power.
 *
 * Paths are absolute. Failures throw (or reject with) an Error whose `code` is the errno's name:
 * ENOENT, EEXIST, ENOSPC, EIO … Nothing is durable until it was synced: bytes by `datasync`, names
 * by `syncDirectory` of the folder that holds them, or both by `syncFileSystem`.
 */
export interface Disk {
  /** Opens synchronously, because a segment rolls on the append path. */
  openSync(path: string, mode: OpenMode): DiskFile;
  /** As `openSync`, on the thread pool. */
  open(path: string, mode: OpenMode): Promise<DiskFile>;
  /** Creates one folder; its parent exists. EEXIST when it is there already. */
  mkdirSync(path: string): void;
  /** As `mkdirSync`, on the thread pool. */
  mkdir(path: string): Promise<void>;
  /** Names in a folder, in no particular order. ENOENT when there is no such folder. */
  readdir(path: string): Promise<string[]>;
  /** Null when nothing has that name. */
  stat(path: string): Promise<DiskStat | null>;
  /** The whole file. ENOENT when there is none. */
  readFile(path: string): Promise<Buffer>;
  /** Reads a small file in the middle of a synchronous path, such as a sealed segment's index. */
  readFileSync(path: string): Buffer;
  /** Atomic within one file system; replaces what had the new name. Works on folders. */
  rename(from: string, to: string): Promise<void>;
  /**
   * Gives a file a second name. EEXIST when it is taken; EXDEV, EPERM, EMLINK or ENOTSUP where a
   * file cannot have two.
   */
  link(from: string, to: string): Promise<void>;
  /** Always asynchronous: unlinking gigabytes blocks for a second. */
  unlink(path: string): Promise<void>;
  /** The folder must be empty. */
  rmdir(path: string): Promise<void>;
  /** When it resolves, the names in this folder are durable. */
  syncDirectory(path: string): Promise<void>;
  /**
   * When it resolves, everything written before the call to the file system that holds `root`,
   * bytes and names, is durable (syncfs(2)). Undefined where the platform has no such call. `root`
   * is opened by `holdFileSystem`, or on the first call, and stays open: write-back errors are
   * reported from then on.
   */
  readonly syncFileSystem: ((root: string) => Promise<void>) | undefined;
  /** Opens `root` for `syncFileSystem` now, so that no write-back error from here on is missed. */
  holdFileSystem?(root: string): void;
  /** Closes what `syncFileSystem` keeps open for `root`, after the calls that are running. */
  releaseFileSystem?(root: string): void;
  /** The size of the file system that holds `path`, and how much of it is free. */
  space(path: string): Promise<DiskSpace>;
}

/** One file system. */
export interface DiskSpace {
  readonly totalBytes: number;
  /** Free for an ordinary user. */
  readonly freeBytes: number;
}

/**
 * 'create' fails with EEXIST, 'append' creates when missing, 'read' and 'write' fail with ENOENT.
 * All but 'read' can write.
 */
export type OpenMode = 'create' | 'append' | 'read' | 'write';

export interface DiskStat {
  readonly size: number;
  readonly isDirectory: boolean;
  readonly modifiedMs: number;
  /** Tells files of one disk apart, whatever their names. */
  readonly fileId: number;
  /** Names that lead to it (hard links); 1 for most files. */
  readonly links: number;
}

/**
 * One open descriptor. Positions are explicit. The caller keeps it open for as long as a sync, a
 * read or a slice that names it is queued or running: a number that was reused would sync or send
 * another file.
 */
export interface DiskFile {
  /** As it was opened; a rename does not change it. */
  readonly path: string;
  /** The descriptor for sendfile(2), or -1 where there is none (a simulated disk). */
  readonly fd: number;
  /** Bytes in the file now. */
  size(): Promise<number>;
  /** Names that lead to the file now (hard links). */
  links(): Promise<number>;
  /**
   * Writes every byte at `position`, or throws. A short write is no error in Node: the remainder is
   * written once more to learn the errno. After a throw the file may hold a part of the bytes.
   */
  writevSync(buffers: readonly Uint8Array[], position: number): void;
  /** As `writevSync`, on the thread pool. The buffers may not change until it settles. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<void>;
  /** Reads up to `into.length` bytes; returns the count, less only at the end of the file. */
  readSync(into: Uint8Array, position: number): number;
  /** As `readSync`, on the thread pool. `into` belongs to the call until it settles. */
  read(into: Uint8Array, position: number): Promise<number>;
  /**
   * The position up to which the file can be read from `position` on without waiting for the
   * device, as far as the call looked: at least `position + size` when that range is in memory, -1
   * when it is not or when that is unknown. `end` is the file's end. Undefined where the platform
   * cannot tell.
   */
  residentUntil?(position: number, size: number, end: number): number;
  /**
   * Brings the range into the page cache, as far as the file goes, on the thread pool, without a
   * copy for the caller. Undefined where reading is the only way.
   */
  load?(position: number, size: number): Promise<void>;
  /**
   * Begins to write the range to the device, on the thread pool. It promises no durability: only a
   * sync does. False where that cannot be done; the next sync reports a later failure. Undefined
   * where a sync is the only way.
   */
  startWriteBack?(position: number, size: number): Promise<boolean>;
  /** Cuts the file to `size` bytes, or extends it with zeros. */
  truncateSync(size: number): void;
  /** As `truncateSync`, on the thread pool. */
  truncate(size: number): Promise<void>;
  /** When it resolves, the bytes written before the call are durable (fdatasync(2)). */
  datasync(): Promise<void>;
  /** Syncs nothing. */
  close(): Promise<void>;
}

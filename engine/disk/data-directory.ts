import { EngineError } from '../errors.js';
import { reasonOf } from '../foreign-errors.js';
import type { Disk } from './disk.js';
import { afterWrite, NOT_STALLED, type StallState } from './stall-guard.js';

/**
 * The health of one data directory, shared by everything that writes to it. A failing disk is
 * caught here: the directory goes offline once and stays offline until a restart, because after a
 * failed sync the next sync may succeed although the bytes are lost.
 */
export class DataDirectory {
  /** Absolute. */
  readonly root: string;
  readonly disk: Disk;
  #failure: EngineError | null = null;
  #stall: StallState = NOT_STALLED;
  readonly #listeners = new Set<(failure: EngineError) => void>();

  constructor(root: string, disk: Disk) {
    this.root = root;
    this.disk = disk;
    disk.holdFileSystem?.(root);
  }

  /** Why the directory is offline, or null while it works. */
  get failure(): EngineError | null {
    return this.#failure;
  }

  /**
   * Takes the directory offline for good. `what` says what was tried, to which file: "cannot sync
   * /data/a-0/….log". Returns the error, code STORAGE_OFFLINE, that every caller gets from now on:
   * that of the first failure, when there was one before.
   */
  fail(what: string, error: unknown): EngineError {
    if (this.#failure) return this.#failure;
    const reason = reasonOf(error);
    const failure = new EngineError(
      'STORAGE_OFFLINE',
      `${this.root} is offline until a restart: ${what}: ${reason}`,
      { cause: error, path: this.root },
    );
    this.#failure = failure;
    for (const listener of this.#listeners) listener(failure);
    this.#listeners.clear();
    return failure;
  }

  /** Throws STORAGE_OFFLINE when the disk has failed. */
  assertOnline(): void {
    if (this.#failure) throw this.#failure;
  }

  /**
   * Calls `listener` once, when the directory goes offline; at once when it already is. It must not
   * throw. Returns a function that removes the listener.
   */
  onOffline(listener: (failure: EngineError) => void): () => void {
    if (this.#failure) {
      listener(this.#failure);
      return () => {};
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Closes what the disk keeps open for this directory. This is the last use of the directory. */
  close(): void {
    this.disk.releaseFileSystem?.(this.root);
  }

  /**
   * Takes in how long a write took, which was of the kind that `writesAsynchronously` asked for.
   */
  noteWrite(elapsedMs: number): void {
    this.#stall = afterWrite(this.#stall, elapsedMs);
  }

  /**
   * Whether appends go through the thread pool for now: a synchronous write stalled the loop, and
   * the disk has not recovered yet.
   */
  get writesAsynchronously(): boolean {
    return this.#stall.asynchronous;
  }
}

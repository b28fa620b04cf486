import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { Disk, OpenMode } from './disk.js';
import { hasErrno } from './errno.js';
import { heldName } from './file-names.js';

/** What Windows answers when somebody, be it a virus scanner, has the file open. */
const HELD = ['EPERM', 'EACCES', 'EBUSY'];

/** What Windows answers to a sync of a folder, for which it has no call. */
const NO_FOLDER_SYNC = ['EPERM', 'EACCES', 'EISDIR', 'EBADF', 'EINVAL'];

/**
 * A disk that bears what Windows refuses. A rename onto a file that is open first moves that file
 * out of the way; what somebody else holds for a moment is tried again, for `heldFileWaitMs`; and a
 * sync of a folder, which Windows has not, does nothing (docs/durability.md says what holds there).
 */
export class HeldFilesDisk implements Disk {
  readonly #disk: Disk;
  readonly #clock: Pick<Clock, 'monotonicMs' | 'schedule'>;
  #moved = 0;

  constructor(disk: Disk, clock: Pick<Clock, 'monotonicMs' | 'schedule'>) {
    this.#disk = disk;
    this.#clock = clock;
  }

  openSync(path: string, mode: OpenMode): ReturnType<Disk['openSync']> {
    return this.#disk.openSync(path, mode);
  }

  open(path: string, mode: OpenMode): ReturnType<Disk['open']> {
    return this.#patiently(() => this.#disk.open(path, mode));
  }

  mkdirSync(path: string): void {
    this.#disk.mkdirSync(path);
  }

  mkdir(path: string): Promise<void> {
    return this.#disk.mkdir(path);
  }

  readdir(path: string): ReturnType<Disk['readdir']> {
    return this.#disk.readdir(path);
  }

  stat(path: string): ReturnType<Disk['stat']> {
    return this.#disk.stat(path);
  }

  readFile(path: string): ReturnType<Disk['readFile']> {
    return this.#disk.readFile(path);
  }

  readFileSync(path: string): Buffer {
    return this.#disk.readFileSync(path);
  }

  async rename(from: string, to: string): Promise<void> {
    try {
      await this.#disk.rename(from, to);
    } catch (error) {
      if (!isHeld(error)) throw error;
      await this.#moveAway(to);
      await this.#patiently(() => this.#disk.rename(from, to));
    }
  }

  link(from: string, to: string): Promise<void> {
    return this.#disk.link(from, to);
  }

  unlink(path: string): Promise<void> {
    return this.#patiently(() => this.#disk.unlink(path));
  }

  rmdir(path: string): Promise<void> {
    return this.#patiently(() => this.#disk.rmdir(path));
  }

  async syncDirectory(path: string): Promise<void> {
    try {
      await this.#disk.syncDirectory(path);
    } catch (error) {
      if (!NO_FOLDER_SYNC.some((code) => hasErrno(error, code))) throw error;
    }
  }

  get syncFileSystem(): Disk['syncFileSystem'] {
    return this.#disk.syncFileSystem;
  }

  holdFileSystem(root: string): void {
    this.#disk.holdFileSystem?.(root);
  }

  releaseFileSystem(root: string): void {
    this.#disk.releaseFileSystem?.(root);
  }

  space(path: string): ReturnType<Disk['space']> {
    return this.#disk.space(path);
  }

  /**
   * An open file can be renamed, though not replaced. It goes as soon as it is let go; what a crash
   * leaves of it, the next open removes.
   */
  async #moveAway(path: string): Promise<void> {
    const found = await this.#disk.stat(path);
    if (found === null || found.isDirectory) return;
    const aside = heldName(path, ++this.#moved);
    await this.#disk.rename(path, aside).then(
      () => void this.#patiently(() => this.#disk.unlink(aside)).catch(() => {}),
      () => {},
    );
  }

  async #patiently<Result>(run: () => Promise<Result>): Promise<Result> {
    const until = this.#clock.monotonicMs() + LIMITS.heldFileWaitMs;
    for (let delayMs = 1; ; delayMs = Math.min(2 * delayMs, LIMITS.heldFileRetryMsMax)) {
      try {
        return await run();
      } catch (error) {
        if (!isHeld(error) || this.#clock.monotonicMs() >= until) throw error;
      }
      await new Promise<void>((resolve) => void this.#clock.schedule(delayMs, resolve));
    }
  }
}

function isHeld(error: unknown): boolean {
  return HELD.some((code) => hasErrno(error, code));
}

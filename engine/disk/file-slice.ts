import { assert } from '../assert.js';
import type { DiskFile } from './disk.js';
import type { LogFile } from './log-file.js';

export interface FileSliceOptions {
  /** Where the file ends, for looks ahead; the slice's end by default. */
  readonly fileEnd?: number;
  /** The error that a caller gets for a failed read. */
  readonly failure?: (error: unknown) => unknown;
}

/** A file ends before a slice of it does. */
export class FileCutShort extends Error {
  /** Where the file ends. */
  readonly position: number;

  constructor(position: number) {
    super(`the file ends at byte ${position}, within what is read of it`);
    this.position = position;
  }
}

/**
 * A range of a log file, which a read returns instead of bytes, so that sendfile(2) can move them.
 *
 * It holds one pin on its file, hence a valid descriptor, until its owner calls `release`, exactly
 * the one that the read handed it to. Unlinking the file meanwhile is harmless; cutting it below
 * the slice's end is not, and then fewer bytes arrive than `size`.
 */
export class FileSlice {
  /** First byte in the file. */
  readonly position: number;
  /** Bytes. */
  readonly size: number;
  /** The descriptor, valid until `release`. */
  readonly file: DiskFile;
  readonly #source: LogFile;
  readonly #fileEnd: number;
  readonly #failure: (error: unknown) => unknown;
  #released = false;

  /** Pins `source`; throws what opening it throws. */
  constructor(source: LogFile, position: number, size: number, options: FileSliceOptions = {}) {
    assert(position >= 0 && size >= 0, 'a slice lies inside its file');
    this.#source = source;
    this.position = position;
    this.size = size;
    this.#fileEnd = options.fileEnd ?? position + size;
    this.#failure = options.failure ?? ((error) => error);
    this.file = source.pin();
  }

  /**
   * Reads into `into`, from byte `at` of the slice on; never beyond the slice's end. Returns the
   * count: 0 at the end, less than asked only there or where the file was cut.
   */
  async read(into: Buffer, at: number): Promise<number> {
    const wanted = this.#within(into, at);
    if (wanted.length === 0) return 0;
    try {
      return await this.#source.read(wanted, this.position + at);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /** As `read`, synchronously. */
  readSync(into: Buffer, at: number): number {
    const wanted = this.#within(into, at);
    if (wanted.length === 0) return 0;
    try {
      return this.#source.readSync(wanted, this.position + at);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * Whether `count` bytes from byte `at` of the slice on can be read, or sent, without waiting for
   * the disk. False when that is unknown.
   */
  isResident(at: number, count: number): boolean {
    return this.#source.isResident(this.position + at, count, this.#fileEnd);
  }

  /**
   * Brings these bytes into the page cache, off the event loop, when they come to the front of the
   * queue; not if `isWanted` says no then. The slice may not be released before it settles. It
   * rejects as `read` does.
   */
  async warm(at: number, count: number, isWanted: () => boolean): Promise<void> {
    try {
      await this.#source.warm(this.position + at, count, this.#fileEnd, isWanted);
    } catch (error) {
      throw this.#failure(error);
    }
  }

  /**
   * The whole slice in memory, in a new buffer. Shorter than `size` only where the file was cut.
   */
  async bytes(): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(this.size);
    return bytes.subarray(0, await this.read(bytes, 0));
  }

  /**
   * The error for a caller whose read of byte `at` of the slice came back short. The log looks at
   * its file then.
   */
  cutShortAt(at: number): unknown {
    return this.#failure(new FileCutShort(this.position + at));
  }

  /**
   * Gives the descriptor back. A read that is running finishes first; a second call does nothing.
   */
  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#source.unpin();
  }

  #within(into: Buffer, at: number): Buffer {
    assert(!this.#released, 'a released slice is not read');
    assert(at >= 0 && at <= this.size, 'a read begins inside its slice');
    return into.length <= this.size - at ? into : into.subarray(0, this.size - at);
  }
}

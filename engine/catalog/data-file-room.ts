import type { FileHandle } from 'node:fs/promises';
import { LIMITS } from '../limits.js';

const ZEROS = Buffer.alloc(LIMITS.catalogStepBytesMin);

/**
 * Grows LMDB's data file ahead of its commits, by writing zeros behind its end, so that a full disk
 * fails here, with an errno and nothing changed. Inside LMDB a full disk overruns a buffer (lmdb
 * 3.5.6, the message after a failed page write) and may abort the process. Never called while a
 * commit runs.
 */
export class DataFileRoom {
  readonly #file: FileHandle;
  #fileBytes: number;

  /** `fileBytes`: the file's size now. Takes over the handle. */
  constructor(file: FileHandle, fileBytes: number) {
    this.#file = file;
    this.#fileBytes = fileBytes;
  }

  /**
   * When it resolves, the file has at least `wantedBytes`; rejects with the errno of the write that
   * failed.
   */
  async ensure(wantedBytes: number): Promise<void> {
    if (wantedBytes <= this.#fileBytes) return;
    const step = Math.max(
      LIMITS.catalogStepBytesMin,
      Math.floor(this.#fileBytes * LIMITS.catalogStepShare),
    );
    // Whole steps, so that the file ends with a page.
    const end =
      Math.ceil((wantedBytes + step) / LIMITS.catalogStepBytesMin) * LIMITS.catalogStepBytesMin;
    while (this.#fileBytes < end) {
      const count = Math.min(ZEROS.length, end - this.#fileBytes);
      // A short write is no error; the next round learns the errno.
      const { bytesWritten } = await this.#file.write(ZEROS, 0, count, this.#fileBytes);
      this.#fileBytes += bytesWritten;
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

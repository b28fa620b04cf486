import type { FileHandle } from 'node:fs/promises';
import { LIMITS } from '../limits.js';

const { catalogBlockBytes: BLOCK_BYTES } = LIMITS;

/**
 * The pages of an LMDB data file, read by their numbers. The file must not be written to meanwhile.
 */
export class DataFilePages {
  readonly pageSize: number;
  /** Whole pages of the file. */
  readonly count: number;
  readonly #file: FileHandle;
  readonly #blocks = new Map<number, Buffer>();

  constructor(file: FileHandle, pageSize: number, fileBytes: number) {
    this.#file = file;
    this.pageSize = pageSize;
    this.count = Math.floor(fileBytes / pageSize);
  }

  /** The bytes of a page below `count`. They stay as they are; the caller does not change them. */
  async read(page: number): Promise<Buffer> {
    const perBlock = BLOCK_BYTES / this.pageSize;
    const number = Math.floor(page / perBlock);
    const block = this.#blocks.get(number) ?? (await this.#load(number));
    const at = (page % perBlock) * this.pageSize;
    return block.subarray(at, at + this.pageSize);
  }

  async #load(number: number): Promise<Buffer> {
    const block = Buffer.alloc(BLOCK_BYTES);
    for (let filled = 0; filled < BLOCK_BYTES; ) {
      const position = number * BLOCK_BYTES + filled;
      const { bytesRead } = await this.#file.read(block, filled, BLOCK_BYTES - filled, position);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    if (this.#blocks.size >= LIMITS.catalogBlocksMax) {
      const [oldest] = this.#blocks.keys();
      this.#blocks.delete(oldest!);
    }
    this.#blocks.set(number, block);
    return block;
  }
}

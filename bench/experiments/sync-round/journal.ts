import {
  closeSync,
  constants,
  fdatasync,
  fdatasyncSync,
  openSync,
  unlinkSync,
  write,
  writeSync,
  writevSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { ExtraCalls } from './calls.js';

const fdatasyncAsync = promisify(fdatasync);
const writeAsync = promisify(write);

/** How the journal's file is laid out, and what makes a record of it durable. */
export const JOURNAL_KINDS = {
  grown: { room: 'none', flags: 0 },
  allocated: { room: 'allocated', flags: 0 },
  zeroed: { room: 'zeroed', flags: 0 },
  'zeroed, O_DSYNC': { room: 'zeroed', flags: constants.O_DSYNC },
  'zeroed, O_DIRECT': { room: 'zeroed', flags: constants.O_DSYNC | constants.O_DIRECT },
} as const satisfies Record<string, { room: 'none' | 'allocated' | 'zeroed'; flags: number }>;

export type JournalKind = keyof typeof JOURNAL_KINDS;

const JOURNAL_BYTES = 128 * 1024 * 1024;
const BLOCK_BYTES = 4096;
const HEADER_BYTES = 64;
const WASM_PAGE_BYTES = 65_536;

/** Its type is the browser's library's, which this project does without. */
const { WebAssembly } = globalThis as unknown as {
  readonly WebAssembly: {
    readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  };
};

/**
 * One file that takes what all partitions got in a round, in one record of whole blocks, and is
 * written again from its beginning when it is full. It measures; it cannot be recovered from.
 */
export class Journal {
  readonly #fd: number;
  readonly #path: string;
  readonly #kind: JournalKind;
  readonly #header = Buffer.alloc(HEADER_BYTES, 7);
  readonly #block = Buffer.alloc(BLOCK_BYTES);
  /** Memory of WebAssembly begins at a page, as O_DIRECT asks. */
  #aligned = new Uint8Array(0);
  #position = 0;

  constructor(folder: string, kind: JournalKind, calls: ExtraCalls) {
    const { room, flags } = JOURNAL_KINDS[kind];
    this.#kind = kind;
    this.#path = join(folder, 'journal');
    const fd = openSync(this.#path, 'w');
    if (room !== 'none') calls.fallocate(fd, JOURNAL_BYTES, false);
    if (room === 'zeroed') {
      const zeros = Buffer.alloc(1024 * 1024);
      for (let at = 0; at < JOURNAL_BYTES; at += zeros.length) {
        writeSync(fd, zeros, 0, zeros.length, at);
      }
    }
    fdatasyncSync(fd);
    closeSync(fd);
    this.#fd = openSync(this.#path, constants.O_WRONLY | flags);
  }

  /** Resolves when the record is on the disk. Returns its size in the journal. */
  async append(payload: readonly Uint8Array[]): Promise<number> {
    let size = HEADER_BYTES;
    for (const bytes of payload) size += bytes.length;
    const padding = (BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES;
    const whole = size + padding;
    if (this.#position + whole > JOURNAL_BYTES) this.#position = 0;
    const position = this.#position;
    this.#position += whole;
    if (this.#kind === 'zeroed, O_DIRECT') {
      await writeAsync(this.#fd, this.#gather(payload, whole), 0, whole, position);
    } else if (this.#kind === 'zeroed, O_DSYNC') {
      const record = Buffer.concat([this.#header, ...payload], whole);
      await writeAsync(this.#fd, record, 0, whole, position);
    } else {
      const buffers = [this.#header, ...payload, this.#block.subarray(0, padding)];
      writevSync(this.#fd, buffers, position);
      await fdatasyncAsync(this.#fd);
    }
    return whole;
  }

  #gather(payload: readonly Uint8Array[], size: number): Uint8Array {
    if (this.#aligned.length < size) {
      const initial = Math.ceil(size / WASM_PAGE_BYTES);
      this.#aligned = new Uint8Array(new WebAssembly.Memory({ initial }).buffer);
    }
    this.#aligned.set(this.#header, 0);
    let at = HEADER_BYTES;
    for (const bytes of payload) {
      this.#aligned.set(bytes, at);
      at += bytes.length;
    }
    return this.#aligned;
  }

  close(): void {
    closeSync(this.#fd);
    unlinkSync(this.#path);
  }
}

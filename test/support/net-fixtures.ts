import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { ManualClock } from '../../engine/manual-clock.js';
import { type Random, seededRandom } from '../../engine/random.js';
import type { Dispatcher } from '../../server/net/dispatcher.js';
import { FrameParser } from '../../server/net/receiving/framing.js';
import type { FilePart } from '../../server/net/sending/response-writer.js';
import type { Socket } from '../../server/net/transport/network.js';

/**
 * A frame with its size prefix: a tag in its first four bytes, then as many bytes as asked, made
 * from the tag.
 */
export function taggedFrame(tag: number, size: number): Buffer {
  const bytes = Buffer.alloc(4 + size, tag & 0xff);
  bytes.writeInt32BE(size, 0);
  bytes.writeInt32BE(tag, 4);
  return bytes;
}

/** The tag of a frame without its prefix. */
export function tagOf(frame: Buffer): number {
  return frame.readInt32BE(0);
}

/** Answers each frame with itself. */
export const echo: Dispatcher = {
  mode: () => 'pipelined',
  isDoneWithFrame: () => false,
  hasElements: () => false,
  dispatch: async (frame) => {
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(frame.length);
    return [prefix, frame];
  },
};

/** The client's side of a connection: collects the frames that come back, and how it ended. */
export class FrameClient {
  readonly socket: Socket;
  readonly frames: Buffer[] = [];
  ended = false;
  closed = false;
  error: Error | null = null;
  #changed: (() => void)[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    const parser = new FrameParser({
      sizeMin: 0,
      sizeMax: 2 ** 31 - 1,
      allocateAtOnceBytes: 1024 * 1024,
    });
    const change = (): void => {
      const waiting = this.#changed;
      this.#changed = [];
      for (const wake of waiting) wake();
    };
    socket.setHandler({
      receiveInto: () => parser.receiveInto(),
      onData: (chunk) => {
        parser.push(chunk, (frame) => this.frames.push(frame));
        change();
      },
      onEnd: () => {
        this.ended = true;
        socket.end();
        change();
      },
      onDrain: () => {},
      onClose: (error) => {
        this.closed = true;
        this.error = error;
        change();
      },
    });
  }

  send(...buffers: Buffer[]): void {
    this.socket.write(buffers);
  }

  /** Resolves when `count` frames have come; rejects if the connection ends before. */
  async receive(count: number): Promise<Buffer[]> {
    await this.until(() => this.frames.length >= count);
    return this.frames.slice(0, count);
  }

  /** Resolves when the connection is gone. */
  async whenClosed(): Promise<void> {
    while (!this.closed) await new Promise<void>((wake) => this.#changed.push(wake));
  }

  async until(reached: () => boolean): Promise<void> {
    while (!reached()) {
      if (this.closed) throw new Error(`closed after ${this.frames.length} frames`);
      await new Promise<void>((wake) => this.#changed.push(wake));
    }
  }
}

/** Lets the event loop and a manual clock go on together until something is reached. */
export async function runUntil(
  clock: ManualClock,
  reached: () => boolean,
  stepMs = 1,
): Promise<void> {
  for (let step = 0; !reached(); step++) {
    if (step > 200_000) throw new Error('not reached');
    await new Promise<void>((resume) => setImmediate(resume));
    clock.advance(stepMs);
  }
}

/** A temporary file of seeded bytes, and slices of it that count how often they are released. */
export class SliceFile {
  readonly content: Buffer;
  readonly fd: number;
  readonly #folder: string;
  released = 0;
  /** Slices not released. */
  open = 0;

  constructor(size: number, random: Random = seededRandom(1)) {
    this.content = random.fill(Buffer.alloc(size));
    this.#folder = mkdtempSync(join(tmpdir(), 'odradek-slices-'));
    const path = join(this.#folder, 'content');
    writeFileSync(path, this.content);
    this.fd = openSync(path, 'r');
  }

  slice(position: number, size: number): FilePart {
    this.open += 1;
    let live = true;
    const readSlice = (into: Buffer, at: number): number => {
      if (!live) throw new Error('read after release');
      const count = Math.min(into.length, size - at);
      return readSync(this.fd, into, 0, count, position + at);
    };
    return {
      size,
      position,
      file: { fd: this.fd },
      readSync: readSlice,
      read: async (into, at) => {
        await new Promise<void>((resume) => setImmediate(resume));
        return readSlice(into, at);
      },
      isResident: () => true,
      warm: async () => {},
      cutShortAt: (at) => new Error(`cut short at ${at}`),
      release: () => {
        if (!live) throw new Error('released twice');
        live = false;
        this.open -= 1;
        this.released += 1;
      },
    };
  }

  close(): void {
    closeSync(this.fd);
    rmSync(this.#folder, { recursive: true });
  }
}

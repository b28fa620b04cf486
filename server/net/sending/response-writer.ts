import { constants } from 'node:os';
import { types } from 'node:util';

import type { ServerLimits } from '../../limits.js';
import { Fifo } from '../fifo.js';
import type { Socket } from '../transport/network.js';
import type { Turn } from '../turn.js';
import { TurnAllowance } from '../turn-allowance.js';
import { ChunkPool } from './chunk-pool.js';
import type { FileTurns } from './file-turns.js';

/**
 * A range of a file that is sent as it is. The slice keeps its file open until it is released; the
 * writer releases each slice exactly once, sent or not. The range may be unlinked meanwhile, but
 * not truncated.
 */
export interface FilePart {
  /** Bytes in the range. */
  readonly size: number;
  /** Where it starts in the file. */
  readonly position: number;
  /** `fd` is the open descriptor, or -1 where there is none (a simulated disk). */
  readonly file: { readonly fd: number };
  /**
   * Fills `into` from byte `at` of the range; resolves with the count, less only at the end of the
   * file.
   */
  read(into: Buffer, at: number): Promise<number>;
  readSync(into: Buffer, at: number): number;
  /**
   * Whether `count` bytes from byte `at` of the range on can be read or sent without waiting for
   * the disk.
   */
  isResident(at: number, count: number): boolean;
  /**
   * Brings these bytes into memory on another thread. Reads nothing if `isWanted` says no at the
   * front of the queue. The slice must not be released before it settles.
   */
  warm(at: number, count: number, isWanted: () => boolean): Promise<void>;
  /** The error for a file that ends before byte `at` of the range. */
  cutShortAt(at: number): unknown;
  release(): void;
}

/** A piece of a response. The first one begins with the size prefix. */
export type ResponsePart = Buffer | FilePart;

export interface WriterEvents {
  /** More bytes were sent, or all: ask for `pendingBytes` again. */
  onProgress(): void;
  /** A slice could not be read whole. The framing is lost: the socket must be destroyed. */
  onFailed(error: Error): void;
  /** The client has left while a slice was on its way: the socket must be destroyed. */
  onGone(): void;
}

/** The turns that all writers of a broker share. */
export interface WriterTurns {
  readonly turn: Turn;
  readonly files: FileTurns;
}

const EAGAIN = -constants.errno.EAGAIN;
const EIO = -constants.errno.EIO;
/** Error numbers of a send when the client, or the socket itself, is gone. */
const GONE: ReadonlySet<number> = new Set(
  [constants.errno.ENOTCONN, constants.errno.EPIPE, constants.errno.ECONNRESET].map((no) => -no),
);

const chunks = new ChunkPool();

/**
 * Writes response parts to one socket, in order. Neighbouring buffers leave in one write. A small
 * slice that is in memory is read synchronously and joins its neighbours. A larger one goes by
 * sendfile, and where that is missing by reading and writing chunks. Neither ever waits for the
 * disk here: bytes that are not in memory are brought there first, or read, on another thread.
 *
 * How a slice is sent without ever mixing its bytes with others:
 *
 * 1. Nothing else is written while a slice is on its way, and it starts only when nothing is queued
 *    on the socket.
 * 2. sendfile takes the descriptor of the socket afresh for every call, and an explicit position in
 *    the file.
 * 3. Bytes that are not in memory are warmed before 2, as many as one turn sends, and only just
 *    before they are sent: a client that does not read costs neither a thread nor memory.
 * 4. Socket full: a small chunk of the file is read and written. libuv waits for room; its drain
 *    goes on with 3.
 * 5. The end of the file, or any other error: the socket is destroyed, because a promised size
 *    cannot be taken back.
 *
 * About `turnBytesMax` leave per turn of the event loop, and of files as many bytes as `files`
 * deals out; the rest follows in later turns, so that other connections are served in between.
 */
export class ResponseWriter {
  readonly #socket: Socket;
  readonly #limits: ServerLimits;
  readonly #turn: Turn;
  readonly #files: FileTurns;
  readonly #allowance: TurnAllowance;
  readonly #events: WriterEvents;
  readonly #parts = new Fifo<ResponsePart>();
  #bufferBytes = 0;
  /** The slice on its way and how much of it has been handed over. */
  #slice: FilePart | null = null;
  #sliceSent = 0;
  /**
   * The end of the bytes of the slice that were found in memory, or brought there; valid while it
   * is sent without a pause.
   */
  #sliceReady = 0;
  #isBulky = false;
  /** Whether another thread reads for the slice on its way. */
  #reading = false;
  #chunk: Buffer | null = null;
  #waitingTurn = false;
  #disposed = false;
  readonly #onTurn = (): void => {
    this.#waitingTurn = false;
    if (this.#disposed) return;
    this.run();
    this.#events.onProgress();
  };

  constructor(socket: Socket, limits: ServerLimits, turns: WriterTurns, events: WriterEvents) {
    this.#socket = socket;
    this.#limits = limits;
    this.#turn = turns.turn;
    this.#files = turns.files;
    this.#allowance = new TurnAllowance(turns.turn, limits.turnBytesMax);
    this.#events = events;
  }

  /**
   * Bytes of memory that wait here or in the socket. Slices are files, and count only while they
   * are copied.
   */
  get pendingBytes(): number {
    return this.#bufferBytes + this.#socket.queuedBytes;
  }

  /** Whether the last answer had a slice that is too large to leave with its neighbours. */
  get isBulky(): boolean {
    return this.#isBulky;
  }

  /** Whether everything has been taken by the kernel. */
  get idle(): boolean {
    return this.#slice === null && this.#parts.length === 0 && this.#socket.queuedBytes === 0;
  }

  /** Appends the parts of one answer, which now belong to the writer. Call `run` to send. */
  push(parts: readonly ResponsePart[]): void {
    this.#isBulky = false;
    for (const part of parts) {
      if (this.#disposed) {
        if (!Buffer.isBuffer(part)) part.release();
        continue;
      }
      if (Buffer.isBuffer(part)) this.#bufferBytes += part.length;
      else if (part.size > this.#limits.sliceReadAtOnceBytes) this.#isBulky = true;
      this.#parts.push(part);
    }
  }

  /** Sends what can be sent now. Harmless at any time. */
  run(): void {
    while (!this.#disposed && !this.#reading && !this.#waitingTurn) {
      if (this.#socket.queuedBytes > 0) return;
      if (this.#slice === null && this.#parts.length === 0) return;
      const allowance = this.#allowance.left;
      if (allowance <= 0) {
        this.#waitTurn();
        return;
      }
      if (this.#slice) this.#sendSlice(this.#slice, allowance);
      else this.#sendBuffers(allowance);
    }
  }

  /** The socket's queue is empty: goes on, if something is left. */
  drained(): void {
    if (this.#chunk && !this.#reading) this.#dropChunk();
    // The client decides how long that takes.
    this.#sliceReady = this.#sliceSent;
    this.run();
    this.#events.onProgress();
  }

  /** Releases every slice that was not sent. Nothing is written any more. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    // A read that is running still needs the descriptor; it releases the slice when it settles.
    if (!this.#reading) {
      this.#releaseSlice();
      // The socket may still read the chunk.
      if (this.#chunk) chunks.lose(this.#chunk);
      this.#chunk = null;
    }
    for (const part of this.#parts) if (!Buffer.isBuffer(part)) part.release();
    this.#parts.clear();
    this.#bufferBytes = 0;
  }

  #sendBuffers(allowance: number): void {
    const { sliceReadAtOnceBytes } = this.#limits;
    const buffers: Buffer[] = [];
    let bytes = 0;
    while (bytes < allowance) {
      const part = this.#parts.peek();
      if (!part) break;
      if (Buffer.isBuffer(part)) {
        this.#bufferBytes -= part.length;
        buffers.push(part);
        bytes += part.length;
      } else {
        const isSmall = part.size <= sliceReadAtOnceBytes && this.#isResident(part, 0, part.size);
        if (this.#disposed) return;
        if (!isSmall) {
          if (buffers.length === 0) this.#slice = part;
          break;
        }
        const content = this.#readSmall(part);
        if (!content) return;
        buffers.push(content);
        bytes += content.length;
      }
      this.#parts.drop();
    }
    if (buffers.length > 0) {
      this.#allowance.spend(bytes);
      this.#socket.write(buffers);
    } else if (this.#slice) {
      this.#parts.drop();
    }
  }

  /** Null after a failure; the slice is then still in the list and is released with it. */
  #readSmall(part: FilePart): Buffer | null {
    const content = Buffer.allocUnsafe(part.size);
    try {
      if (part.readSync(content, 0) < part.size) throw part.cutShortAt(0);
    } catch (error) {
      this.#fail(error);
      return null;
    }
    part.release();
    return content;
  }

  #sendSlice(slice: FilePart, allowance: number): void {
    const files = this.#files.leftBytes;
    if (files <= 0) {
      this.#waitingTurn = true;
      this.#files.wait(this.#onTurn);
      return;
    }
    const left = slice.size - this.#sliceSent;
    if (!this.#socket.sendFile || slice.file.fd < 0) {
      this.#copy(slice, Math.min(left, files, this.#limits.copyChunkBytes));
      return;
    }
    if (this.#sliceReady <= this.#sliceSent) {
      const count = Math.min(left, allowance);
      const isResident = this.#isResident(slice, this.#sliceSent, count);
      if (this.#disposed) return;
      if (!isResident) {
        this.#warm(slice, count);
        return;
      }
      this.#sliceReady = this.#sliceSent + count;
    }
    this.#sendFile(slice, Math.min(this.#sliceReady - this.#sliceSent, allowance, files));
  }

  #sendFile(slice: FilePart, count: number): void {
    const position = slice.position + this.#sliceSent;
    const sent = this.#socket.sendFile!(slice.file.fd, position, count);
    if (sent > 0) this.#advance(slice, sent);
    // An error of the disk: a read tells more of it, and reports it to the disk's owner.
    else if (sent === EAGAIN || sent === EIO) {
      this.#copy(slice, Math.min(count, this.#limits.sendfileNudgeBytes));
    } else if (sent === 0) this.#fail(slice.cutShortAt(this.#sliceSent));
    else if (GONE.has(sent)) {
      this.dispose();
      this.#events.onGone();
    } else this.#fail(new Error(`sendfile failed with errno ${-sent}`));
  }

  /** As the slice says; false after a failure, which has ended everything. */
  #isResident(slice: FilePart, at: number, count: number): boolean {
    try {
      return slice.isResident(at, count);
    } catch (error) {
      this.#fail(error);
      return false;
    }
  }

  #warm(slice: FilePart, count: number): void {
    this.#reading = true;
    const settle = (error: unknown): void => {
      this.#reading = false;
      if (this.#disposed) this.#releaseSlice();
      else if (error !== null) this.#fail(error);
      else {
        // The range is not asked for again: where it is unknown what is in memory, the answer would
        // be the same.
        this.#sliceReady = this.#sliceSent + count;
        this.run();
        this.#events.onProgress();
      }
    };
    slice
      .warm(this.#sliceSent, count, () => !this.#disposed)
      .then(
        () => settle(null),
        (error: unknown) => settle(error),
      );
  }

  #copy(slice: FilePart, count: number): void {
    const isResident = this.#isResident(slice, this.#sliceSent, count);
    if (this.#disposed) return;
    this.#chunk = chunks.take(count);
    // The chunk is smaller than asked for where many connections hold chunks already.
    const into = this.#chunk.subarray(0, Math.min(count, this.#chunk.length));
    if (isResident) {
      this.#copyNow(slice, into);
      return;
    }
    this.#reading = true;
    const settle = (read: number, error: unknown): void => {
      this.#reading = false;
      if (this.#disposed) {
        this.#releaseSlice();
        this.#dropChunk();
      } else if (error !== null) this.#fail(error);
      else if (this.#writeChunk(slice, into, read)) this.drained();
    };
    slice.read(into, this.#sliceSent).then(
      (read) => settle(read, null),
      (error: unknown) => settle(0, error),
    );
  }

  #copyNow(slice: FilePart, into: Buffer): void {
    try {
      const read = slice.readSync(into, this.#sliceSent);
      if (this.#writeChunk(slice, into, read)) this.#dropChunk();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Whether the kernel took all of it; if not, it stays where it is until `drained`. */
  #writeChunk(slice: FilePart, into: Buffer, read: number): boolean {
    if (read <= 0) {
      this.#fail(slice.cutShortAt(this.#sliceSent));
      return false;
    }
    const taken = this.#socket.write([into.subarray(0, read)]);
    this.#advance(slice, read);
    return taken;
  }

  #advance(slice: FilePart, bytes: number): void {
    this.#allowance.spend(bytes);
    this.#files.spend(bytes);
    this.#sliceSent += bytes;
    if (this.#sliceSent === slice.size) this.#releaseSlice();
  }

  #releaseSlice(): void {
    this.#slice?.release();
    this.#slice = null;
    this.#sliceSent = 0;
    this.#sliceReady = 0;
  }

  #dropChunk(): void {
    if (this.#chunk) chunks.give(this.#chunk);
    this.#chunk = null;
  }

  #waitTurn(): void {
    this.#waitingTurn = true;
    this.#turn.next(this.#onTurn);
  }

  #fail(error: unknown): void {
    this.dispose();
    this.#events.onFailed(types.isNativeError(error) ? error : new Error(String(error)));
  }
}

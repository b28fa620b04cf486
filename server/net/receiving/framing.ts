import { SERVER_LIMITS } from '../../limits.js';
import { foreignAdvice, foreignProtocol } from './foreign-protocol.js';
import { FrameMemory, type Slab } from './frame-memory.js';

/** The size prefix of a frame: a signed 32-bit integer, big-endian, that does not count itself. */
export const FRAME_PREFIX_BYTES = 4;

/** The smallest request: api key, api version and correlation id of request header version 0. */
export const REQUEST_BYTES_MIN = 8;

const NOTHING_LENT = new FrameMemory(0);

/** The stream cannot be cut into frames any more; the connection must end. */
export class FramingError extends Error {
  override name = 'FramingError';
  /** The announced size. */
  readonly size: number;
  /** The protocol whose bytes these are; null where that is not known. */
  readonly foreign: string | null;

  constructor(size: number, sizeMin: number, sizeMax: number) {
    const foreign = foreignProtocol(size);
    const advice = foreign === null ? '' : `; ${foreignAdvice(foreign)}`;
    super(`frame size ${size} is outside ${sizeMin} to ${sizeMax}${advice}`);
    this.size = size;
    this.foreign = foreign;
  }
}

export interface FramingLimits {
  /** Smallest size of a frame, inclusive, without its prefix. */
  readonly sizeMin: number;
  /** Largest, inclusive. */
  readonly sizeMax: number;
  /** Up to this size a frame's buffer is allocated whole. */
  readonly allocateAtOnceBytes: number;
}

/**
 * Gets a frame without its prefix, and the slab that it lies in, which the receiver releases when
 * it does not use the frame any more. Without a slab the bytes belong to the receiver for good.
 */
export type OnFrame = (frame: Buffer, slab: Slab | null) => void;

/**
 * Cuts a byte stream into length-prefixed frames. While few bytes arrive, frames are copied out of
 * the chunk. While many arrive, reads go into a slab of this stream, and frames stay where they
 * arrived:
 *
 * ```
 * slab    | A | B | C | start of D |  room for the next read  |
 *           └───┴───┴ frames, each of which holds the slab
 * ```
 *
 * Only a frame that does not fit behind its predecessors moves, into the next slab. Nothing is
 * allocated for a size that was only announced.
 */
export class FrameParser {
  readonly #limits: FramingLimits;
  readonly #memory: FrameMemory;
  /** Prefix bytes of a frame that began in a chunk, and the number they spell so far. */
  #prefixBytes = 0;
  #prefix = 0;
  /** Size of that frame, once its prefix is complete; -1 before. */
  #size = -1;
  #body: Buffer | null = null;
  #filled = 0;
  /**
   * The slab that reads go into while many bytes arrive. From `begin` (inclusive) to `end`
   * (exclusive) it holds the beginning of a frame.
   */
  #slab: Slab | null = null;
  #begin = 0;
  #end = 0;

  /** Without `memory` every frame owns its bytes for good. */
  constructor(limits: FramingLimits, memory = NOTHING_LENT) {
    this.#limits = limits;
    this.#memory = memory;
  }

  /** Bytes held of a frame that is not complete, its prefix included. 0 exactly between frames. */
  get partialBytes(): number {
    return this.#prefixBytes + this.#filled + this.#end - this.#begin;
  }

  /**
   * Memory for the next read, valid until the next `push`; null for the memory that all connections
   * share.
   */
  receiveInto(): Buffer | null {
    if (this.#slab === null) return null;
    return this.#makeRoom(this.#slab).bytes.subarray(this.#end);
  }

  /**
   * Takes the next bytes of the stream and calls `onFrame` with each frame that they complete, in
   * order. `chunk` is not kept, unless it lies where `receiveInto` said. Throws FramingError after
   * the frames before the bad one; the parser must not be used from then on.
   */
  push(chunk: Buffer, onFrame: OnFrame): void {
    if (this.#slab !== null && isAt(chunk, this.#slab.bytes, this.#end)) {
      this.#end += chunk.length;
      this.#cutSlab(this.#slab, onFrame);
      if (this.#begin === this.#end && !this.#staysBusy(chunk.length)) this.close();
      return;
    }
    const from = this.#continue(chunk, onFrame);
    const rest = this.#cutChunk(chunk, from, onFrame);
    if (rest < chunk.length) this.#beginFrame(chunk, rest);
    else if (rest - from >= SERVER_LIMITS.frameInPlaceBytesMin && this.#memory.mayBeKept)
      this.#open(SERVER_LIMITS.frameSlabBytes);
  }

  /** Called between frames: whether to keep the slab for the next read. */
  #staysBusy(readBytes: number): boolean {
    return (
      readBytes >= SERVER_LIMITS.frameInPlaceBytesMin &&
      this.#slab!.isLent &&
      this.#memory.mayBeKept
    );
  }

  /**
   * Gives back the memory that reads go to; nothing may be received into it any more. Frames handed
   * out stay valid.
   */
  close(): void {
    this.#slab?.release();
    this.#slab = null;
    this.#begin = 0;
    this.#end = 0;
  }

  /** Hands out the whole frames in the slab. */
  #cutSlab(slab: Slab, onFrame: OnFrame): void {
    while (this.#end - this.#begin >= FRAME_PREFIX_BYTES) {
      const size = this.#checked(slab.bytes.readInt32BE(this.#begin));
      const from = this.#begin + FRAME_PREFIX_BYTES;
      if (this.#end - from < size) return;
      this.#begin = from + size;
      slab.retain();
      onFrame(slab.bytes.subarray(from, this.#begin), slab);
    }
  }

  /**
   * Hands out the whole frames of a chunk, which share one copy of the range that they cover.
   * Returns where they end.
   */
  #cutChunk(chunk: Buffer, from: number, onFrame: OnFrame): number {
    const sizes: number[] = [];
    let at = from;
    let bad: FramingError | null = null;
    while (chunk.length - at >= FRAME_PREFIX_BYTES) {
      const size = chunk.readInt32BE(at);
      bad = this.#problem(size);
      if (bad || chunk.length - at - FRAME_PREFIX_BYTES < size) break;
      sizes.push(size);
      at += FRAME_PREFIX_BYTES + size;
    }
    if (sizes.length > 0) this.#copyOut(chunk.subarray(from, at), sizes, onFrame);
    if (bad) throw bad;
    return at;
  }

  #copyOut(range: Buffer, sizes: readonly number[], onFrame: OnFrame): void {
    const slab =
      range.length >= SERVER_LIMITS.frameInPlaceBytesMin ? this.#memory.take(range.length) : null;
    const shared = slab?.bytes ?? Buffer.allocUnsafe(range.length);
    range.copy(shared);
    let start = FRAME_PREFIX_BYTES;
    for (const size of sizes) {
      slab?.retain();
      onFrame(shared.subarray(start, start + size), slab);
      start += size + FRAME_PREFIX_BYTES;
    }
    slab?.release();
  }

  /** Goes on with the frame that has begun, if there is one; returns the bytes used. */
  #continue(chunk: Buffer, onFrame: OnFrame): number {
    if (this.#slab !== null) return this.#fillSlab(chunk, 0, onFrame);
    if (this.#prefixBytes === 0) return 0;
    let at = this.#fillPrefix(chunk, 0);
    if (this.#size < 0 || at === chunk.length) return at;
    if (this.#size >= SERVER_LIMITS.frameInPlaceBytesMin) {
      this.#open(this.#capacityFor(this.#size, 0)).bytes.writeInt32BE(this.#size);
      this.#end = FRAME_PREFIX_BYTES;
      this.#forgetSmall();
      return this.#fillSlab(chunk, at, onFrame);
    }
    this.#body ??= Buffer.allocUnsafe(this.#size);
    const count = Math.min(chunk.length - at, this.#size - this.#filled);
    chunk.copy(this.#body, this.#filled, at, at + count);
    this.#filled += count;
    at += count;
    if (this.#filled === this.#size) {
      const frame = this.#body;
      this.#forgetSmall();
      onFrame(frame, null);
    }
    return at;
  }

  /**
   * Keeps the beginning of a frame whose rest is still to arrive; its size, if it is complete, was
   * checked.
   */
  #beginFrame(chunk: Buffer, from: number): void {
    const isKnown = chunk.length - from > FRAME_PREFIX_BYTES;
    const size = isKnown ? chunk.readInt32BE(from) : 0;
    if (size >= SERVER_LIMITS.frameInPlaceBytesMin) {
      const { bytes } = this.#open(this.#capacityFor(size, chunk.length - from));
      this.#end = chunk.copy(bytes, 0, from);
      return;
    }
    const at = this.#fillPrefix(chunk, from);
    if (!isKnown) return;
    this.#body = Buffer.allocUnsafe(size);
    this.#filled = chunk.copy(this.#body, 0, at);
  }

  #fillPrefix(chunk: Buffer, from: number): number {
    let at = from;
    while (this.#prefixBytes < FRAME_PREFIX_BYTES && at < chunk.length) {
      this.#prefix = (this.#prefix << 8) | chunk[at++]!;
      this.#prefixBytes += 1;
    }
    if (this.#prefixBytes === FRAME_PREFIX_BYTES) this.#size = this.#checked(this.#prefix);
    return at;
  }

  #forgetSmall(): void {
    this.#prefixBytes = 0;
    this.#prefix = 0;
    this.#size = -1;
    this.#body = null;
    this.#filled = 0;
  }

  /**
   * Copies a chunk that was not received into the slab, up to the end of the frame that the slab
   * holds. Returns the bytes used.
   */
  #fillSlab(chunk: Buffer, from: number, onFrame: OnFrame): number {
    let at = from;
    while (at < chunk.length && this.#end > this.#begin) {
      const { bytes } = this.#makeRoom(this.#slab!);
      const count = Math.min(
        this.#missingBytes(bytes),
        bytes.length - this.#end,
        chunk.length - at,
      );
      chunk.copy(bytes, this.#end, at, at + count);
      this.#end += count;
      at += count;
      this.#cutSlab(this.#slab!, onFrame);
    }
    if (this.#end === this.#begin) this.close();
    return at;
  }

  /** The missing bytes of the frame in the slab, or of its prefix. */
  #missingBytes(bytes: Buffer): number {
    const held = this.#end - this.#begin;
    if (held < FRAME_PREFIX_BYTES) return FRAME_PREFIX_BYTES - held;
    return FRAME_PREFIX_BYTES + bytes.readInt32BE(this.#begin) - held;
  }

  #open(size: number): Slab {
    this.#slab = this.#memory.take(size);
    return this.#slab;
  }

  /** Returns a slab with room for a read; the beginning of a frame moves if need be. */
  #makeRoom(slab: Slab): Slab {
    const held = this.#end - this.#begin;
    const room = slab.bytes.length - this.#end;
    if (held < FRAME_PREFIX_BYTES) {
      return room >= SERVER_LIMITS.frameReadBytesMin
        ? slab
        : this.#move(slab, SERVER_LIMITS.frameSlabBytes);
    }
    const size = slab.bytes.readInt32BE(this.#begin);
    const fits =
      size > this.#limits.allocateAtOnceBytes ? room > 0 : room >= this.#missingBytes(slab.bytes);
    return fits ? slab : this.#move(slab, this.#capacityFor(size, held));
  }

  /**
   * Moves the bytes to the beginning of the same slab if it has no other holder, else to that of
   * another slab.
   */
  #move(slab: Slab, capacity: number): Slab {
    const held = this.#end - this.#begin;
    if (slab.isAlone && slab.bytes.length >= capacity) {
      slab.bytes.copyWithin(0, this.#begin, this.#end);
    } else {
      slab.bytes.copy(this.#open(capacity).bytes, 0, this.#begin, this.#end);
      slab.release();
    }
    this.#begin = 0;
    this.#end = held;
    return this.#slab!;
  }

  /**
   * Capacity of the slab for a frame of which `held` bytes have arrived, prefix included: room for
   * the whole frame, and for frames behind it while memory may be kept; for a large frame at most
   * twice the bytes that have arrived.
   */
  #capacityFor(size: number, held: number): number {
    const whole = FRAME_PREFIX_BYTES + size;
    if (size <= this.#limits.allocateAtOnceBytes) {
      return this.#memory.mayBeKept ? Math.max(whole, SERVER_LIMITS.frameSlabBytes) : whole;
    }
    return Math.min(whole, Math.max(held, SERVER_LIMITS.frameSlabBytes, 2 * held));
  }

  #checked(size: number): number {
    const bad = this.#problem(size);
    if (bad) throw bad;
    return size;
  }

  #problem(size: number): FramingError | null {
    const { sizeMin, sizeMax } = this.#limits;
    return size < sizeMin || size > sizeMax ? new FramingError(size, sizeMin, sizeMax) : null;
  }
}

function isAt(chunk: Buffer, bytes: Buffer, position: number): boolean {
  return chunk.buffer === bytes.buffer && chunk.byteOffset === bytes.byteOffset + position;
}

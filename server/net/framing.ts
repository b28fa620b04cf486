/** The size prefix of a frame: a signed 32-bit integer, big-endian, that does not count itself. */
export const FRAME_PREFIX_BYTES = 4;

/** The smallest request: api key, api version and correlation id of request header version 0. */
export const REQUEST_BYTES_MIN = 8;

/**
 * Below this much missing, a read of its own for the rest of a frame costs more than copying it.
 */
const DIRECT_BYTES_MIN = 16 * 1024;

/** What a frame larger than the allocate-at-once bound starts with. */
const GROW_FROM_BYTES = 256 * 1024;

/** The stream cannot be cut into frames any more; the connection is of no further use. */
export class FramingError extends Error {
  override name = 'FramingError';
  /** The announced size. */
  readonly size: number;

  constructor(size: number, sizeMin: number, sizeMax: number) {
    super(`frame size ${size} is outside ${sizeMin} to ${sizeMax}`);
    this.size = size;
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
 * Cuts a byte stream into length-prefixed frames, copying each byte at most once:
 *
 * ```
 * chunk   | rest of A | B | C | start of D |
 *           └ into A's  └──┴ one copy,  └ into D's own buffer, whose rest
 *             own buffer     shared       `receiveInto` offers to the kernel
 * ```
 *
 * A frame's bytes are nobody else's: views on it stay valid for as long as they are held. Nothing
 * is allocated for a size that was only announced.
 */
export class FrameParser {
  readonly #limits: FramingLimits;
  /** Prefix bytes of the frame that has begun, and the number they spell so far. */
  #prefixBytes = 0;
  #prefix = 0;
  /** Size of the frame that has begun, once its prefix is complete; -1 between frames. */
  #size = -1;
  #body: Buffer | null = null;
  #filled = 0;

  constructor(limits: FramingLimits) {
    this.#limits = limits;
  }

  /** Bytes held of a frame that is not complete, its prefix included. 0 exactly between frames. */
  get partialBytes(): number {
    return this.#prefixBytes + this.#filled;
  }

  /** The rest of the current frame's buffer, if it is worth a read of its own; else null. */
  receiveInto(): Buffer | null {
    const body = this.#body;
    if (!body || this.#size - this.#filled < DIRECT_BYTES_MIN) return null;
    if (this.#filled === body.length) this.#grow(this.#filled + 1);
    return this.#body!.subarray(this.#filled);
  }

  /**
   * Takes the next bytes of the stream and calls `onFrame` with each frame that they complete, in
   * order, without its prefix. `chunk` is not kept. Throws FramingError after the frames before the
   * bad one; the parser is of no use from then on.
   */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): void {
    let at = this.#continue(chunk, onFrame);
    // Whole frames in this chunk share one copy of the range that they cover.
    const from = at;
    let sizes: number[] | null = null;
    let bad: FramingError | null = null;
    while (chunk.length - at >= FRAME_PREFIX_BYTES) {
      const size = chunk.readInt32BE(at);
      bad = this.#check(size);
      if (bad || chunk.length - at - FRAME_PREFIX_BYTES < size) break;
      sizes ??= [];
      sizes.push(size);
      at += FRAME_PREFIX_BYTES + size;
    }
    if (sizes) {
      const shared = Buffer.allocUnsafe(at - from);
      chunk.copy(shared, 0, from, at);
      let start = FRAME_PREFIX_BYTES;
      for (const size of sizes) {
        onFrame(shared.subarray(start, start + size));
        start += size + FRAME_PREFIX_BYTES;
      }
    }
    if (bad) throw bad;
    if (at < chunk.length) this.#continue(at === 0 ? chunk : chunk.subarray(at), onFrame);
  }

  /**
   * Feeds the frame that has begun, or begins one that the chunk does not complete; returns the
   * bytes used.
   */
  #continue(chunk: Buffer, onFrame: (frame: Buffer) => void): number {
    if (this.#prefixBytes === 0 && chunk.length >= FRAME_PREFIX_BYTES) {
      const size = chunk.readInt32BE(0);
      // A frame that lies whole in the chunk is the caller's; so is a bad one.
      if (this.#check(size) || chunk.length - FRAME_PREFIX_BYTES >= size) return 0;
    }
    let at = 0;
    while (this.#prefixBytes < FRAME_PREFIX_BYTES && at < chunk.length) {
      this.#prefix = (this.#prefix << 8) | chunk[at++]!;
      this.#prefixBytes += 1;
    }
    if (this.#prefixBytes < FRAME_PREFIX_BYTES) return at;
    if (this.#size < 0) {
      const bad = this.#check(this.#prefix);
      if (bad) throw bad;
      this.#size = this.#prefix;
    }
    const count = Math.min(chunk.length - at, this.#size - this.#filled);
    if (count > 0) this.#fill(chunk, at, count);
    if (this.#filled === this.#size) {
      const frame = this.#body!;
      this.#reset();
      onFrame(frame);
    }
    return at + count;
  }

  #fill(chunk: Buffer, at: number, count: number): void {
    const end = this.#filled + count;
    if (!this.#body || this.#body.length < end) this.#grow(end);
    const body = this.#body!;
    const inPlace =
      chunk.buffer === body.buffer && chunk.byteOffset + at === body.byteOffset + this.#filled;
    if (!inPlace) chunk.copy(body, this.#filled, at, at + count);
    this.#filled = end;
  }

  /** Gives the frame a buffer of at least `needed` bytes: whole if small, else at most doubled. */
  #grow(needed: number): void {
    const size = this.#size;
    const atOnce = size <= this.#limits.allocateAtOnceBytes;
    const capacity = atOnce
      ? size
      : Math.min(size, Math.max(needed, GROW_FROM_BYTES, 2 * (this.#body?.length ?? 0)));
    const body = Buffer.allocUnsafe(capacity);
    this.#body?.copy(body, 0, 0, this.#filled);
    this.#body = body;
  }

  #check(size: number): FramingError | null {
    const { sizeMin, sizeMax } = this.#limits;
    return size < sizeMin || size > sizeMax ? new FramingError(size, sizeMin, sizeMax) : null;
  }

  #reset(): void {
    this.#prefixBytes = 0;
    this.#prefix = 0;
    this.#size = -1;
    this.#body = null;
    this.#filled = 0;
  }
}

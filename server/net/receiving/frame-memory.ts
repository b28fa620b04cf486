import assert from 'node:assert/strict';
import { SERVER_LIMITS } from '../../limits.js';

/**
 * Memory that frames are received into. The receiver of a frame releases the slab once, and then
 * uses the frame no more.
 */
export interface Slab {
  readonly bytes: Buffer;
  /** Whether only one holder is left. */
  readonly isAlone: boolean;
  /** Whether the slab will be used again; false for one that was made for a single frame. */
  readonly isLent: boolean;
  retain(): void;
  release(): void;
}

/**
 * Sizes of slabs that are kept for later frames: a frame that was copied out of a read, a read, one
 * of the largest frames that producers send by default.
 */
const SIZES = [32 * 1024, 64 * 1024, 256 * 1024, 512 * 1024, 1088 * 1024] as const;

/**
 * The memory of received frames, used over and over: buffers from the allocator cost a page fault
 * for every 4 KiB, and make V8 collect all of its heap for memory that is not even in it. Last in,
 * first out, since that is what the processor's caches still have.
 */
export class FrameMemory {
  readonly #limitBytes: number;
  readonly #free: PooledSlab[][] = SIZES.map(() => []);
  #usedBytes = 0;

  /**
   * `limitBytes`: bytes that are lent at the same time. Beyond it frames get their own memory,
   * which is not used again.
   */
  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  /** Bytes lent and not given back. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /**
   * Whether there is memory for optional use: a stream that keeps a slab between two frames for its
   * next read, instead of the space that all reads share.
   */
  get mayBeKept(): boolean {
    return this.#usedBytes < Math.min(SERVER_LIMITS.frameMemoryKeptBytesMax, this.#limitBytes);
  }

  /** Memory of at least `sizeMin` bytes, held by the caller alone. Its content is undefined. */
  take(sizeMin: number): Slab {
    const kind = SIZES.findIndex((size) => size >= sizeMin);
    const slab =
      kind >= 0 && this.#usedBytes < this.#limitBytes
        ? (this.#free[kind]!.pop() ?? this.#allocate(kind))
        : new PooledSlab(Buffer.allocUnsafeSlow(sizeMin), null);
    slab.retain();
    return slab;
  }

  #allocate(kind: number): PooledSlab {
    const size = SIZES[kind]!;
    const free = this.#free[kind]!;
    return new PooledSlab(Buffer.allocUnsafeSlow(size), {
      lent: () => {
        this.#usedBytes += size;
      },
      returned: (slab) => {
        this.#usedBytes -= size;
        if (free.length * size < SERVER_LIMITS.frameMemoryFreeBytesMax) free.push(slab);
      },
    });
  }
}

interface SlabOwner {
  lent(): void;
  returned(slab: PooledSlab): void;
}

class PooledSlab implements Slab {
  readonly bytes: Buffer;
  readonly #owner: SlabOwner | null;
  #holders = 0;

  constructor(bytes: Buffer, owner: SlabOwner | null) {
    this.bytes = bytes;
    this.#owner = owner;
  }

  get isAlone(): boolean {
    return this.#holders === 1;
  }

  get isLent(): boolean {
    return this.#owner !== null;
  }

  retain(): void {
    this.#holders += 1;
    if (this.#holders === 1) this.#owner?.lent();
  }

  release(): void {
    assert(this.#holders > 0, 'memory is given back once');
    this.#holders -= 1;
    if (this.#holders === 0) this.#owner?.returned(this);
  }
}

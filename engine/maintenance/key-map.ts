import { hash } from 'node:crypto';

/** Bytes of one key: 16 bytes of its hash, and the offset as a float64. */
export const KEY_MAP_ENTRY_BYTES = 24;

const HASH_WORDS = 4;

/**
 * The last offset of each key, by which compaction decides. Open addressing in memory of a fixed
 * size that threads can share. Keys are known by the first 128 bits of their SHA-256, so that a
 * client cannot make two keys that are taken for one.
 */
export class KeyMap {
  readonly #slots: number;
  readonly #room: number;
  readonly #hashes: Uint32Array;
  /** Offset + 1; 0 where a slot is free. */
  readonly #offsets: Float64Array;
  #count = 0;

  /**
   * Takes over the memory: zeros, or what another map has written there. Entries up to `loadFactor`
   * of the slots (0 to 1) are taken.
   */
  constructor(memory: SharedArrayBuffer, loadFactor: number) {
    this.#slots = Math.floor(memory.byteLength / KEY_MAP_ENTRY_BYTES);
    this.#room = Math.max(1, Math.min(this.#slots - 1, Math.floor(this.#slots * loadFactor)));
    this.#offsets = new Float64Array(memory, 0, this.#slots);
    this.#hashes = new Uint32Array(memory, this.#slots * 8, this.#slots * HASH_WORDS);
  }

  /** Bytes of a map that has room for `keys` keys, at most `bytesMax`. */
  static bytesFor(keys: number, loadFactor: number, bytesMax: number): number {
    const slots = Math.max(2, Math.ceil(keys / loadFactor) + 1);
    return Math.min(slots * KEY_MAP_ENTRY_BYTES, bytesMax);
  }

  /** Keys that were put in through this object. */
  get count(): number {
    return this.#count;
  }

  /**
   * Notes that `key` was seen at `offset`, above all offsets so far. False, with nothing done, when
   * it is new and there is no room.
   */
  put(key: Buffer, offset: number): boolean {
    const digest = digestOf(key);
    const slot = this.#slotOf(digest);
    if (this.#offsets[slot] === 0) {
      if (this.#count >= this.#room) return false;
      this.#count++;
      for (let word = 0; word < HASH_WORDS; word++) {
        this.#hashes[slot * HASH_WORDS + word] = wordOf(digest, word);
      }
    }
    this.#offsets[slot] = offset + 1;
    return true;
  }

  /** The last offset of the key; -1 when it is not known. */
  offsetOf(key: Buffer): number {
    return this.#offsets[this.#slotOf(digestOf(key))]! - 1;
  }

  /** The slot of the key, or the slot that it would get. There is always a free slot. */
  #slotOf(digest: string): number {
    const word0 = wordOf(digest, 0);
    const word1 = wordOf(digest, 1);
    const word2 = wordOf(digest, 2);
    const word3 = wordOf(digest, 3);
    let slot = word0 % this.#slots;
    for (;;) {
      if (this.#offsets[slot] === 0) return slot;
      const at = slot * HASH_WORDS;
      if (
        this.#hashes[at] === word0 &&
        this.#hashes[at + 1] === word1 &&
        this.#hashes[at + 2] === word2 &&
        this.#hashes[at + 3] === word3
      ) {
        return slot;
      }
      slot = slot + 1 === this.#slots ? 0 : slot + 1;
    }
  }
}

/**
 * The digest as a string, a character for each byte. It costs a third of a buffer for each record,
 * whose memory lies outside the heap, where other threads clean it up.
 */
function digestOf(key: Buffer): string {
  return hash('sha256', key, 'binary');
}

/** Little endian. */
function wordOf(digest: string, word: number): number {
  const at = word * 4;
  return (
    (digest.charCodeAt(at) |
      (digest.charCodeAt(at + 1) << 8) |
      (digest.charCodeAt(at + 2) << 16) |
      (digest.charCodeAt(at + 3) << 24)) >>>
    0
  );
}

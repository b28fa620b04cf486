import type { Random } from '../../engine/random.js';

export const SIM_PAGE_BYTES = 4096;

/** What one sync takes along: the pages and the size as they were when it was submitted. */
export interface ContentSnapshot {
  readonly order: number;
  readonly size: number;
  /** Null where the file has no such page any more. */
  readonly pages: ReadonlyMap<number, Buffer | null>;
}

/**
 * The bytes of one simulated file, twice: as the page cache has them, and as the disk has them.
 * Pages that both sides share are never written to; a write replaces them with a copy.
 */
export class SimContent {
  /** Tells files apart whatever their names; stays the same in copies of the disk. */
  readonly id: number;
  #size = 0;
  #pages = new Map<number, Buffer>();
  /** Pages that no snapshot, copy or durable side refers to. */
  readonly #owned = new Set<number>();
  readonly #dirty = new Set<number>();
  #durableSize = 0;
  #durablePages = new Map<number, Buffer>();
  #durableSizeOrder = 0;
  readonly #durablePageOrders = new Map<number, number>();

  constructor(id: number) {
    this.id = id;
  }

  get size(): number {
    return this.#size;
  }

  /** Whether a power cut could change what a reader sees. */
  get isDirty(): boolean {
    return this.#dirty.size > 0 || this.#size !== this.#durableSize;
  }

  write(bytes: Uint8Array, position: number): void {
    for (let done = 0; done < bytes.length; ) {
      const at = position + done;
      const index = Math.floor(at / SIM_PAGE_BYTES);
      const start = at % SIM_PAGE_BYTES;
      const count = Math.min(SIM_PAGE_BYTES - start, bytes.length - done);
      this.#ownPage(index).set(bytes.subarray(done, done + count), start);
      done += count;
    }
    this.#size = Math.max(this.#size, position + bytes.length);
  }

  read(into: Uint8Array, position: number): number {
    const count = Math.max(0, Math.min(into.length, this.#size - position));
    for (let done = 0; done < count; ) {
      const at = position + done;
      const start = at % SIM_PAGE_BYTES;
      const part = Math.min(SIM_PAGE_BYTES - start, count - done);
      const page = this.#pages.get(Math.floor(at / SIM_PAGE_BYTES));
      if (page) into.set(page.subarray(start, start + part), done);
      else into.fill(0, done, done + part);
      done += part;
    }
    return count;
  }

  truncate(size: number): void {
    if (size < this.#size) {
      const keep = Math.ceil(size / SIM_PAGE_BYTES);
      for (const index of [...this.#pages.keys()]) {
        if (index < keep) continue;
        this.#pages.delete(index);
        this.#owned.delete(index);
        this.#dirty.add(index);
      }
      const tail = size % SIM_PAGE_BYTES;
      if (tail > 0 && this.#pages.has(keep - 1)) this.#ownPage(keep - 1).fill(0, tail);
    }
    this.#size = size;
  }

  /** Taken when a sync is submitted; `order` grows from sync to sync. */
  snapshot(order: number): ContentSnapshot {
    const pages = new Map<number, Buffer | null>();
    for (const index of this.#dirty) pages.set(index, this.#pages.get(index) ?? null);
    this.#owned.clear();
    return { order, size: this.#size, pages };
  }

  /**
   * The sync succeeded. An older sync that finishes later changes nothing that a newer one made
   * durable.
   */
  makeDurable(snapshot: ContentSnapshot): void {
    for (const [index, page] of snapshot.pages) {
      if ((this.#durablePageOrders.get(index) ?? 0) < snapshot.order) {
        this.#durablePageOrders.set(index, snapshot.order);
        if (page) this.#durablePages.set(index, page);
        else this.#durablePages.delete(index);
      }
    }
    if (this.#durableSizeOrder < snapshot.order) {
      this.#durableSizeOrder = snapshot.order;
      this.#durableSize = snapshot.size;
    }
    this.forgetDirty(snapshot);
  }

  /**
   * The sync failed: as in Linux the page cache keeps the bytes and calls them clean, though the
   * disk never got them. The next sync succeeds and saves nothing.
   */
  forgetDirty(snapshot: ContentSnapshot): void {
    for (const [index, page] of snapshot.pages) {
      if ((this.#pages.get(index) ?? null) === page) this.#dirty.delete(index);
    }
  }

  /** The same file on the same machine, after the process died. */
  copy(): SimContent {
    const copy = new SimContent(this.id);
    this.#owned.clear();
    copy.#size = this.#size;
    copy.#pages = new Map(this.#pages);
    for (const index of this.#dirty) copy.#dirty.add(index);
    copy.#durableSize = this.#durableSize;
    copy.#durablePages = new Map(this.#durablePages);
    copy.#durableSizeOrder = this.#durableSizeOrder;
    for (const [index, order] of this.#durablePageOrders) copy.#durablePageOrders.set(index, order);
    return copy;
  }

  /**
   * What the disk holds after a power cut: the durable bytes, and of each page that was not synced,
   * as of the size, either the old or the new one. With null, exactly the durable bytes.
   */
  afterPowerCut(random: Random | null): SimContent {
    const after = new SimContent(this.id);
    this.#owned.clear();
    after.#pages = new Map(this.#durablePages);
    let size = this.#durableSize;
    if (random) {
      for (const index of [...this.#dirty].sort((a, b) => a - b)) {
        if (random.next() < 0.5) continue;
        const page = this.#pages.get(index);
        if (page) after.#pages.set(index, page);
        else after.#pages.delete(index);
      }
      size = this.#sizeAfterPowerCut(random);
    }
    // Pages beyond the size go, and so does what the last one holds beyond it.
    after.#size = Number.MAX_SAFE_INTEGER;
    after.truncate(size);
    after.makeDurable({ order: 1, size, pages: after.#pages });
    after.#durableSizeOrder = 0;
    after.#durablePageOrders.clear();
    after.#owned.clear();
    after.#dirty.clear();
    return after;
  }

  /** A size grows as pages are written back, so it may have stopped anywhere on the way. */
  #sizeAfterPowerCut(random: Random): number {
    const choice = random.next();
    if (choice < 1 / 3) return this.#durableSize;
    if (choice < 2 / 3) return this.#size;
    const low = Math.min(this.#size, this.#durableSize);
    const high = Math.max(this.#size, this.#durableSize);
    return low + Math.floor(random.next() * (high - low + 1));
  }

  #ownPage(index: number): Buffer {
    this.#dirty.add(index);
    const page = this.#pages.get(index);
    if (page && this.#owned.has(index)) return page;
    const own = Buffer.alloc(SIM_PAGE_BYTES);
    if (page) own.set(page);
    this.#pages.set(index, own);
    this.#owned.add(index);
    return own;
  }
}

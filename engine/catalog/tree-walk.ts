import type { DataFilePages } from './data-file-pages.js';
import type { PageSet } from './page-set.js';

/**
 * LMDB's trees (data format 2, little-endian), read without LMDB, which ends the process where a
 * page is garbled.
 *
 * ```text
 * page    0  page number int64      8  transaction int64 that wrote it
 *        18  flags uint16: 1 branch, 2 leaf, 4 overflow
 *        20  lower uint16, 22 upper uint16: free space, counted from byte 24; overflow: uint32 pages
 *        24  positions of the nodes, uint16 each, counted from byte 24
 * node    0  leaf: size of the value uint32; branch: page number, 48 bits with the next field
 *         4  flags uint16; leaf: 1 when the value lies on overflow pages
 *         6  size of the key uint16
 *         8  key; leaf: value, or page number int64, transaction int64, pages int64
 * ```
 */

const PAGE_HEADER_BYTES = 24;
const NODE_HEADER_BYTES = 8;
const OVERFLOW_POINTER_BYTES = 24;
const BRANCH = 1;
const LEAF = 2;
const OVERFLOW = 4;
const ON_OVERFLOW_PAGES = 1;
const DEPTH_MAX = 32;

/** What a meta page says of one tree. */
export interface TreeFacts {
  /** Null for an empty tree. */
  readonly root: number | null;
  readonly depth: number;
  readonly branchPages: number;
  readonly leafPages: number;
  readonly overflowPages: number;
  readonly entries: number;
}

/** The inputs of a walk over a tree. */
export interface TreeWalk {
  readonly pages: DataFilePages;
  /** The transaction that the meta page shows: no page of the tree is younger. */
  readonly transaction: number;
  /** The last page that the meta page knows: LMDB gives the next one away. */
  readonly lastPage: number;
  /** Pages that are taken; the walk adds those of the tree. */
  readonly used: PageSet;
  /** The order of the keys. */
  readonly compare: (a: Buffer, b: Buffer) => number;
  /** Called for each entry, in the order of keys. Throws `TreeDamage` for an impossible entry. */
  readonly visit: (key: Buffer, value: Buffer) => void;
  /**
   * Called with the number of entries that a page held; the walk waits for its promise, so that
   * other work can run.
   */
  readonly rest?: (entries: number) => Promise<void> | null;
  /**
   * Called with what is wrong with a page or an entry, when all entries before it were visited; the
   * walk goes on behind it. `isPlaced` is false for counts that do not fit: then it is unknown
   * which entries are missing. Without `skip` the walk throws the damage.
   */
  readonly skip?: (damage: TreeDamage, isPlaced: boolean) => void;
}

/** What is wrong with a tree, in words. */
export class TreeDamage extends Error {
  override name = 'TreeDamage';
}

interface Node {
  readonly key: Buffer;
  readonly flags: number;
  readonly lowHalf: number;
  readonly dataAt: number;
}

/**
 * Reads every page of a tree and checks all that LMDB relies on: numbers, flags, bounds, the order
 * of keys within and between pages, depth, and the counts of the meta page. Throws `TreeDamage`,
 * unless there is a `skip`.
 */
export async function walkTree(walk: TreeWalk, facts: TreeFacts): Promise<void> {
  const counts = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 };
  let isPartial = false;
  if (facts.root !== null) {
    const skip = (damage: TreeDamage): void => {
      isPartial = true;
      report(walk, damage);
    };
    const walker = new Walker({ ...walk, skip }, facts.depth, counts);
    await walker.page(facts.root, 1, null, null);
  }
  // What was skipped is missing from the counts.
  if (isPartial) return;
  for (const kind of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const) {
    if (counts[kind] === facts[kind]) continue;
    report(walk, new TreeDamage(`${counts[kind]} ${WORDS[kind]} instead of ${facts[kind]}`), false);
  }
}

const WORDS = {
  branchPages: 'branch pages',
  leafPages: 'leaf pages',
  overflowPages: 'overflow pages',
  entries: 'entries',
};

function report({ skip }: TreeWalk, damage: unknown, isPlaced = true): void {
  if (skip === undefined || !(damage instanceof TreeDamage)) throw damage;
  skip(damage, isPlaced);
}

class Walker {
  readonly #walk: TreeWalk;
  readonly #depth: number;
  readonly #counts: {
    branchPages: number;
    leafPages: number;
    overflowPages: number;
    entries: number;
  };
  #last: Buffer | null = null;

  constructor(
    walk: TreeWalk,
    depth: number,
    counts: { branchPages: number; leafPages: number; overflowPages: number; entries: number },
  ) {
    this.#walk = walk;
    this.#depth = depth;
    this.#counts = counts;
  }

  /** Keys of the page lie at or above `from` and below `to`. */
  async page(number: number, depth: number, from: Buffer | null, to: Buffer | null): Promise<void> {
    try {
      const bytes = await this.#take(number);
      const flags = bytes.readUInt16LE(18);
      const wanted = depth < this.#depth ? BRANCH : LEAF;
      if (flags !== wanted || depth > DEPTH_MAX)
        throw new TreeDamage(`page ${number} is of another kind`);
      const nodes = nodesOf(bytes, number);
      if (wanted === BRANCH) await this.#branch(number, nodes, depth, from, to);
      else await this.#leaf(bytes, nodes, number, from, to);
    } catch (damage) {
      report(this.#walk, damage);
    }
  }

  async #branch(
    number: number,
    nodes: readonly Node[],
    depth: number,
    from: Buffer | null,
    to: Buffer | null,
  ): Promise<void> {
    this.#counts.branchPages++;
    for (const [at, node] of nodes.entries()) {
      // LMDB does not look at the first key of a branch.
      const lower = at === 0 ? from : node.key;
      const upper = nodes[at + 1]?.key ?? to;
      if (at > 0) this.#checkBounds(node.key, from, to, number);
      await this.page(node.lowHalf + node.flags * 2 ** 32, depth + 1, lower, upper);
    }
  }

  async #leaf(
    bytes: Buffer,
    nodes: readonly Node[],
    number: number,
    from: Buffer | null,
    to: Buffer | null,
  ): Promise<void> {
    this.#counts.leafPages++;
    for (const node of nodes) {
      try {
        this.#checkBounds(node.key, from, to, number);
        if (this.#last !== null && this.#walk.compare(this.#last, node.key) >= 0) {
          throw new TreeDamage(`page ${number} has keys out of order`);
        }
        this.#last = node.key;
        const { dataAt, lowHalf, flags } = node;
        const value =
          flags === ON_OVERFLOW_PAGES
            ? await this.#overflow(bytes, dataAt, lowHalf)
            : bytes.subarray(dataAt, dataAt + lowHalf);
        this.#counts.entries++;
        this.#walk.visit(node.key, value);
      } catch (damage) {
        report(this.#walk, damage);
      }
    }
    const rest = this.#walk.rest?.(nodes.length) ?? null;
    if (rest !== null) await rest;
  }

  #checkBounds(key: Buffer, from: Buffer | null, to: Buffer | null, page: number): void {
    const { compare } = this.#walk;
    if ((from === null || compare(from, key) <= 0) && (to === null || compare(key, to) < 0)) return;
    throw new TreeDamage(`page ${page} has a key that belongs on another page`);
  }

  async #overflow(leaf: Buffer, at: number, size: number): Promise<Buffer> {
    const { pages } = this.#walk;
    const first = number64(leaf, at);
    const count = number64(leaf, at + 16);
    const wanted = Math.ceil((PAGE_HEADER_BYTES + size) / pages.pageSize);
    // A value that replaces a longer one keeps its pages.
    if (count < wanted || count > pages.count) {
      throw new TreeDamage(`a value of ${size} bytes on ${count} pages`);
    }
    const head = await this.#take(first);
    if (head.readUInt16LE(18) !== OVERFLOW || head.readUInt32LE(20) !== count) {
      throw new TreeDamage(`page ${first} does not begin a value of ${count} pages`);
    }
    const parts = [head.subarray(PAGE_HEADER_BYTES)];
    for (let page = first + 1; page < first + count; page++) {
      this.#claim(page);
      parts.push(await pages.read(page));
    }
    this.#counts.overflowPages += count;
    return Buffer.concat(parts, size);
  }

  /** Takes a page with a header, which no other part of the file may use. */
  async #take(number: number): Promise<Buffer> {
    this.#claim(number);
    const bytes = await this.#walk.pages.read(number);
    if (number64(bytes, 0) !== number) throw new TreeDamage(`page ${number} has another number`);
    if (number64(bytes, 8) > this.#walk.transaction) {
      throw new TreeDamage(`page ${number} is younger than the file`);
    }
    return bytes;
  }

  #claim(number: number): void {
    const { used, pages, lastPage } = this.#walk;
    const end = Math.min(pages.count, lastPage + 1);
    if (number < 2 || number >= end) {
      throw new TreeDamage(`page ${number} is named, and the file has ${end}`);
    }
    if (!used.add(number)) throw new TreeDamage(`page ${number} is used twice`);
  }
}

function nodesOf(bytes: Buffer, page: number): Node[] {
  const room = bytes.length - PAGE_HEADER_BYTES;
  const lower = bytes.readUInt16LE(20);
  const upper = bytes.readUInt16LE(22);
  if (lower % 2 !== 0 || lower === 0 || lower > upper || upper > room) {
    throw new TreeDamage(`page ${page} has impossible bounds`);
  }
  const isLeaf = bytes.readUInt16LE(18) === LEAF;
  const nodes: Node[] = [];
  let taken = 0;
  for (let at = PAGE_HEADER_BYTES; at < PAGE_HEADER_BYTES + lower; at += 2) {
    const position = bytes.readUInt16LE(at);
    const start = position + PAGE_HEADER_BYTES;
    if (position < upper || start + NODE_HEADER_BYTES > bytes.length) {
      throw new TreeDamage(`page ${page} has an entry outside of its bounds`);
    }
    const lowHalf = bytes.readUInt32LE(start);
    const flags = bytes.readUInt16LE(start + 4);
    const keySize = bytes.readUInt16LE(start + 6);
    if (isLeaf && flags > ON_OVERFLOW_PAGES) throw new TreeDamage(`page ${page} has unknown flags`);
    const dataSize = !isLeaf ? 0 : flags === ON_OVERFLOW_PAGES ? OVERFLOW_POINTER_BYTES : lowHalf;
    const dataAt = start + NODE_HEADER_BYTES + keySize;
    if (dataAt + dataSize > bytes.length) {
      throw new TreeDamage(`page ${page} has an entry that does not end within it`);
    }
    // Entries begin at even positions.
    taken += Math.ceil((NODE_HEADER_BYTES + keySize + dataSize) / 2) * 2;
    nodes.push({ key: bytes.subarray(start + NODE_HEADER_BYTES, dataAt), flags, lowHalf, dataAt });
  }
  if (taken !== room - upper) throw new TreeDamage(`page ${page} has overlapping entries`);
  return nodes;
}

/** Infinite where a number cannot hold it exactly. */
export function number64(bytes: Buffer, at: number): number {
  const high = bytes.readUInt32LE(at + 4);
  return high >= 2 ** 21 ? Number.POSITIVE_INFINITY : high * 2 ** 32 + bytes.readUInt32LE(at);
}

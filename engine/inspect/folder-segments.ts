import { join } from 'node:path';
import type { Disk } from '../disk/disk.js';
import { hasErrno } from '../disk/errno.js';
import { parseSegmentFileName, segmentFileName } from '../disk/file-names.js';
import { inspectLog } from './log-inspection.js';

/** A segment of a partition's folder. */
export interface FolderSegment {
  readonly baseOffset: number;
  readonly path: string;
  /**
   * Whether it is the output of a compaction that is being published: the next open, or the broker,
   * finishes that.
   */
  readonly isSwap: boolean;
}

/**
 * The segments of a folder as an open would find them: a `.log.swap` counts, and the files in its
 * range are its sources, some of which may be gone already (`finish-swaps.ts`). Remembers what it
 * has read of `.log.swap` files, so that a folder may be listed often.
 */
export class FolderSegments {
  readonly #disk: Disk;
  readonly #folder: string;
  readonly #ends = new Map<string, number | null>();

  constructor(disk: Disk, folder: string) {
    this.#disk = disk;
    this.#folder = folder;
  }

  /** By base offset, each once; empty where there is no such folder. */
  async list(): Promise<readonly FolderSegment[]> {
    for (;;) {
      const { live, swaps } = await this.#bases();
      const ranges = new Map<number, number>();
      for (const base of swaps) {
        const end = await this.#endOf(base);
        if (end === 'gone') break;
        const isAtSegment = end !== null && (live.includes(end) || swaps.includes(end));
        // A `.log.swap` that cannot be finished takes only the place of its first source.
        ranges.set(base, isAtSegment ? end : base + 1);
      }
      // A `.log.swap` has taken its own name meanwhile.
      if (ranges.size < swaps.length) continue;
      const isSource = (base: number): boolean =>
        [...ranges].some(([from, to]) => base >= from && base < to);
      return [
        ...swaps.map((base) => this.#segment(base, true)),
        ...live.filter((base) => !isSource(base)).map((base) => this.#segment(base, false)),
      ].sort((a, b) => a.baseOffset - b.baseOffset);
    }
  }

  #segment(baseOffset: number, isSwap: boolean): FolderSegment {
    const name = segmentFileName(baseOffset, 'log', isSwap ? 'swap' : null);
    return { baseOffset, path: join(this.#folder, name), isSwap };
  }

  async #bases(): Promise<{ live: number[]; swaps: number[] }> {
    const names = await this.#disk.readdir(this.#folder).catch((error: unknown) => {
      // The partition was deleted meanwhile.
      if (hasErrno(error, 'ENOENT')) return [];
      throw error;
    });
    const live: number[] = [];
    const swaps: number[] = [];
    for (const name of names) {
      const parsed = parseSegmentFileName(name);
      if (parsed?.kind !== 'log') continue;
      if (parsed.state === null) live.push(parsed.baseOffset);
      if (parsed.state === 'swap') swaps.push(parsed.baseOffset);
    }
    return { live, swaps };
  }

  /** The offset behind the last batch; null where not all are whole. */
  async #endOf(base: number): Promise<number | null | 'gone'> {
    const { path } = this.#segment(base, true);
    const stat = await this.#disk.stat(path);
    if (stat === null) return 'gone';
    const key = `${base} ${stat.size} ${stat.modifiedMs}`;
    const known = this.#ends.get(key);
    if (known !== undefined) return known;
    const end = await readEnd(this.#disk, path);
    if (end !== 'gone') this.#ends.set(key, end);
    return end;
  }
}

async function readEnd(disk: Disk, path: string): Promise<number | null | 'gone'> {
  const file = await disk.open(path, 'read').catch((error: unknown) => {
    if (hasErrno(error, 'ENOENT')) return null;
    throw error;
  });
  if (file === null) return 'gone';
  try {
    let end: number | null = null;
    for await (const found of inspectLog(file)) {
      if (found.kind === 'damage' || !found.crcMatches || found.problem !== null) return null;
      end = found.lastOffset + 1;
    }
    return end;
  } finally {
    await file.close();
  }
}

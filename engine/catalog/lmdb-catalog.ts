import { getSystemErrorName } from 'node:util';
import { assert } from '../assert.js';
import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type {
  Catalog,
  CatalogChange,
  CatalogKey,
  CatalogSnapshot,
  CatalogValue,
} from './catalog.js';
import { CATALOG_FORMAT, describeKey, FORMAT_KEY } from './catalog-format.js';
import type { DataFileRoom } from './data-file-room.js';
import { decodeKey, encodeKey, endOfPrefix } from './key-codec.js';
import { type LmdbTable, LOWEST_KEY } from './lmdb-environment.js';
import { isIntact, sealValue, unsealValue } from './value-codec.js';

/**
 * Encoded keys as latin1 text, which compares as the bytes do, and sealed values; null removes the
 * key.
 */
type Overlay = Map<string, Buffer | null>;

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: EngineError) => void;
}

/** Transactions that are committed to LMDB as one. */
interface Group {
  readonly overlay: Overlay;
  readonly waiters: Waiter[];
}

/** What lmdb-js tells of its tree, and of the last page of the file in use. */
interface TableStats {
  readonly pageSize: number;
  readonly treeDepth: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly lastPageNumber: number;
}

const FORMAT_KEY_TEXT = FORMAT_KEY.toString('latin1');
const NODE_HEADER_BYTES = 16;

/**
 * One LMDB environment as a {@link Catalog}.
 *
 * One commit runs at a time; writes that are handed in meanwhile become the next commit, and reads
 * see both over the values that LMDB holds. Every write after a failed or overdue commit rejects:
 * the pages of a failed fdatasync are lost although the next fdatasync succeeds.
 */
export class LmdbCatalog implements Catalog {
  readonly #path: string;
  readonly #table: LmdbTable;
  readonly #room: DataFileRoom;
  readonly #clock: Clock;
  readonly #commitDeadlineMs: number;
  readonly #onFailure: (error: EngineError) => void;
  /** Whether the file says which format it has: the first commit writes it. */
  #namesFormat: boolean;
  #committing: Group | null = null;
  #queued: Group = newGroup();
  #draining: Promise<void> | null = null;
  #failure: EngineError | null = null;
  /** A commit that passed its deadline may still be inside LMDB, which must then stay open. */
  #isStuck = false;
  #isClosed = false;

  constructor(parts: {
    readonly path: string;
    readonly table: LmdbTable;
    readonly room: DataFileRoom;
    readonly clock: Clock;
    readonly commitDeadlineMs: number;
    readonly onFailure: (error: EngineError) => void;
    readonly namesFormat: boolean;
  }) {
    this.#path = parts.path;
    this.#table = parts.table;
    this.#room = parts.room;
    this.#clock = parts.clock;
    this.#commitDeadlineMs = parts.commitDeadlineMs;
    this.#onFailure = parts.onFailure;
    this.#namesFormat = parts.namesFormat;
  }

  get(key: CatalogKey): CatalogValue | undefined {
    assert(!this.#isClosed, 'a closed catalog is not read');
    const bytes = encodeKey(key);
    const pending = this.#pendingValue(bytes.toString('latin1'));
    if (pending !== undefined) return pending === null ? undefined : unsealValue(pending);
    const stored = this.#table.getBinary(bytes);
    return stored && this.#unseal(bytes, stored);
  }

  /** All entries as of now, in memory. */
  range(prefix: CatalogKey): { key: CatalogKey; value: CatalogValue }[] {
    assert(!this.#isClosed, 'a closed catalog is not read');
    const start = encodeKey(prefix);
    const found = new Map<string, CatalogValue>();
    const from = start.length > 0 ? start : LOWEST_KEY;
    for (const { key, value } of this.#table.getRange({ start: from, end: endOfPrefix(start) })) {
      found.set(key.toString('latin1'), this.#unseal(key, value));
    }
    found.delete(FORMAT_KEY_TEXT);
    const isOrdered = !this.#overlayRange(start.toString('latin1'), found);
    const keys = isOrdered ? [...found.keys()] : [...found.keys()].sort();
    return keys.map((key) => ({
      key: decodeKey(Buffer.from(key, 'latin1')),
      value: found.get(key),
    }));
  }

  snapshot(): CatalogSnapshot {
    assert(!this.#isClosed, 'a closed catalog is not read');
    const pending: Overlay = new Map(this.#committing?.overlay);
    for (const [key, value] of this.#queued.overlay) pending.set(key, value);
    pending.delete(FORMAT_KEY_TEXT);
    const transaction = this.#table.useReadTransaction();
    return { entries: this.#entriesOf(transaction, pending), end: () => transaction.done() };
  }

  *#entriesOf(
    transaction: ReturnType<LmdbTable['useReadTransaction']>,
    pending: Overlay,
  ): Iterable<{ key: CatalogKey; value: CatalogValue }> {
    const entryOf = (key: Buffer, value: CatalogValue) => ({ key: decodeKey(key), value });
    for (const { key, value } of this.#table.getRange({ start: LOWEST_KEY, transaction })) {
      const text = key.toString('latin1');
      if (pending.has(text) || text === FORMAT_KEY_TEXT) continue;
      yield entryOf(key, this.#unseal(key, value));
    }
    for (const [key, value] of pending) {
      if (value !== null) yield entryOf(Buffer.from(key, 'latin1'), unsealValue(value));
    }
  }

  /**
   * As {@link Catalog.write}. Rejects with STORAGE_OFFLINE when the disk failed, and with
   * STORAGE_FULL when the file cannot grow: then nothing was changed, the catalog lives on, and
   * this write's keys read as before.
   */
  async write(changes: readonly CatalogChange[]): Promise<void> {
    assert(!this.#isClosed, 'a closed catalog is not written to');
    if (this.#failure) throw this.#failure;
    const sealed = changes.map(({ key, value }) => {
      const bytes = encodeKey(key);
      assert(!bytes.equals(FORMAT_KEY), 'the key of the format is not for others');
      return {
        key: bytes.toString('latin1'),
        value: value === undefined ? null : sealValue(bytes, value),
      };
    });
    const group = this.#queued;
    for (const { key, value } of sealed) group.overlay.set(key, value);
    const settled = new Promise<void>((resolve, reject) => {
      group.waiters.push({ resolve, reject });
    });
    this.#draining ??= this.#drain();
    await settled;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#draining;
    await this.#room.close();
    if (!this.#isStuck) await this.#table.close();
  }

  async #drain(): Promise<void> {
    // Writes of the same stretch of code become one commit.
    await null;
    while (this.#queued.waiters.length > 0 && !this.#failure) {
      const group = this.#queued;
      this.#committing = group;
      this.#queued = newGroup();
      const error = await this.#commit(group.overlay);
      this.#committing = null;
      if (error?.code === 'STORAGE_OFFLINE') this.#fail(error, group);
      else if (error) for (const waiter of group.waiters) waiter.reject(error);
      else for (const waiter of group.waiters) waiter.resolve();
    }
    this.#draining = null;
  }

  /** Null when the group is durable. */
  async #commit(overlay: Overlay): Promise<EngineError | null> {
    if (overlay.size === 0) return null;
    if (!this.#namesFormat) overlay.set(FORMAT_KEY_TEXT, sealValue(FORMAT_KEY, CATALOG_FORMAT));
    try {
      await this.#room.ensure(this.#bytesAfter(overlay));
    } catch (cause) {
      return this.#roomError(cause);
    }
    return new Promise((resolve) => {
      const deadline = this.#clock.schedule(this.#commitDeadlineMs, () => {
        this.#isStuck = true;
        resolve(this.#offline(`a commit took over ${this.#commitDeadlineMs} ms`));
      });
      void this.#handToLmdb(overlay).then((cause) => {
        deadline.cancel();
        this.#namesFormat = true;
        resolve(cause === null ? null : this.#offline(reasonOf(cause), cause));
      });
    });
  }

  /** Resolves with null when LMDB has committed, else with its error; never rejects. */
  async #handToLmdb(overlay: Overlay): Promise<unknown> {
    try {
      await this.#table.batch(() => {
        for (const [key, value] of overlay) {
          const bytes = Buffer.from(key, 'latin1');
          // The promises of a batch's parts say nothing that the batch's own does not.
          if (value === null) void this.#table.remove(bytes);
          else void this.#table.put(bytes, value);
        }
      });
      return null;
    } catch (error) {
      // lmdb-js hands the cause out as a second promise, whose rejection would otherwise end the
      // process.
      const { commitError } = error as { commitError?: Promise<unknown> };
      return commitError ? commitError.catch((cause: unknown) => cause) : error;
    }
  }

  /** An upper bound of the file's size after a commit that finds no free page. */
  #bytesAfter(overlay: Overlay): number {
    const stats = this.#table.getStats() as TableStats;
    let changedBytes = 0;
    let overflowPages = 0;
    for (const [key, value] of overlay) {
      const bytes = key.length + (value?.length ?? 0) + NODE_HEADER_BYTES;
      changedBytes += bytes;
      if (bytes > stats.pageSize / 4) overflowPages += 1 + Math.ceil(bytes / stats.pageSize);
    }
    const treePages = stats.treeBranchPageCount + stats.treeLeafPageCount;
    const copied = Math.min(overlay.size * (stats.treeDepth + 1), treePages);
    // Split pages are at least half full.
    const added = Math.ceil((2 * changedBytes) / stats.pageSize) + overflowPages;
    return (stats.lastPageNumber + 1 + copied + added + LIMITS.catalogPagesSpare) * stats.pageSize;
  }

  /**
   * The whole file was checked when it was opened: a value that does not match now has changed
   * since.
   */
  #unseal(key: Buffer, stored: Buffer): CatalogValue {
    if (isIntact(key, stored)) return unsealValue(stored);
    const message = `the catalog ${this.#path} is damaged: the entry ${describeKey(key)} has changed since it was opened`;
    throw new EngineError('CATALOG_DAMAGED', message, { path: this.#path });
  }

  #fail(error: EngineError, group: Group): void {
    this.#failure = error;
    for (const waiter of [...group.waiters, ...this.#queued.waiters]) waiter.reject(error);
    this.#queued = newGroup();
    this.#onFailure(error);
  }

  #roomError(cause: unknown): EngineError {
    const { code } = cause as { code?: string };
    if (code !== 'ENOSPC' && code !== 'EDQUOT' && code !== 'EFBIG') {
      return this.#offline(reasonOf(cause), cause);
    }
    const message = `the catalog cannot grow: ${code} (${this.#path})`;
    return new EngineError('STORAGE_FULL', message, { cause, path: this.#path });
  }

  #offline(reason: string, cause?: unknown): EngineError {
    const message = `the catalog could not be written to disk: ${reason} (${this.#path})`;
    return new EngineError('STORAGE_OFFLINE', message, { cause, path: this.#path });
  }

  /** Undefined when no pending write touches the key, null when one removes it. */
  #pendingValue(key: string): Buffer | null | undefined {
    const queued = this.#queued.overlay.get(key);
    return queued !== undefined ? queued : this.#committing?.overlay.get(key);
  }

  /** Lays pending writes below `prefix` over `found`; true if keys may be out of order now. */
  #overlayRange(prefix: string, found: Map<string, CatalogValue>): boolean {
    let isChanged = false;
    for (const group of [this.#committing, this.#queued]) {
      for (const [key, value] of group?.overlay ?? []) {
        if (!key.startsWith(prefix) || key === FORMAT_KEY_TEXT) continue;
        if (value === null) found.delete(key);
        else found.set(key, unsealValue(value));
        isChanged = true;
      }
    }
    return isChanged;
  }
}

function newGroup(): Group {
  return { overlay: new Map(), waiters: [] };
}

/** lmdb-js puts the errno's number into `code`, where Node puts its name. */
function reasonOf(cause: unknown): string {
  const { code, message } = cause as { code?: unknown; message?: string };
  if (typeof code === 'number' && code > 0) return getSystemErrorName(-code);
  return typeof code === 'string' ? code : (message ?? String(cause));
}

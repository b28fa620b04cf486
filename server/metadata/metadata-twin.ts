import { type Catalog, type CatalogChange, type Clock, EngineError } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Logger } from '../logging/log.js';
import { hasBrokerLogs, knowsNoLog } from './broker-logs.js';
import type { MetadataEntry, MetadataStore, WatchEvent } from './store.js';

/** The same key as in `metadata.mdb`, so that either file can be made from the other. */
const REVISION_KEY = ['metadata', 'revision'] as const;
const ENTRY_PREFIX = ['metadata', 'key'] as const;

export interface MetadataTwinOptions {
  readonly store: MetadataStore;
  /** The engine's catalog: another file than the store's. */
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Path of the data directory, for the message. */
  readonly dataDir: string;
  /**
   * Whether the data directory has partition folders with segments. Asked only of an empty store.
   */
  hasSegments(): Promise<boolean>;
}

/**
 * A copy of the metadata in the engine's catalog, a moment behind it, for when `metadata.mdb` is
 * lost: topics that have no file yet, numbers of partitions and settings stand nowhere else. No
 * request waits for the copy.
 */
export class MetadataTwin {
  readonly #options: MetadataTwinOptions;
  #stopWatching: () => void = () => {};
  /** The changes to be written, by key; undefined removes. */
  #changes = new Map<string, CatalogChange>();
  #revision = 0;
  #writing: Promise<void> | null = null;
  #isClosed = false;

  private constructor(options: MetadataTwinOptions) {
    this.#options = options;
  }

  /**
   * Follows the store. It must be called before anything is written to the store. Rejects
   * CATALOG_DAMAGED when the copy is ahead of the store, or the store is empty and the catalog
   * knows logs of a broker, or knows none beside folders that have segments: `metadata.mdb` is not
   * the file that belongs here, or it is missing, or both files are.
   */
  static async open(options: MetadataTwinOptions): Promise<MetadataTwin> {
    const { store, catalog, dataDir } = options;
    const { entries, revision } = await store.range('');
    const copied = (catalog.get(REVISION_KEY) as number | undefined) ?? 0;
    if (copied > revision) throw behindItsCopy(dataDir, revision, copied);
    if (revision === 0) {
      const known = [...catalog.range([])];
      if (hasBrokerLogs(known)) throw behindItsCopy(dataDir, revision, copied);
      if (knowsNoLog(known) && (await options.hasSegments())) throw bothLost(dataDir);
    }
    const twin = new MetadataTwin(options);
    twin.#stopWatching = store.watch('', (event) => twin.#follow(event), {
      fromRevision: revision + 1,
    });
    if (copied < revision) twin.#copyAll(entries, revision);
    return twin;
  }

  /**
   * Stops following the store. Resolves when the copy is as new as the store, or cannot be written.
   */
  async close(): Promise<void> {
    this.#stopWatching();
    this.#isClosed = true;
    await this.#writing;
  }

  #copyAll(entries: readonly MetadataEntry[], revision: number): void {
    for (const { key } of this.#options.catalog.range(ENTRY_PREFIX)) {
      this.#changes.set(String(key[2]), { key, value: undefined });
    }
    for (const { key, value, revision: written } of entries) this.#set(key, value, written);
    this.#revision = revision;
    this.#wake();
  }

  #follow({ revision, changes }: WatchEvent): void {
    for (const { key, value } of changes) this.#set(key, value, revision);
    this.#revision = revision;
    this.#wake();
  }

  #set(key: string, value: unknown, revision: number): void {
    const entry = value === undefined ? undefined : { value, revision, leaseId: null };
    this.#changes.set(key, { key: [...ENTRY_PREFIX, key], value: entry });
  }

  #wake(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Changes of the same stretch of code become one transaction.
    await null;
    await this.#writeAll();
    this.#writing = null;
  }

  /** The keys of the next transaction. */
  #nextKeys(): string[] {
    const keys: string[] = [];
    for (const key of this.#changes.keys()) {
      keys.push(key);
      if (keys.length === SERVER_LIMITS.metadataCopyChangesMax) break;
    }
    return keys;
  }

  async #writeAll(): Promise<void> {
    const { catalog, clock, logger } = this.#options;
    while (this.#changes.size > 0) {
      const keys = this.#nextKeys();
      const changes = keys.map((key) => this.#changes.get(key)!);
      const isLast = keys.length === this.#changes.size;
      for (const key of keys) this.#changes.delete(key);
      // The revision is written last: an unfinished copy is made again.
      const revision = { key: REVISION_KEY, value: this.#revision };
      try {
        await catalog.write(isLast ? [...changes, revision] : changes);
      } catch (error) {
        for (const [at, key] of keys.entries()) {
          if (!this.#changes.has(key)) this.#changes.set(key, changes[at]!);
        }
        const isFull = error instanceof EngineError && error.code === 'STORAGE_FULL';
        if (!isFull || this.#isClosed) return;
        logger.warn(
          { error },
          'the copy of the metadata is behind until there is room on the disk',
        );
        clock.schedule(SERVER_LIMITS.metadataCopyRetryMs, () => {
          if (!this.#isClosed) this.#wake();
        });
        return;
      }
    }
  }
}

function behindItsCopy(dataDir: string, revision: number, copied: number): EngineError {
  const path = `${dataDir}/metadata.mdb`;
  return new EngineError(
    'CATALOG_DAMAGED',
    `the metadata ${path} ${revision === 0 ? 'is missing' : `is older than its copy (revision ${revision} instead of ${copied})`}; nothing was ` +
      `changed. Restore the file, or make it anew from its copy and the logs with 'odradek catalog rebuild ${dataDir}'`,
    { path },
  );
}

function bothLost(dataDir: string): EngineError {
  return new EngineError(
    'CATALOG_DAMAGED',
    `${dataDir} has logs, and both catalogs, catalog.mdb and metadata.mdb, are missing or empty; nothing was changed. ` +
      `Restore the files, or make them anew from the logs with 'odradek catalog rebuild ${dataDir}'`,
    { path: `${dataDir}/metadata.mdb` },
  );
}

/** The engine's catalog, in the data directory. */
export const CATALOG_FILE = 'catalog.mdb';

/**
 * A key: parts that sort one after another, strings bytewise, numbers by value, numbers before
 * strings.
 */
export type CatalogKey = readonly (string | number)[];

/**
 * Plain data that msgpack can carry: numbers, strings, booleans, null, Buffers, arrays and records
 * of them.
 */
export type CatalogValue = unknown;

/** One change of a transaction; `value: undefined` removes the key. */
export interface CatalogChange {
  readonly key: CatalogKey;
  readonly value: CatalogValue | undefined;
}

/** The entries of a catalog as of one moment. */
export interface CatalogSnapshot {
  readonly entries: Iterable<{ readonly key: CatalogKey; readonly value: CatalogValue }>;
  /** Gives back what it holds. */
  end(): void;
}

/**
 * A small ordered store of one data directory's facts. One process, one writer. Reads are
 * synchronous and see every write that was handed in before them.
 */
export interface Catalog {
  /** Undefined when there is no such key. */
  get(key: CatalogKey): CatalogValue | undefined;
  /** Entries whose key begins with `prefix`, in key order. */
  range(prefix: CatalogKey): Iterable<{ key: CatalogKey; value: CatalogValue }>;
  /**
   * All entries as of this call, in no particular order, read bit by bit while writes go on; the
   * caller ends it, before it closes the catalog. Undefined where `range` is cheap enough.
   */
  snapshot?(): CatalogSnapshot;
  /**
   * Applies all changes in one transaction. When it resolves, all of them are durable.
   * STORAGE_OFFLINE: the disk failed, the state on disk is unknown and the directory must go
   * offline (no retry). STORAGE_FULL: there is no room, none of the changes was applied, reads show
   * the values of before, and later writes are taken.
   */
  write(changes: readonly CatalogChange[]): Promise<void>;
  /** Resolves when everything handed in is durable and the files are closed. */
  close(): Promise<void>;
}

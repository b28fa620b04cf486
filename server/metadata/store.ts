/**
 * The cluster's facts behind one interface, shaped after etcd v3 so that one node
 * (`catalog-store.ts`) and several nodes can use the same one. Keys are text, sorted by their UTF-8
 * bytes; values are plain data that msgpack can carry. A value is handed over: neither writer nor
 * reader changes it afterwards.
 *
 * Every transaction that changes something has a revision: a number that rises by one with each,
 * from 1, and never falls, across restarts too. A key's revision is that of the transaction that
 * last wrote it.
 */
export interface MetadataStore {
  /** The key's entry, or null when there is none. */
  get(key: string): Promise<MetadataEntry | null>;

  /**
   * All entries whose key begins with `prefix`, in key order, as of one revision. '' is everything.
   * To follow them, hand `revision + 1` to {@link watch}.
   */
  range(prefix: string): Promise<{ readonly entries: MetadataEntry[]; readonly revision: number }>;

  /**
   * Applies all changes at once if all conditions hold, else none. When it resolves with
   * `committed: true` they are durable; `revision` is theirs (the store's current one when there
   * are no changes). A key may be named by one change only. Rejects when the store failed: then the
   * outcome is unknown until it is read back.
   */
  transact(transaction: Transaction): Promise<TransactionOutcome>;

  /**
   * Calls `listener` for every committed change of a key that begins with `prefix`: each once, in
   * the order of revisions, all changes of a transaction in one call, never before they are
   * durable, never from within a call to the store. Begins with the first change after the call; a
   * `fromRevision` (inclusive) also brings back earlier ones, or throws COMPACTED when the store
   * has forgotten them: then read the range again and watch from its revision.
   *
   * @returns a function that ends the watch: no call comes after it returned.
   */
  watch(prefix: string, listener: WatchListener, options?: WatchOptions): () => void;

  /**
   * Grants a lease: keys written with its id vanish, in one transaction that watchers see, when it
   * was revoked or not kept alive for `ttlMs`. Leases die with the process that serves them; their
   * keys vanish when it comes back.
   */
  lease(ttlMs: number): Promise<Lease>;

  /** Ends watches and leases, and waits for transactions under way. */
  close(): Promise<void>;
}

/**
 * Numbers, strings, booleans, null, Buffers, arrays and records of them; `undefined` stands for no
 * value.
 */
export type MetadataValue = unknown;

export interface MetadataEntry {
  readonly key: string;
  readonly value: MetadataValue;
  /** The transaction that last wrote the key. */
  readonly revision: number;
}

export interface Transaction {
  /**
   * All conditions must hold. Each names the revision at which a key was last written; 0: there is
   * no such key.
   */
  readonly conditions?: readonly { readonly key: string; readonly revision: number }[];
  /** `value: undefined` removes the key; removing a missing one is no change. */
  readonly changes: readonly MetadataChange[];
}

export interface MetadataChange {
  readonly key: string;
  readonly value: MetadataValue | undefined;
  /**
   * The lease that the key hangs on from now on; none if left out. An ended lease rejects with
   * NO_SUCH_LEASE.
   */
  readonly leaseId?: string;
}

export type TransactionOutcome =
  | { readonly committed: true; readonly revision: number }
  | { readonly committed: false };

/** The changes of one transaction below the watched prefix; `value: undefined` means removed. */
export interface WatchEvent {
  readonly revision: number;
  readonly changes: readonly { readonly key: string; readonly value: MetadataValue | undefined }[];
}

export type WatchListener = (event: WatchEvent) => void;

export interface WatchOptions {
  readonly fromRevision?: number;
}

export interface Lease {
  readonly id: string;
  /**
   * Keeps the lease alive for `ttlMs` from now on. Rejects with NO_SUCH_LEASE when it has ended.
   */
  keepAlive(): Promise<void>;
  /**
   * Ends the lease; when it resolves, the lease's keys are removed durably. Does nothing when the
   * lease has ended.
   */
  revoke(): Promise<void>;
  /** Resolves when the lease has ended for any reason, and its holder may no longer act on it. */
  readonly expired: Promise<void>;
}

export const METADATA_ERRORS = {
  NO_SUCH_LEASE: 'the lease has expired, was revoked, or never was',
  COMPACTED: 'changes from that revision on are no longer known',
  STORE_CLOSED: 'the metadata store was closed',
} as const;

export type MetadataErrorCode = keyof typeof METADATA_ERRORS;

/** An expected failure of a metadata store, by its `code`. */
export class MetadataError extends Error {
  override name = 'MetadataError';
  readonly code: MetadataErrorCode;

  constructor(code: MetadataErrorCode, message: string = METADATA_ERRORS[code]) {
    super(message);
    this.code = code;
  }
}

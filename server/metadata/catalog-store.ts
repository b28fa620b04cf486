import assert from 'node:assert/strict';
import type { Catalog, CatalogChange, Clock } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import { Leases } from './leases.js';
import {
  type Lease,
  type MetadataChange,
  type MetadataEntry,
  MetadataError,
  type MetadataStore,
  type Transaction,
  type TransactionOutcome,
  type WatchListener,
  type WatchOptions,
} from './store.js';
import { type Committed, Watchers } from './watchers.js';

/** In the data directory, beside the engine's own catalog. */
export const METADATA_FILE = 'metadata.mdb';

/**
 * `['metadata', 'revision']`: the last revision given. `['metadata', 'key', <key>]`: a {@link
 * StoredEntry}.
 */
const REVISION_KEY = ['metadata', 'revision'] as const;
const ENTRY_PREFIX = ['metadata', 'key'] as const;

interface StoredEntry {
  readonly value: unknown;
  readonly revision: number;
  /** The lease that the key hangs on; leases of an earlier process are dead. */
  readonly leaseId: string | null;
}

/** A job that waits in the queue: a transaction, or the end of a lease. */
type Job = {
  readonly resolve: (outcome: TransactionOutcome) => void;
  readonly reject: (error: unknown) => void;
} & ({ readonly transaction: Transaction } | { readonly endedLeaseId: string });

/** Every durable entry. The catalog itself also shows what it is still writing. */
type Entries = Map<string, StoredEntry>;

/**
 * The metadata of a single node, in a catalog that the caller opened and closes. Keys hung on
 * leases of an earlier process are removed before the promise resolves. Rejects with the catalog's
 * error.
 */
export async function openCatalogStore(
  catalog: Catalog,
  options: { readonly clock: Clock },
): Promise<MetadataStore> {
  const entries: Entries = new Map();
  const orphans: CatalogChange[] = [];
  const changes: MetadataChange[] = [];
  for (const { key, value } of catalog.range(ENTRY_PREFIX)) {
    const entry = value as StoredEntry;
    const name = String(key[ENTRY_PREFIX.length]);
    if (entry.leaseId === null) entries.set(name, entry);
    else {
      orphans.push({ key, value: undefined });
      changes.push({ key: name, value: undefined });
    }
  }
  let revision = (catalog.get(REVISION_KEY) as number | undefined) ?? 0;
  const watchers = new Watchers(revision);
  if (orphans.length > 0) {
    revision++;
    await catalog.write([...orphans, { key: REVISION_KEY, value: revision }]);
    watchers.publish({ revision, changes });
  }
  return new CatalogStore({ catalog, clock: options.clock, entries, revision, watchers });
}

/**
 * Transactions are judged one after another and written in groups, and only durable entries can be
 * read. Watchers have been called when a transaction's promise resolves.
 */
class CatalogStore implements MetadataStore {
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #entries: Entries;
  readonly #watchers: Watchers;
  readonly #leases: Leases;
  #revision: number;
  #jobs: Job[] = [];
  #draining: Promise<void> | null = null;
  #isClosed = false;

  constructor(parts: {
    readonly catalog: Catalog;
    readonly clock: Clock;
    readonly entries: Entries;
    readonly revision: number;
    readonly watchers: Watchers;
  }) {
    this.#catalog = parts.catalog;
    this.#clock = parts.clock;
    this.#entries = parts.entries;
    this.#revision = parts.revision;
    this.#watchers = parts.watchers;
    this.#leases = new Leases(parts.clock, (id) => this.#removeKeysOf(id));
  }

  async get(key: string): Promise<MetadataEntry | null> {
    this.#refuseIfClosed();
    const entry = this.#entries.get(key);
    return entry ? { key, value: entry.value, revision: entry.revision } : null;
  }

  async range(prefix: string): Promise<{ entries: MetadataEntry[]; revision: number }> {
    this.#refuseIfClosed();
    const entries: MetadataEntry[] = [];
    for (const [key, { value, revision }] of this.#entries) {
      if (key.startsWith(prefix)) entries.push({ key, value, revision });
    }
    entries.sort((a, b) => compareUtf8(a.key, b.key));
    return { entries, revision: this.#revision };
  }

  async transact(transaction: Transaction): Promise<TransactionOutcome> {
    this.#refuseIfClosed();
    const keys = new Set(transaction.changes.map(({ key }) => key));
    assert(keys.size === transaction.changes.length, 'a transaction names a key twice');
    return this.#enqueue({ transaction });
  }

  watch(prefix: string, listener: WatchListener, options: WatchOptions = {}): () => void {
    this.#refuseIfClosed();
    return this.#watchers.add(prefix, listener, options.fromRevision);
  }

  async lease(ttlMs: number): Promise<Lease> {
    this.#refuseIfClosed();
    const lease = this.#leases.grant(ttlMs);
    return {
      id: lease.id,
      expired: lease.expired,
      keepAlive: async () => {
        if (!this.#leases.keepAlive(lease)) throw new MetadataError('NO_SUCH_LEASE');
      },
      revoke: async () => {
        if (this.#leases.end(lease)) await this.#enqueue({ endedLeaseId: lease.id });
      },
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#leases.endAll();
    await this.#draining;
    this.#watchers.clear();
  }

  #refuseIfClosed(): void {
    if (this.#isClosed) throw new MetadataError('STORE_CLOSED');
  }

  #enqueue(
    work: { readonly transaction: Transaction } | { readonly endedLeaseId: string },
  ): Promise<TransactionOutcome> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ ...work, resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    // Transactions of the same stretch of code become one write.
    await null;
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs;
      this.#jobs = [];
      await this.#writeGroup(new Group(this.#entries, this.#revision, this.#leases), jobs);
    }
    this.#draining = null;
  }

  async #writeGroup(group: Group, jobs: readonly Job[]): Promise<void> {
    const judged: { job: Job; outcome: TransactionOutcome }[] = [];
    for (const job of jobs) {
      try {
        judged.push({ job, outcome: group.judge(job) });
      } catch (error) {
        job.reject(error);
      }
    }
    try {
      if (group.committed.length > 0) await this.#catalog.write(group.catalogChanges());
    } catch (error) {
      // Nothing of the group was applied, so all of its jobs are rejected, also those that changed
      // nothing.
      for (const { job } of judged) job.reject(error);
      return;
    }
    for (const [key, entry] of group.overlay) {
      if (entry) this.#entries.set(key, entry);
      else this.#entries.delete(key);
    }
    this.#revision = group.revision;
    for (const committed of group.committed) this.#watchers.publish(committed);
    for (const { job, outcome } of judged) job.resolve(outcome);
  }

  #removeKeysOf(endedLeaseId: string): void {
    if (this.#isClosed) return;
    // A full disk will have room again, and with a failed disk every caller gets an error anyway.
    this.#enqueue({ endedLeaseId }).catch(() => {
      this.#clock.schedule(SERVER_LIMITS.leaseExpiryRetryMs, () =>
        this.#removeKeysOf(endedLeaseId),
      );
    });
  }
}

/**
 * Transactions that are judged in order, each on the state that the ones before it leave, and
 * written together.
 */
class Group {
  readonly overlay = new Map<string, StoredEntry | null>();
  readonly committed: Committed[] = [];
  revision: number;
  readonly #base: Entries;
  readonly #leases: Leases;

  constructor(base: Entries, revision: number, leases: Leases) {
    this.#base = base;
    this.revision = revision;
    this.#leases = leases;
  }

  /** Takes the job in, or says that its conditions do not hold. Throws NO_SUCH_LEASE. */
  judge(job: Job): TransactionOutcome {
    if ('endedLeaseId' in job) return this.#commit(this.#removalsFor(job.endedLeaseId));
    const { conditions = [], changes } = job.transaction;
    for (const { key, revision } of conditions) {
      if ((this.#entry(key)?.revision ?? 0) !== revision) return { committed: false };
    }
    for (const { leaseId } of changes) {
      if (leaseId !== undefined && !this.#leases.isLive(leaseId)) {
        throw new MetadataError('NO_SUCH_LEASE');
      }
    }
    return this.#commit(
      changes.filter(({ key, value }) => value !== undefined || this.#entry(key)),
    );
  }

  catalogChanges(): CatalogChange[] {
    const changes: CatalogChange[] = [{ key: REVISION_KEY, value: this.revision }];
    for (const [key, entry] of this.overlay) {
      changes.push({ key: [...ENTRY_PREFIX, key], value: entry ?? undefined });
    }
    return changes;
  }

  #commit(changes: readonly MetadataChange[]): TransactionOutcome {
    if (changes.length === 0) return { committed: true, revision: this.revision };
    const revision = ++this.revision;
    for (const { key, value, leaseId = null } of changes) {
      this.overlay.set(key, value === undefined ? null : { value, revision, leaseId });
    }
    this.committed.push({ revision, changes });
    return { committed: true, revision };
  }

  #removalsFor(leaseId: string): MetadataChange[] {
    const keys = new Set([...this.#base.keys(), ...this.overlay.keys()]);
    return [...keys]
      .filter((key) => this.#entry(key)?.leaseId === leaseId)
      .map((key) => ({ key, value: undefined }));
  }

  #entry(key: string): StoredEntry | null {
    const pending = this.overlay.get(key);
    return pending !== undefined ? pending : (this.#base.get(key) ?? null);
  }
}

/** The order of the UTF-8 bytes, which is not that of JavaScript's strings beyond U+FFFF. */
function compareUtf8(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

import { assert } from '../assert.js';
import { type Clock, systemClock } from '../clock.js';
import { EngineError } from '../errors.js';
import type { Catalog, CatalogChange, CatalogKey, CatalogValue } from './catalog.js';
import { decodeKey, encodeKey } from './key-codec.js';
import { packValue, unpackValue } from './value-codec.js';

/** Encoded keys as latin1 text, which compares as the bytes do, and packed values. */
type Entries = Map<string, Buffer>;

interface PackedChange {
  readonly key: string;
  readonly value: Buffer | undefined;
}

interface Pending {
  readonly changes: readonly PackedChange[];
  readonly resolve: () => void;
}

/**
 * A catalog without a disk, for tests and simulations. Values go through msgpackr as on disk, so
 * nothing is aliased. A transaction is visible at once and durable when its promise resolves, in a
 * later turn; {@link crash} loses the rest.
 */
export class MemoryCatalog implements Catalog {
  readonly #clock: Clock;
  readonly #durable: Entries;
  readonly #visible: Entries;
  /** The visible keys in order; null after a key came or went. */
  #order: string[] | null = null;
  #pending: Pending[] = [];
  #failNext: string | null = null;
  #failure: EngineError | null = null;
  #state: 'open' | 'closed' | 'crashed' = 'open';

  constructor(options: { readonly clock?: Clock } = {}, durable: Entries = new Map()) {
    this.#clock = options.clock ?? systemClock;
    this.#durable = durable;
    this.#visible = new Map(durable);
  }

  get(key: CatalogKey): CatalogValue | undefined {
    const packed = this.#visible.get(encodeKey(key).toString('latin1'));
    return packed && unpackValue(packed);
  }

  range(prefix: CatalogKey): { key: CatalogKey; value: CatalogValue }[] {
    const begin = encodeKey(prefix).toString('latin1');
    this.#order ??= [...this.#visible.keys()].sort();
    const found: { key: CatalogKey; value: CatalogValue }[] = [];
    for (let at = lowerBound(this.#order, begin); at < this.#order.length; at++) {
      const key = this.#order[at]!;
      if (!key.startsWith(begin)) break;
      found.push(entryOf(key, this.#visible.get(key)!));
    }
    return found;
  }

  async write(changes: readonly CatalogChange[]): Promise<void> {
    assert(this.#state !== 'closed', 'a closed catalog is not written to');
    if (this.#failure) throw this.#failure;
    if (this.#failNext !== null) {
      this.#failure = new EngineError(
        'STORAGE_OFFLINE',
        'the catalog could not be written to disk',
        {
          cause: Object.assign(new Error(this.#failNext), { code: this.#failNext }),
        },
      );
      throw this.#failure;
    }
    const packed = changes.map(({ key, value }) => ({
      key: encodeKey(key).toString('latin1'),
      value: value === undefined ? undefined : packValue(value),
    }));
    for (const change of packed) {
      if (this.#visible.has(change.key) !== (change.value !== undefined)) this.#order = null;
      apply(this.#visible, change);
    }
    await new Promise<void>((resolve) => {
      this.#pending.push({ changes: packed, resolve });
      if (this.#pending.length === 1) this.#clock.afterTurn(() => this.#sync());
    });
  }

  async close(): Promise<void> {
    // A write of nothing becomes durable after everything that was handed in before it.
    if (this.#state === 'open' && !this.#failure) await this.write([]);
    this.#state = 'closed';
  }

  /**
   * The next write, and as on a failed disk every one after it, rejects with STORAGE_OFFLINE; its
   * cause has this code.
   */
  failNextWrite(code: string): void {
    this.#failNext = code;
  }

  /** What a power cut at this moment would leave, in key order. */
  snapshotDurable(): { key: CatalogKey; value: CatalogValue }[] {
    return [...this.#durable.keys()].sort().map((key) => entryOf(key, this.#durable.get(key)!));
  }

  /**
   * Cuts the power: returns a catalog with whole durable transactions only. `survivors`
   * transactions that were still under way made it to the disk too, oldest first. Promises of this
   * catalog that are open stay so for ever.
   */
  crash(survivors = 0): MemoryCatalog {
    this.#state = 'crashed';
    const durable = new Map(this.#durable);
    for (const { changes } of this.#pending.splice(0, survivors)) {
      for (const change of changes) apply(durable, change);
    }
    return new MemoryCatalog({ clock: this.#clock }, durable);
  }

  #sync(): void {
    if (this.#state === 'crashed') return;
    const batch = this.#pending;
    this.#pending = [];
    for (const { changes } of batch) for (const change of changes) apply(this.#durable, change);
    for (const { resolve } of batch) resolve();
  }
}

function apply(entries: Entries, change: PackedChange): void {
  if (change.value === undefined) entries.delete(change.key);
  else entries.set(change.key, change.value);
}

function entryOf(key: string, packed: Buffer): { key: CatalogKey; value: CatalogValue } {
  return { key: decodeKey(Buffer.from(key, 'latin1')), value: unpackValue(packed) };
}

/** The first index whose key is not below `key`. */
function lowerBound(order: readonly string[], key: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (order[middle]! < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

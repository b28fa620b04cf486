import { SERVER_LIMITS } from '../limits.js';

/**
 * An immutable map by text whose changed copies cost little: recent changes lie in a small layer
 * above a large one that all copies share. When the small layer has grown to about the square root
 * of the large one, both are merged into a new large one. So a single change of a map with many
 * entries costs little, and a lookup looks into two layers at most.
 */
export class LayeredMap<V extends object> {
  readonly size: number;
  readonly #base: ReadonlyMap<string, V>;
  /** A value of null: the key was removed. Null for no layer. */
  readonly #recent: ReadonlyMap<string, V | null> | null;

  private constructor(
    base: ReadonlyMap<string, V>,
    recent: ReadonlyMap<string, V | null> | null,
    size: number,
  ) {
    this.#base = base;
    this.#recent = recent;
    this.size = size;
  }

  static empty<V extends object>(): LayeredMap<V> {
    return new LayeredMap<V>(new Map(), null, 0);
  }

  get(key: string): V | undefined {
    if (this.#recent === null) return this.#base.get(key);
    const recent = this.#recent.get(key);
    return recent === undefined ? this.#base.get(key) : (recent ?? undefined);
  }

  *keys(): Iterable<string> {
    if (this.#recent === null) yield* this.#base.keys();
    else for (const [key] of this.#entries(this.#recent)) yield key;
  }

  *values(): Iterable<V> {
    if (this.#recent === null) yield* this.#base.values();
    else for (const [, value] of this.#entries(this.#recent)) yield value;
  }

  /** A copy with these changes; null removes the key. */
  with(changes: Iterable<readonly [string, V | null]>): LayeredMap<V> {
    const recent = new Map(this.#recent);
    let { size } = this;
    for (const [key, value] of changes) {
      const known = recent.get(key);
      const wasThere = known === undefined ? this.#base.has(key) : known !== null;
      size += (value === null ? 0 : 1) - (wasThere ? 1 : 0);
      recent.set(key, value);
    }
    const layerMax = Math.sqrt(this.#base.size);
    if (this.#base.size >= SERVER_LIMITS.imageLayeredTopicsMin && recent.size <= layerMax) {
      return new LayeredMap(this.#base, recent, size);
    }
    return new LayeredMap(new Map(this.#entries(recent)), null, size);
  }

  *#entries(recent: ReadonlyMap<string, V | null>): Iterable<[string, V]> {
    for (const [key, value] of this.#base) {
      const now = recent.get(key);
      if (now === undefined) yield [key, value];
      else if (now !== null) yield [key, now];
    }
    for (const [key, value] of recent) {
      if (value !== null && !this.#base.has(key)) yield [key, value];
    }
  }
}

import type { CatalogInspection } from '../../engine/index.js';
import type { StoredEntry, StoredMetadata } from './restored-metadata.js';

/** The metadata in a catalog file, `metadata.mdb` or the engine's. */
export function storedMetadata({ entries, state, isCurrent }: CatalogInspection): StoredMetadata {
  const found = new Map<string, StoredEntry>();
  let revision = 0;
  for (const { key, value } of entries) {
    if (key[0] !== 'metadata') continue;
    if (key[1] === 'revision') revision = value as number;
    else if (key[1] === 'key') found.set(String(key[2]), value as StoredEntry);
  }
  return { entries: found, revision, isWhole: state === 'sound' && isCurrent && revision > 0 };
}

/** The entries of `metadata.mdb`. */
export function metadataChanges(
  entries: ReadonlyMap<string, StoredEntry>,
  revision: number,
): { readonly key: readonly string[]; readonly value: unknown }[] {
  const changes = [...entries].map(([key, value]) => ({
    key: ['metadata', 'key', key],
    value: value as unknown,
  }));
  return [...changes, { key: ['metadata', 'revision'], value: revision }];
}

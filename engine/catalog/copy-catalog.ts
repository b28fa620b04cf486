import { LIMITS } from '../limits.js';
import type { TurnSlices } from '../turn-slices.js';
import type { Catalog, CatalogChange, CatalogSnapshot } from './catalog.js';

/** Writes all entries to an empty catalog and closes it: durable when it resolves. */
export async function copyCatalog(
  entries: CatalogSnapshot['entries'],
  to: Catalog,
  slices: TurnSlices,
): Promise<void> {
  const work = slices.begin();
  let changes: CatalogChange[] = [];
  try {
    for (const { key, value } of entries) {
      changes.push({ key, value });
      const pause = work.did(1);
      if (pause !== null) await pause;
      if (changes.length < LIMITS.catalogRebuildChangesMax) continue;
      await to.write(changes);
      changes = [];
    }
    await to.write(changes);
  } finally {
    await to.close();
  }
}

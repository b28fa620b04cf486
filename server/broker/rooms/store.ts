import type { Catalog } from '../../../engine/index.js';
import { openCatalogStore } from '../../metadata/catalog-store.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The cluster's facts by key, with compare-and-swap and watches. */
export const storeRoom = room(
  'store',
  async ({ catalog, clock }: Ground & { catalog: Catalog }) => {
    const store = await openCatalogStore(catalog, { clock });
    return { part: store, close: () => store.close() };
  },
);

import { hasSegments } from '../../../engine/index.js';
import { MetadataTwin } from '../../metadata/metadata-twin.js';
import type { MetadataStore } from '../../metadata/store.js';
import type { Ground, Logs } from '../ground.js';
import { room } from '../room.js';

/** The copy of the cluster's facts in the engine's catalog. Follows the store's first change. */
export const twinRoom = room(
  'twin',
  async ({
    engine,
    store,
    clock,
    logger,
    disk,
  }: Ground & { engine: Logs; store: MetadataStore }) => {
    const twin = await MetadataTwin.open({
      store,
      catalog: engine.catalog,
      clock,
      logger,
      dataDir: engine.path,
      hasSegments: () => hasSegments(disk, engine.path),
    });
    return { part: twin, close: () => twin.close() };
  },
);

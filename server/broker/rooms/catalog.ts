import { join } from 'node:path';
import { METADATA_FILE } from '../../metadata/catalog-store.js';
import type { Ground, Logs } from '../ground.js';
import { room } from '../room.js';

/** The file of the cluster's facts, in the data directory beside the engine's own. */
export const catalogRoom = room(
  'catalog',
  async ({ engine, openCatalog, logger }: Ground & { engine: Logs }) => {
    const catalog = await openCatalog(join(engine.path, METADATA_FILE), {
      suspicious: !engine.wasClean,
      logger,
      onFailure: (error) => engine.takeOffline('the metadata cannot be written', error),
    });
    return { part: catalog, close: () => catalog.close() };
  },
);

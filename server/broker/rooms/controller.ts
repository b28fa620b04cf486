import { join } from 'node:path';
import { IDENTITY_FILE } from '../../../engine/index.js';
import { Controller } from '../../metadata/controller.js';
import type { MetadataStore } from '../../metadata/store.js';
import type { Ground, Logs } from '../ground.js';
import { room } from '../room.js';
import type { OpenMetadata } from './metadata.js';

interface Parts extends Ground {
  readonly engine: Logs;
  readonly store: MetadataStore;
  readonly metadata: OpenMetadata;
}

/** The controller, which changes the cluster's facts. */
export const controllerRoom = room('controller', async (parts: Parts) => {
  const { engine, store, metadata, random, disk, limits } = parts;
  // Two names that differ only in case are one on some disks.
  const upperCased = await disk.stat(join(engine.path, IDENTITY_FILE.toUpperCase()));
  const controller = new Controller({
    store,
    metadata: metadata.replica,
    random,
    names: { caseInsensitiveDisk: upperCased !== null },
    partitionsMax: limits.partitionsMax,
  });
  return { part: controller };
});

import { ProducerIds } from '../../metadata/producer-ids.js';
import type { MetadataStore } from '../../metadata/store.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The source of ids that no producer has had. */
export const producerIdsRoom = room(
  'producerIds',
  ({ store, random }: Ground & { store: MetadataStore }) => ({
    part: new ProducerIds(store, random),
  }),
);

import type { Ground, Logs } from './ground.js';
import { Rooms } from './room.js';
import { admissionRoom } from './rooms/admission.js';
import { catalogRoom } from './rooms/catalog.js';
import { controllerRoom } from './rooms/controller.js';
import { delayedRoom } from './rooms/delayed.js';
import { dispatcherRoom } from './rooms/dispatcher.js';
import { fetchSessionsRoom } from './rooms/fetch-sessions.js';
import { groupsRoom } from './rooms/groups.js';
import { handlersRoom } from './rooms/handlers.js';
import { metadataRoom } from './rooms/metadata.js';
import { partitionsRoom } from './rooms/partitions.js';
import { producerIdsRoom } from './rooms/producer-ids.js';
import { requestCountersRoom } from './rooms/request-counters.js';
import { retentionRoom } from './rooms/retention.js';
import { storeRoom } from './rooms/store.js';
import { twinRoom } from './rooms/twin.js';

/**
 * Every room between a data directory and connections, in the order in which they open. A new room
 * is a file in `rooms/` and a line here.
 */
export const BROKER_ROOMS = Rooms.on<Ground & { readonly engine: Logs }>()
  .and(catalogRoom)
  .and(storeRoom)
  .and(twinRoom)
  .and(metadataRoom)
  .and(controllerRoom)
  .and(delayedRoom)
  .and(fetchSessionsRoom)
  .and(partitionsRoom)
  .and(retentionRoom)
  .and(groupsRoom)
  .and(producerIdsRoom)
  .and(handlersRoom)
  .and(requestCountersRoom)
  .and(admissionRoom)
  .and(dispatcherRoom);

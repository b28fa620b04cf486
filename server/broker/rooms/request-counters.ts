import { RequestCounters } from '../../request/request-hooks.js';
import { room } from '../room.js';

/** The counts of requests by API. */
export const requestCountersRoom = room('requestCounters', (_parts: unknown) => ({
  part: new RequestCounters(),
}));

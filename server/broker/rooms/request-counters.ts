import { RequestCounters } from '../../request/request-counters.js';
import { room } from '../room.js';

/** The counts of requests by API. */
export const requestCountersRoom = room('requestCounters', (_parts: unknown) => ({
  part: new RequestCounters(),
}));

import { Admission } from '../../request/admission.js';
import type { RequestCounters } from '../../request/request-counters.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The admission of requests, in front of the handlers. */
export const admissionRoom = room(
  'admission',
  ({ authorizer, quota, requestCounters }: Ground & { requestCounters: RequestCounters }) => ({
    part: new Admission({ authorizer, quota, counts: requestCounters }),
  }),
);

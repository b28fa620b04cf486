import { DelayedOperations } from '../../request/delayed.js';
import type { WaitKey } from '../../request/waiting.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The requests that wait. Those that still do at the end are ended by the partitions' room. */
export const delayedRoom = room('delayed', ({ clock }: Ground) => ({
  part: new DelayedOperations<WaitKey>(clock),
}));

import { DelayedOperations } from '../../request/delayed.js';
import type { WaitKey } from '../../request/waiting.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

/** The waiting requests. The partitions' room ends those that still wait at the close. */
export const delayedRoom = room('delayed', ({ clock }: Ground) => ({
  part: new DelayedOperations<WaitKey>(clock),
}));

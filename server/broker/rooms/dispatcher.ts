import type { Admission } from '../../request/admission.js';
import { RequestDispatcher } from '../../request/dispatch.js';
import type { OpenHandler } from '../../request/open-handler.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

interface Parts extends Ground {
  readonly handlers: readonly OpenHandler[];
  readonly admission: Admission;
}

/** The way of a request from its bytes to its handler, and of the answer to bytes. */
export const dispatcherRoom = room('dispatcher', (parts: Parts) => {
  const { handlers, admission, limits, clock, logger, slices, crash } = parts;
  const dispatcher = new RequestDispatcher({
    handlers,
    admission,
    limits,
    clock,
    logger,
    slices,
    ...(crash && { crash }),
  });
  return { part: dispatcher };
});

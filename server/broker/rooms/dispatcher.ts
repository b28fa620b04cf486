import { RequestDispatcher } from '../../request/dispatch.js';
import type { OpenHandler } from '../../request/open-handler.js';
import type { RequestCounters } from '../../request/request-hooks.js';
import type { Ground } from '../ground.js';
import { room } from '../room.js';

interface Parts extends Ground {
  readonly handlers: readonly OpenHandler[];
  readonly requestCounters: RequestCounters;
}

/** The way of a request from its bytes to its handler, and of the answer to bytes. */
export const dispatcherRoom = room('dispatcher', (parts: Parts) => {
  const { handlers, requestCounters, hooks = [], limits, clock, logger, slices, crash } = parts;
  const dispatcher = new RequestDispatcher({
    handlers,
    hooks: [requestCounters, ...hooks],
    limits,
    clock,
    logger,
    slices,
    ...(crash && { crash }),
  });
  return { part: dispatcher };
});

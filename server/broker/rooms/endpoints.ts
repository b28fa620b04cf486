import { acceptNow, sendFile, sendFileAvailable, sendNow } from '../../../engine/index.js';
import type { Dispatcher } from '../../net/dispatcher.js';
import { type Listener, openListener, shareResources } from '../../net/listener.js';
import type { Network } from '../../net/transport/network.js';
import { nodeNetwork } from '../../net/transport/node-network.js';
import type { Endpoint } from '../broker.js';
import { connectionLog } from '../connection-log.js';
import type { MachineGround } from '../ground.js';
import { room } from '../room.js';

/** The listeners: clients are served as soon as they are started. */
export const endpointsRoom = room(
  'endpoints',
  (parts: MachineGround & { dispatcher: Dispatcher }) => {
    const { settings, limits, clock, networkClock, dispatcher, logger } = parts;
    warnOfFewConnections(parts);
    const shared = shareResources(parts.network ?? machineNetwork(parts), networkClock, limits);
    const events = connectionLog(logger, clock);
    const listeners: Listener[] = [];
    const endpoints: Endpoint[] = [];
    return {
      part: endpoints,
      start: async () => {
        for (const { name, host, port } of settings.listeners) {
          const bind = [{ host: host.toLowerCase(), port }];
          const listener = await openListener({ name, bind, dispatcher, shared, events });
          listeners.push(listener);
          endpoints.push({ name, host, port: listener.addresses[0]?.port ?? port });
        }
      },
      close: (options) => Promise.all(listeners.map((listener) => listener.close(options))),
    };
  },
);

function machineNetwork({ settings, limits, handleRefs }: MachineGround): Network {
  const isNative = sendFileAvailable();
  return nodeNetwork({
    sendFile: settings.sendFile && isNative ? sendFile : null,
    sendNow: isNative ? sendNow : null,
    acceptNow: isNative ? acceptNow : null,
    refs: handleRefs,
    scratchBytes: limits.receiveScratchBytes,
  });
}

/** The system's limit of open files may be below what was asked for. */
function warnOfFewConnections({ settings, limits, logger }: MachineGround): void {
  const asked = settings.connectionsMax ?? 0;
  if (limits.connectionsMax >= asked) return;
  logger.warn(
    { 'max.connections': asked, taken: limits.connectionsMax },
    'fewer connections are taken than max.connections says: raise the limit of open files (ulimit -n)',
  );
}

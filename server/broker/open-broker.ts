import type { Broker, BrokerOptions } from './broker.js';
import { BROKER_ROOMS } from './broker-rooms.js';
import { groundOf, type MachineGround } from './ground.js';
import { Rooms } from './room.js';
import { endpointsRoom } from './rooms/endpoints.js';
import { engineRoom } from './rooms/engine.js';

export type { Broker, BrokerOptions } from './broker.js';

const ROOMS = Rooms.on<MachineGround>().and(engineRoom).all(BROKER_ROOMS).and(endpointsRoom);

/**
 * Opens the data directory, recovers every partition and listens. When it resolves, clients are
 * served. Rejects with EngineError (the directory is locked, damaged, of a newer format …),
 * ListenError, or SettingsError; everything is closed then. `onProgress` is not called after that.
 *
 * A disk that fails later takes the data directory offline, and the broker stays up: metadata is
 * answered, partitions answer KAFKA_STORAGE_ERROR. A restart, which the log asks for, is the way
 * back.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  let isOpening = true;
  const onProgress: BrokerOptions['onProgress'] = (progress) => {
    // Logs of topics that clients make later are nothing that a start waits for.
    if (isOpening) return options.onProgress?.(progress);
  };
  const ground = groundOf(options.onProgress ? { ...options, onProgress } : options);
  const { parts, close } = await ROOMS.open(ground).finally(() => {
    isOpening = false;
  });
  const { engine, metadata, endpoints, requestCounters, fetchSessions } = parts;
  const { controller, partitions, groups, slices, settings, brokerStatic } = parts;
  return {
    nodeId: options.settings.nodeId,
    clusterId: metadata.replica.image.clusterId,
    dataDir: engine.path,
    endpoints,
    requestCounters,
    fetchSessions,
    engine,
    inside: {
      metadata: metadata.replica,
      controller,
      partitions,
      groups,
      slices,
      settings,
      brokerStatic,
    },
    close,
  };
}

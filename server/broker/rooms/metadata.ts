import { adoptProgramLogs } from '../../metadata/adopted-topics.js';
import { ensureClusterId } from '../../metadata/cluster.js';
import { MetadataReplica } from '../../metadata/metadata-replica.js';
import type { MetadataStore } from '../../metadata/store.js';
import type { Ground, Logs } from '../ground.js';
import { claimNodeId } from '../node-identity.js';
import { room } from '../room.js';

/**
 * The image of the cluster, and the topics whose deletion an earlier process has not finished. From
 * here on the directory belongs to this node, in a cluster with an id.
 */
export const metadataRoom = room(
  'metadata',
  async ({
    engine,
    store,
    settings,
    random,
    logger,
  }: Ground & { engine: Logs; store: MetadataStore }) => {
    const { nodeId, listeners, clusterId: wanted } = settings;
    const [clusterId] = await Promise.all([
      ensureClusterId(store, random, wanted),
      claimNodeId(store, nodeId, engine.path),
    ]);
    await adoptProgramLogs({
      store,
      logs: await engine.namedLogs(),
      onDisk: () => engine.partitionsOnDisk(),
      nodeId,
      logger,
    });
    const opened = await MetadataReplica.open(store, clusterId, {
      nodeId,
      rack: null,
      leaderEpoch: engine.leaderEpoch,
      endpoints: new Map(listeners.map(({ name, advertised }) => [name, advertised])),
    });
    return { part: opened, close: () => opened.replica.close() };
  },
);

/** The part that the room gives. */
export type OpenMetadata = Awaited<ReturnType<typeof MetadataReplica.open>>;

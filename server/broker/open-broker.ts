import { join } from 'node:path';
import {
  acceptNow,
  type Clock,
  type Disk,
  descriptorsForConnections,
  type Engine,
  type EngineError,
  type EngineOptions,
  hasSegments,
  nodeDisk,
  openEngine,
  openLmdbCatalog,
  type Random,
  sendFile,
  sendFileAvailable,
  sendNow,
  systemClock,
  systemRandom,
  TurnSlices,
  type WorkMeter,
} from '../../engine/index.js';
import { type FetchSessionCounters, FetchSessions } from '../fetching/fetch-sessions.js';
import { GroupCoordinator } from '../groups/coordinator.js';
import { openHandlers } from '../handlers/apis.js';
import { noteRefusedRequest } from '../handlers/data/produce.js';
import { SERVER_LIMITS, type ServerLimits } from '../limits.js';
import type { Logger } from '../logging/log.js';
import { rateLimited } from '../logging/rate-limit.js';
import { METADATA_FILE, openCatalogStore } from '../metadata/catalog-store.js';
import { ensureClusterId } from '../metadata/cluster.js';
import { Controller } from '../metadata/controller.js';
import { brokerLayers, topicSettings } from '../metadata/effective-settings.js';
import { MetadataReplica } from '../metadata/metadata-replica.js';
import { MetadataTwin } from '../metadata/metadata-twin.js';
import { ProducerIds } from '../metadata/producer-ids.js';
import {
  type Listener,
  type ListenerEvents,
  openListener,
  shareResources,
} from '../net/listener.js';
import type { Network } from '../net/transport/network.js';
import { nodeNetwork } from '../net/transport/node-network.js';
import { Partitions } from '../partition/partitions.js';
import { Retention } from '../partition/retention.js';
import { DelayedOperations } from '../request/delayed.js';
import { RequestDispatcher } from '../request/dispatch.js';
import { RequestCounters } from '../request/request-hooks.js';
import type { WaitKey } from '../request/waiting.js';
import type { BrokerSettings } from '../settings/broker-settings.js';
import type { SettingTexts } from '../settings/topic-settings.js';
import type { RequestFaults } from '../testing/faults.js';
import { claimNodeId } from './node-identity.js';

/** What a broker is made from. Everything that comes from the world has a default: the machine's own. */
export interface BrokerOptions
  extends Pick<EngineOptions, 'clock' | 'random' | 'disk' | 'jobs' | 'locker' | 'openCatalog'> {
  readonly settings: BrokerSettings;
  /** The keys that were set at the start, as text. */
  readonly brokerStatic: SettingTexts;
  readonly logger: Logger;
  readonly network?: Network;
  /** Time as connections see it: their deadlines concern real programs at the other end. Default: `clock`. */
  readonly networkClock?: Clock;
  /** Counts the work of event loop turns. Default: nothing does. */
  readonly meter?: WorkMeter;
  /** Stand in front of the handlers. Default: none. */
  readonly faults?: RequestFaults;
}

/** One bound listener. */
export interface Endpoint {
  /** Upper case. */
  readonly name: string;
  /** As in the settings; empty for every address. */
  readonly host: string;
  /** Never 0. */
  readonly port: number;
}

/** A broker that serves. Made by `openBroker`. */
export interface Broker {
  readonly nodeId: number;
  readonly clusterId: string;
  /** Absolute. */
  readonly dataDir: string;
  readonly endpoints: readonly Endpoint[];
  readonly requestCounters: RequestCounters;
  /** Live. */
  readonly fetchSessions: { readonly counters: FetchSessionCounters };
  readonly engine: Engine;
  /**
   * Accepts nothing new, gives the requests that were received up to `drainMs` to be answered, then closes connections, partitions
   * and engine; the mark of a clean stop comes last. Calling it again returns the same promise.
   */
  close(options: { readonly drainMs: number }): Promise<void>;
}

/** What ends one part of the broker. */
type Closer = (drainMs: number) => unknown;

/**
 * Opens the data directory, recovers every partition and listens. When it resolves, clients are served. Rejects with EngineError
 * (the directory is locked, damaged, of a newer format …), ListenError, or SettingsError; everything is closed then.
 *
 * A disk that fails later takes the data directory offline, and the broker stays up: metadata is answered, partitions answer
 * KAFKA_STORAGE_ERROR. A restart, which the log asks for, is the way back.
 */
export async function openBroker(options: BrokerOptions): Promise<Broker> {
  const closers: Closer[] = [];
  try {
    const parts = await openParts(options, closers);
    let closing: Promise<void> | undefined;
    return {
      ...parts,
      close: ({ drainMs }) => {
        closing ??= closeAll(closers, drainMs);
        return closing;
      },
    };
  } catch (error) {
    // The first failure is the one to tell.
    await closeAll(closers, 0).catch(() => {});
    throw error;
  }
}

/** What all parts are opened with; `closers` grows as they open. */
interface Opening {
  readonly options: BrokerOptions;
  readonly clock: Clock;
  readonly random: Random;
  readonly closers: Closer[];
}

/** The steps from a path to a broker that serves, each on top of those before. */
async function openParts(
  options: BrokerOptions,
  closers: Closer[],
): Promise<Omit<Broker, 'close'>> {
  const { settings, brokerStatic, logger } = options;
  const { nodeId } = settings;
  const clock = options.clock ?? systemClock;
  const random = options.random ?? systemRandom;
  const slices = new TurnSlices(clock, options.meter);
  const opening: Opening = { options, clock, random, closers };

  const { compaction } = settings;
  const engine = await openEngine(settings.dataDir, {
    ...options,
    clock,
    random,
    compaction,
    slices,
    gatherWrites: 'turn',
  });
  closers.push(() => engine.close());
  engine.onOffline((failure) => sayOffline(logger, failure));
  const { store, metadata, controller, deleted } = await openMetadata(opening, engine);
  const delayed = new DelayedOperations<WaitKey>(clock);
  const limits = limitsOf(settings);
  if (limits.connectionsMax < (settings.connectionsMax ?? 0)) {
    logger.warn(
      { 'max.connections': settings.connectionsMax, taken: limits.connectionsMax },
      'fewer connections are taken than max.connections says: raise the limit of open files (ulimit -n)',
    );
  }
  const fetchSessions = new FetchSessions({
    clock,
    random,
    delayed,
    // Faults are for requests that name a topic, which those of a session need not do.
    slotsMax: options.faults === undefined ? settings.fetchSessionSlots : 0,
    partitionsMax: limits.fetchSessionPartitionsMax,
    evictionMs: limits.fetchSessionEvictionMs,
  });
  const partitions = new Partitions({
    engine,
    metadata,
    nodeId,
    logger,
    slices,
    producerExpirationMs: settings.producerIdExpirationMs,
    settingsOf: (topic) => topicSettings(topic, brokerLayers(metadata.image, nodeId, brokerStatic)),
    onMove: (partition) => {
      delayed.check(partition);
      fetchSessions.moved(partition);
    },
    onDeleted: ({ id, name }) => {
      controller.forgetDeleted(id).catch((error: unknown) => {
        logger.warn({ topic: name, error }, 'a deleted topic is forgotten only at the next start');
      });
    },
  });
  closers.push(() => partitions.stop());
  await partitions.start(deleted);
  closers.push(() => delayed.expireAll());
  const retention = new Retention({
    clock,
    logger,
    intervalMs: settings.retentionCheckIntervalMs,
    partitions: () => partitions.open(),
  });
  closers.push(() => retention.stop());

  const groups = new GroupCoordinator({
    settings: settings.groups,
    metadata,
    controller,
    partitions,
    nodeId,
    dataDir: engine.path,
    clock,
    random,
    logger,
    slices,
    onCall: (client) => delayed.expire(client),
  });
  closers.push(() => groups.stop());
  await groups.start();

  const requestCounters = new RequestCounters();
  const handlers = openHandlers({
    metadata,
    controller,
    partitions,
    producerIds: new ProducerIds(store, random),
    groups,
    delayed,
    fetchSessions,
    settings,
    brokerStatic,
    partitionsPerTopicMax: limits.partitionsPerTopicMax,
    space: () => engine.space(),
    leaderEpoch: engine.leaderEpoch,
  });
  const dispatcher = new RequestDispatcher({
    handlers:
      options.faults?.around(
        handlers,
        (id) => metadata.image.topicById(id)?.name,
        (request, error) => noteRefusedRequest({ metadata, partitions }, request, error),
      ) ?? handlers,
    hooks: [requestCounters],
    limits,
    clock,
    logger,
    slices,
  });
  const endpoints = await openListeners(opening, dispatcher, limits);
  const { path: dataDir } = engine;
  const { clusterId } = metadata.image;
  return { nodeId, clusterId, dataDir, endpoints, requestCounters, fetchSessions, engine };
}

/** The cluster's facts, in an LMDB environment of their own, and what follows and changes them. */
async function openMetadata({ options, clock, random, closers }: Opening, engine: Engine) {
  const { settings, logger } = options;
  const { nodeId, listeners } = settings;
  const catalog = await (options.openCatalog ?? openLmdbCatalog)(join(engine.path, METADATA_FILE), {
    suspicious: !engine.wasClean,
    logger,
    onFailure: (error) => engine.takeOffline('the metadata cannot be written', error),
  });
  closers.push(() => catalog.close());
  const store = await openCatalogStore(catalog, { clock });
  closers.push(() => store.close());
  const twin = await MetadataTwin.open({
    store,
    catalog: engine.catalog,
    clock,
    logger,
    dataDir: engine.path,
    hasSegments: () => hasSegments(options.disk ?? nodeDisk, engine.path),
  });
  closers.push(() => twin.close());
  const [clusterId] = await Promise.all([
    ensureClusterId(store, random),
    claimNodeId(store, nodeId, engine.path),
  ]);
  const { replica: metadata, deleted } = await MetadataReplica.open(store, clusterId, {
    nodeId,
    rack: null,
    leaderEpoch: engine.leaderEpoch,
    endpoints: new Map(listeners.map(({ name, advertised }) => [name, advertised])),
  });
  closers.push(() => metadata.close());
  const names = { caseInsensitiveDisk: await ignoresCase(options.disk ?? nodeDisk, engine.path) };
  const { partitionsMax } = SERVER_LIMITS;
  const controller = new Controller({ store, metadata, random, names, partitionsMax });
  return { store, metadata, controller, deleted };
}

/** Clients are served from here on. */
async function openListeners(
  { options, clock, closers }: Opening,
  dispatcher: RequestDispatcher,
  limits: ServerLimits,
): Promise<Endpoint[]> {
  const network =
    options.network ??
    nodeNetwork({
      sendFile: options.settings.sendFile && sendFileAvailable() ? sendFile : null,
      sendNow: sendFileAvailable() ? sendNow : null,
      acceptNow: sendFileAvailable() ? acceptNow : null,
      scratchBytes: limits.receiveScratchBytes,
    });
  const shared = shareResources(network, options.networkClock ?? clock, limits);
  const events = connectionLog(options.logger, clock);
  const listeners: Listener[] = [];
  closers.push((drainMs) => Promise.all(listeners.map((each) => each.close({ drainMs }))));
  const endpoints: Endpoint[] = [];
  for (const { name, host, port } of options.settings.listeners) {
    const bind = [{ host: host.toLowerCase(), port }];
    const listener = await openListener({ name, bind, dispatcher, shared, events });
    listeners.push(listener);
    endpoints.push({ name, host, port: listener.addresses[0]?.port ?? port });
  }
  return endpoints;
}

/** In the order opposite to that of opening. Goes on after a failure, and rejects with the first one in the end. */
async function closeAll(closers: Closer[], drainMs: number): Promise<void> {
  const failures: unknown[] = [];
  for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
    try {
      await close(drainMs);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** The broker's limits: the table's, where settings say nothing else. */
function limitsOf(settings: BrokerSettings): ServerLimits {
  const bytesInFlightMax = settings.bytesInFlightMax ?? SERVER_LIMITS.bytesInFlightMax;
  return {
    ...SERVER_LIMITS,
    connectionsMax: Math.min(
      settings.connectionsMax ?? SERVER_LIMITS.connectionsMax,
      descriptorsForConnections(),
    ),
    connectionsPerIpMax: settings.connectionsPerAddressMax ?? SERVER_LIMITS.connectionsPerIpMax,
    requestBytesMax: settings.requestBytesMax,
    bytesInFlightMax,
    bytesInFlightPerConnection: Math.min(
      SERVER_LIMITS.bytesInFlightPerConnection,
      bytesInFlightMax,
    ),
    idleMs: settings.connectionIdleMs,
  };
}

/** Whether two names that differ only in case are one on the disk of the data directory. */
async function ignoresCase(disk: Disk, dataDir: string): Promise<boolean> {
  return (await disk.stat(join(dataDir, METADATA_FILE.toUpperCase()))) !== null;
}

function sayOffline(logger: Logger, { path, cause }: EngineError): void {
  const reason = cause instanceof Error ? cause.message : cause;
  logger.error(
    { directory: path, reason },
    'the disk failed: the broker stays up, but its partitions answer KAFKA_STORAGE_ERROR; repair the disk and restart',
  );
}

/** Connections that ended badly, few lines whatever clients do. */
function connectionLog(logger: Logger, clock: Clock): ListenerEvents {
  const limited = rateLimited(logger, { clock });
  return {
    onClosed: ({ remoteAddress: client, listener }, { code, message, cause }) => {
      if (code === 'failed') {
        limited.log('error', code, { client, listener, cause }, `a connection failed: ${message}`);
      } else if (code === 'framing' || code === 'frameDeadline' || code === 'writeDeadline') {
        limited.log('warn', code, { client, listener }, `a connection was closed: ${message}`);
      }
    },
    onRefused: (client, { setting, limit }) => {
      limited.log(
        'warn',
        'refused',
        { client },
        `a connection was refused: the broker takes ${limit}${setting === 'max.connections' ? '' : ' from one address'} (${setting})`,
      );
    },
  };
}

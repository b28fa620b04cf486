import { buildBatchSync } from '../../engine/batch/builder.js';
import { MemoryCatalog } from '../../engine/catalog/memory-catalog.js';
import type { DiskSpace } from '../../engine/disk/disk.js';
import { ManualClock } from '../../engine/manual-clock.js';
import { seededRandom } from '../../engine/random.js';
import { TurnSlices, type WorkMeter } from '../../engine/turn-slices.js';
import { FetchSessions } from '../../server/fetching/fetch-sessions.js';
import { GroupCoordinator } from '../../server/groups/coordinator.js';
import type { GroupLimits } from '../../server/groups/group-registry.js';
import { APIS, type ApiName, openHandlers } from '../../server/handlers/apis.js';
import { SERVER_LIMITS } from '../../server/limits.js';
import type { LogFields, Logger } from '../../server/logging/log.js';
import { openCatalogStore } from '../../server/metadata/catalog-store.js';
import { ensureClusterId } from '../../server/metadata/cluster.js';
import { Controller } from '../../server/metadata/controller.js';
import { brokerLayers, topicSettings } from '../../server/metadata/effective-settings.js';
import { MetadataReplica } from '../../server/metadata/metadata-replica.js';
import { ProducerIds } from '../../server/metadata/producer-ids.js';
import type { ConnectionInfo } from '../../server/net/dispatcher.js';
import type { InProgress } from '../../server/net/receiving/requests-in-progress.js';
import type { FilePart, ResponsePart } from '../../server/net/sending/response-writer.js';
import { type LogHost, Partitions } from '../../server/partition/partitions.js';
import type { RequestOf } from '../../server/protocol/api.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import type { Fetch } from '../../server/protocol/messages/fetch.js';
import type { InputOf, ValueOf } from '../../server/protocol/schema.js';
import { DelayedOperations } from '../../server/request/delayed.js';
import { RequestDispatcher } from '../../server/request/dispatch.js';
import type { RequestHook } from '../../server/request/request-hooks.js';
import type { WaitKey } from '../../server/request/waiting.js';
import { typedBrokerSettings } from '../../server/settings/broker-settings.js';
import type { SettingTexts } from '../../server/settings/topic-settings.js';
import { MemoryEngine } from './memory-log.js';

/** A connection that a test opens and closes by hand. */
export class TestConnection implements ConnectionInfo {
  readonly id = 1;
  readonly listener = 'PLAINTEXT';
  readonly localAddress = '::ffff:127.0.0.1';
  readonly localPort = 19_092;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 50_000;
  readonly counters = { openedMs: 0, requests: 0, bytesReceived: 0, bytesSent: 0 };
  clientSoftware: ConnectionInfo['clientSoftware'] = null;
  closing = false;
  readonly #listeners = new Set<() => void>();

  /** Listeners that nobody took back. */
  get listenerCount(): number {
    return this.#listeners.size;
  }

  isGone = false;
  /** Elements of requests that have begun and not ended, small ones too. */
  elementsInProgress = 0;

  enterLarge(elements: number): InProgress | Promise<InProgress> | null {
    return this.didBegin(elements);
  }

  runAlone(): void {}

  didBegin(elements: number): InProgress {
    this.elementsInProgress += elements;
    let counted = elements;
    return {
      add: (more) => {
        counted += more;
        this.elementsInProgress += more;
      },
      end: () => {
        this.elementsInProgress -= counted;
        counted = 0;
      },
    };
  }

  onClose(listener: () => void): () => void {
    if (this.closing) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    this.closing = true;
    for (const listener of [...this.#listeners]) listener();
    this.#listeners.clear();
  }
}

/** Brokers that share a catalog one after another must not make the same ids. */
let nextSeed = 1;

export interface LogLine {
  readonly level: string;
  readonly fields: LogFields;
  readonly message: string;
}

export interface MemoryBrokerOptions {
  /** Another engine than the one in memory. */
  readonly host?: LogHost & { readonly leaderEpoch: number };
  readonly engine?: MemoryEngine;
  readonly catalog?: MemoryCatalog;
  readonly settings?: SettingTexts;
  readonly hooks?: readonly RequestHook[];
  readonly caseInsensitiveDisk?: boolean;
  readonly partitionsPerTopicMax?: number;
  readonly partitionsMax?: number;
  readonly fetchSessionPartitionsMax?: number;
  readonly crash?: (error: Error) => void;
  readonly meter?: WorkMeter;
  readonly groupLimits?: Partial<GroupLimits>;
  /** Of the file system that there is not. */
  readonly space?: () => Promise<DiskSpace>;
  /** Default: one that stands still until the test moves it. */
  readonly clock?: ManualClock;
  /** Of its random ids. Default: another for each broker of the process. */
  readonly seed?: number;
}

/**
 * Everything of a broker between its connections and its logs, on a catalog and logs in memory and
 * a clock that stands still.
 */
export async function memoryBroker(options: MemoryBrokerOptions = {}) {
  const clock = options.clock ?? new ManualClock();
  const slices = new TurnSlices(clock, options.meter);
  const engine = options.engine ?? new MemoryEngine();
  const host = options.host ?? engine;
  const catalog = options.catalog ?? new MemoryCatalog();
  const store = await openCatalogStore(catalog, { clock });
  const random = seededRandom(options.seed ?? nextSeed++);
  const brokerStatic = options.settings ?? {};
  const { settings } = typedBrokerSettings(brokerStatic);
  const lines: LogLine[] = [];
  const line =
    (level: string) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message });
    };
  const logger: Logger = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  };
  const clusterId = await ensureClusterId(store, random);
  const { replica, deleted } = await MetadataReplica.open(store, clusterId, {
    nodeId: settings.nodeId,
    rack: null,
    endpoints: new Map(settings.listeners.map(({ name, advertised }) => [name, advertised])),
    leaderEpoch: host.leaderEpoch,
  });
  const controller = new Controller({
    store,
    metadata: replica,
    random,
    names: { caseInsensitiveDisk: options.caseInsensitiveDisk ?? false },
    partitionsMax: options.partitionsMax ?? SERVER_LIMITS.partitionsMax,
  });
  const delayed = new DelayedOperations<WaitKey>(clock);
  const fetchSessions = new FetchSessions({
    clock,
    random,
    delayed,
    slotsMax: settings.fetchSessionSlots,
    partitionsMax: options.fetchSessionPartitionsMax ?? SERVER_LIMITS.fetchSessionPartitionsMax,
    evictionMs: SERVER_LIMITS.fetchSessionEvictionMs,
  });
  const forgotten: Promise<void>[] = [];
  const partitions = new Partitions({
    engine: host,
    metadata: replica,
    nodeId: settings.nodeId,
    logger,
    slices,
    producerExpirationMs: settings.producerIdExpirationMs,
    settingsOf: (topic) =>
      topicSettings(topic, brokerLayers(replica.image, settings.nodeId, brokerStatic)),
    onMove: (partition) => {
      delayed.check(partition);
      fetchSessions.moved(partition);
    },
    onDeleted: ({ id }) => void forgotten.push(controller.forgetDeleted(id)),
  });
  await partitions.start(deleted);
  const producerIds = new ProducerIds(store, random);
  const groups = new GroupCoordinator({
    settings: settings.groups,
    metadata: replica,
    controller,
    partitions,
    nodeId: settings.nodeId,
    dataDir: '/data',
    clock,
    random,
    logger,
    slices,
    limits: { ...SERVER_LIMITS, ...options.groupLimits },
    onCall: (client) => delayed.expire(client),
  });
  await groups.start();
  const handlers = openHandlers({
    metadata: replica,
    controller,
    partitions,
    producerIds,
    groups,
    delayed,
    fetchSessions,
    settings,
    brokerStatic,
    partitionsPerTopicMax: options.partitionsPerTopicMax ?? SERVER_LIMITS.partitionsPerTopicMax,
    leaderEpoch: host.leaderEpoch,
    space: options.space ?? (async () => ({ totalBytes: 1_000_000, freeBytes: 400_000 })),
  });
  const dispatcher = new RequestDispatcher({
    handlers,
    hooks: options.hooks ?? [],
    limits: SERVER_LIMITS,
    clock,
    logger,
    slices,
    ...(options.crash && { crash: options.crash }),
  });
  const connection = new TestConnection();

  /** Sends a request as a client would and decodes the answer; null when there is none. */
  async function call<N extends ApiName>(
    name: N,
    version: number,
    body: InputOf<(typeof APIS)[N]['request']>,
    on: ConnectionInfo = connection,
  ): Promise<ValueOf<(typeof APIS)[N]['response']>> {
    const parts = await dispatcher.dispatch(requestFrame(name, version, body), on);
    if (parts === null) throw new Error(`${name} was not answered`);
    const answer = decodeResponse(APIS[name], version, joined(parts).subarray(4));
    return answer.body as ValueOf<(typeof APIS)[N]['response']>;
  }

  /** Creates a topic with the broker's defaults, and waits until it serves. */
  async function createTopic(name: string, partitionCount = 1, configs: SettingTexts = {}) {
    const { topics } = await call('CreateTopics', 7, {
      topics: [
        {
          name,
          numPartitions: partitionCount,
          replicationFactor: -1,
          assignments: [],
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    });
    if (topics[0]!.errorCode !== 0) throw new Error(topics[0]!.errorMessage ?? 'not created');
    return topics[0]!;
  }

  return {
    clock,
    engine,
    catalog,
    store,
    settings,
    metadata: replica,
    controller,
    partitions,
    delayed,
    fetchSessions,
    producerIds,
    groups,
    dispatcher,
    connection,
    lines,
    call,
    createTopic,
    /** Resolves when tombstones of topics deleted so far are gone. */
    settled: async () => {
      await partitions.stop();
      await Promise.all(forgotten);
    },
  };
}

export type MemoryBroker = Awaited<ReturnType<typeof memoryBroker>>;

/** A request as the dispatcher gets it: without its size prefix. */
export function requestFrame<N extends ApiName>(
  name: N,
  version: number,
  body: InputOf<(typeof APIS)[N]['request']>,
  correlationId = 7,
): Buffer {
  return encodeRequest(APIS[name], version, correlationId, 'tester', body as never).subarray(4);
}

/** All parts in memory. Slices are released, as the connection does after sending. */
export function joined(parts: readonly ResponsePart[]): Buffer {
  return Buffer.concat(
    parts.map((part) => {
      if (Buffer.isBuffer(part)) return part;
      const bytes = bytesOf(part);
      part.release();
      return bytes;
    }),
  );
}

function bytesOf(part: FilePart): Buffer {
  const bytes = Buffer.alloc(part.size);
  part.readSync(bytes, 0);
  return bytes;
}

/** A batch of as many records as values. */
export function batchOf(values: readonly string[], timestamp = 1_700_000_000_000): Buffer {
  return buildBatchSync(values.map((value) => ({ key: null, value, timestamp })));
}

/** A produce request with one batch. */
export function produceOf(
  topic: string,
  records: Buffer | null,
  { acks = -1, partition = 0, timeoutMs = 1000 } = {},
): InputOf<(typeof APIS)['Produce']['request']> {
  return {
    acks,
    timeoutMs,
    topics: [{ name: topic, partitions: [{ index: partition, records }] }],
  };
}

/** A fetch request for partitions of one topic, by its name (up to version 12) or id. */
export function fetchOf(
  topic: { name?: string; id?: string },
  partitions: readonly Partial<RequestOf<typeof Fetch>['topics'][number]['partitions'][number]>[],
  options: Partial<RequestOf<typeof Fetch>> = {},
): InputOf<(typeof APIS)['Fetch']['request']> {
  return {
    maxWaitMs: 0,
    minBytes: 1,
    ...options,
    topics: [
      {
        ...(topic.name !== undefined && { topic: topic.name }),
        ...(topic.id !== undefined && { topicId: topic.id }),
        partitions: partitions.map((each) => ({
          partition: 0,
          fetchOffset: 0,
          partitionMaxBytes: 1_000_000,
          ...each,
        })),
      },
    ],
  };
}

/** Lets everything that is ready run: microtasks, and the memory catalog's writes. */
export async function turns(count = 5): Promise<void> {
  for (let turn = 0; turn < count; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

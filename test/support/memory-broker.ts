import { join } from 'node:path';
import { buildBatchSync } from '../../engine/batch/builder.js';
import { MemoryCatalog } from '../../engine/catalog/memory-catalog.js';
import type { DiskSpace } from '../../engine/disk/disk.js';
import { IDENTITY_FILE } from '../../engine/index.js';
import { ManualClock } from '../../engine/manual-clock.js';
import { newCounters } from '../../engine/metrics.js';
import { seededRandom } from '../../engine/random.js';
import { TurnSlices, type WorkMeter } from '../../engine/turn-slices.js';
import { BROKER_ROOMS } from '../../server/broker/broker-rooms.js';
import type { Logs } from '../../server/broker/ground.js';
import type { GroupLimits } from '../../server/groups/group-registry.js';
import { APIS, type ApiName } from '../../server/handlers/apis.js';
import { SERVER_LIMITS, type ServerLimits } from '../../server/limits.js';
import type { LogFields, Logger } from '../../server/logging/log.js';
import type { ConnectionInfo } from '../../server/net/dispatcher.js';
import type { InProgress } from '../../server/net/receiving/requests-in-progress.js';
import type { FilePart, ResponsePart } from '../../server/net/sending/response-writer.js';
import type { LogHost } from '../../server/partition/partitions.js';
import type { RequestOf } from '../../server/protocol/api.js';
import { decodeResponse, encodeRequest } from '../../server/protocol/frame.js';
import type { Fetch } from '../../server/protocol/messages/fetch.js';
import type { InputOf, ValueOf } from '../../server/protocol/schema.js';
import type { Authorizer, Quota } from '../../server/request/admission.js';
import type { RequestContext } from '../../server/request/context.js';
import { typedBrokerSettings } from '../../server/settings/broker-settings.js';
import type { SettingTexts } from '../../server/settings/topic-settings.js';
import { MemoryDisk } from './memory-disk.js';
import { MemoryEngine } from './memory-log.js';

/** A connection that a test opens and closes by hand. */
export class TestConnection implements ConnectionInfo {
  readonly id = 1;
  readonly listener = 'PLAINTEXT';
  readonly localAddress = '::ffff:127.0.0.1';
  readonly localPort = 19_092;
  readonly remoteAddress = '127.0.0.1';
  readonly remotePort = 50_000;
  principal = 'User:ANONYMOUS';
  readonly counters = { openedMs: 0, requests: 0, bytesReceived: 0, bytesSent: 0 };
  clientSoftware: ConnectionInfo['clientSoftware'] = null;
  closing = false;
  readonly #listeners = new Set<() => void>();

  /** Listeners that were not removed. */
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

  /** How often it was muted, and for how long each time. */
  readonly mutedMs: number[] = [];
  mute(ms: number): void {
    this.mutedMs.push(ms);
  }

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

/** Called in front of the handlers. */
export interface RequestHook {
  before(context: RequestContext, request: unknown): void;
}

export interface MemoryBrokerOptions {
  /** Another engine than the one in memory. */
  readonly host?: LogHost & { readonly leaderEpoch: number };
  readonly engine?: MemoryEngine;
  readonly catalog?: MemoryCatalog;
  readonly settings?: SettingTexts;
  readonly authorizer?: Authorizer;
  readonly quota?: Quota;
  /** Each sees a request as the authorizer does, and may refuse it. */
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
 * The rooms of a broker between its data directory and its connections, on a catalog and logs in
 * memory and a clock that stands still.
 */
export async function memoryBroker(options: MemoryBrokerOptions = {}) {
  const clock = options.clock ?? new ManualClock();
  const engine = options.engine ?? new MemoryEngine();
  const catalog = options.catalog ?? new MemoryCatalog();
  const brokerStatic = options.settings ?? {};
  const { settings } = typedBrokerSettings(brokerStatic);
  const { lines, logger } = keptLines();
  const { parts } = await BROKER_ROOMS.open({
    settings,
    brokerStatic,
    logger,
    clock,
    random: seededRandom(options.seed ?? nextSeed++),
    disk: emptyDisk(options.caseInsensitiveDisk ?? false),
    openCatalog: async () => catalog,
    slices: new TurnSlices(clock, options.meter),
    limits: limitsOf(options),
    ...(options.hooks && { authorizer: authorizerOf(options.hooks) }),
    ...(options.authorizer && { authorizer: options.authorizer }),
    ...(options.quota && { quota: options.quota }),
    engine: logsOf(options.host ?? engine, options.space),
    ...(options.crash && { crash: options.crash }),
  });
  const { store, controller, partitions, dispatcher } = parts;
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
    metadata: parts.metadata.replica,
    controller,
    partitions,
    delayed: parts.delayed,
    fetchSessions: parts.fetchSessions,
    producerIds: parts.producerIds,
    groups: parts.groups,
    requestCounters: parts.requestCounters,
    dispatcher,
    connection,
    lines,
    call,
    createTopic,
    /** Resolves when tombstones of topics deleted so far are gone. */
    settled: async () => {
      await partitions.stop();
      // The store takes one transaction after another.
      await controller.forgetDeleted('none');
    },
  };
}

function authorizerOf(hooks: readonly RequestHook[]): Authorizer {
  return {
    authorize: (context, _asks, request) => {
      for (const hook of hooks) hook.before(context, request);
    },
  };
}

function keptLines() {
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
  return { lines, logger };
}

const DATA_DIR = '/data';

/** Where the broker looks for what an earlier process left, and finds nothing. */
function emptyDisk(isCaseInsensitive: boolean): MemoryDisk {
  const disk = new MemoryDisk();
  disk.mkdirSync(DATA_DIR);
  if (isCaseInsensitive) {
    disk.put(join(DATA_DIR, IDENTITY_FILE.toUpperCase()), Buffer.alloc(0));
  }
  return disk;
}

function limitsOf(options: MemoryBrokerOptions): ServerLimits {
  const { partitionsMax, partitionsPerTopicMax, fetchSessionPartitionsMax } = options;
  return {
    ...SERVER_LIMITS,
    ...(partitionsMax !== undefined && { partitionsMax }),
    ...(partitionsPerTopicMax !== undefined && { partitionsPerTopicMax }),
    ...(fetchSessionPartitionsMax !== undefined && { fetchSessionPartitionsMax }),
    ...options.groupLimits,
  };
}

function logsOf(
  host: NonNullable<MemoryBrokerOptions['host']>,
  space: MemoryBrokerOptions['space'],
): Logs {
  return {
    path: DATA_DIR,
    leaderEpoch: host.leaderEpoch,
    wasClean: true,
    counters: newCounters(),
    catalog: new MemoryCatalog(),
    openPartition: (name, settings) => host.openPartition(name, settings),
    openMany: (count, work) => host.openMany(count, work),
    closePartition: (name) => host.closePartition(name),
    deletePartition: (name) => host.deletePartition(name),
    setAsideStrays: (known) => host.setAsideStrays(known),
    space: space ?? (async () => ({ totalBytes: 1_000_000, freeBytes: 400_000 })),
    namedLogs: async () => [],
    partitionsOnDisk: async () => [],
    takeOffline: () => {},
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

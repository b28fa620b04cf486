import {
  type Clock,
  type Engine,
  type EngineProgress,
  isSignal,
  shown,
  systemClock,
} from '../../engine/index.js';
import type { Endpoint } from '../broker/broker.js';
import { openBroker } from '../broker/open-broker.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Logger } from '../logging/log.js';
import { silentLogger } from '../logging/silent-logger.js';
import { HandleRefs } from '../net/transport/handle-refs.js';
import { brokerKeys } from '../settings/broker-keys.js';
import { formatEndpoint } from '../settings/listeners.js';
import { nearestText } from '../settings/nearest-text.js';
import { resolveBrokerSettings, SettingsError } from '../settings/parse.js';
import { AdvanceableClock } from '../testing/advanceable-clock.js';
import { Changes } from '../testing/changes.js';
import { RequestFaults } from '../testing/faults.js';
import { type NarrowApi, narrowTo, type PinnedVersions } from '../testing/pinned-versions.js';
import { RequestLog } from '../testing/request-log.js';
import { makeTemporaryFolder, removeTemporaryFolder } from '../testing/temporary-folder.js';
import { mutable } from './mutable-logger.js';
import type { RunningBroker } from './running-broker.js';
import type { SeedTopics } from './seed.js';
import { temporaryCatalogs } from './temporary-catalogs.js';
import { type OpenedBroker, TestBroker } from './test-broker.js';
import { TestBrokerError } from './test-broker-error.js';

/** The options of `startBroker`; each has a default. */
export interface StartBrokerOptions {
  /** Default: 0, a free port of the system's choice. */
  readonly port?: number;
  /** An address or a name. Default: localhost, which is 127.0.0.1 and, where present, ::1. */
  readonly host?: string;
  /**
   * The folder of the data. Default: a temporary folder that is removed at close, and a broker that
   * does not wait for the disk (`odradek.flush=os`), since no data outlives it, and in which a
   * fetch waits for 100 ms at most (`odradek.fetch.max.wait.ms`), so that consumers stop fast.
   */
  readonly dataDir?: string;
  /**
   * Serves the logs of an engine that the program has opened, instead of a folder: each with
   * records is a topic of one partition, and what either door appends, the other reads at once. The
   * broker is closed before the engine, which it leaves open. It has neither `dataDir` nor `kill`,
   * `restart` and `reset`; while it serves, a log is deleted as a topic.
   */
  readonly engine?: Engine;
  /**
   * Settings under Kafka's names, such as `{ 'num.partitions': '3' }`. They count more than the
   * options above; the environment is not read.
   */
  readonly config?: Readonly<Record<string, string>>;
  /**
   * The clock below the broker's own clock, `RunningBroker.clock`, which can also be advanced.
   * Default: the machine's time.
   */
  readonly clock?: Clock;
  /**
   * Closes the broker when it is aborted, without waiting for requests under way, since the caller
   * cannot wait for that.
   */
  readonly signal?: AbortSignal;
  /**
   * The topics that there are from the start, with their settings and records:
   * `{ orders: { partitions: 3, records: [{ key: 'ann', value: 'one tea' }] } }`. A topic that
   * `dataDir` has already stays as it is.
   */
  readonly topics?: SeedTopics;
  /**
   * The versions of the protocol that clients see: those of a release of Apache Kafka such as
   * `'2.8'`, or ranges such as `{ Produce: [3, 9] }`, both inclusive. Where the lowest version is
   * not named, it is the broker's own. Default: all that the broker has.
   */
  readonly versions?: PinnedVersions;
  /**
   * Whether the process stays as long as the broker is open, as `ref()` and `unref()` of the broker
   * decide later. Default: false for the broker of a test, which has neither `port` nor `dataDir`;
   * otherwise true, as for any server of Node.
   */
  readonly keepAlive?: boolean;
  /**
   * Told how far the opening of the data is, at the start and at `restart()`, which may take long
   * after a stop that was not clean: at most every 100 ms, not for what is done sooner, and never
   * once the promise has settled. What it throws is a warning of the logger, and it is not called
   * again; the broker starts all the same. Default: none.
   */
  readonly onProgress?: (progress: EngineProgress) => void;
  /** Gets the broker's log lines. Default: none are written. */
  readonly logger?: Logger;
}

const OPTIONS = {
  port: true,
  host: true,
  dataDir: true,
  engine: true,
  config: true,
  clock: true,
  signal: true,
  logger: true,
  onProgress: true,
  topics: true,
  versions: true,
  keepAlive: true,
} satisfies Record<keyof StartBrokerOptions, true>;

/**
 * Starts a broker in this process and resolves when it serves. Rejects with SettingsError
 * (`problems`), TestBrokerError (INVALID_OPTION, about `topics`), EngineError (`code`, such as
 * DIRECTORY_LOCKED), ListenError (`code`, such as EADDRINUSE), or the signal's reason.
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  assertKnown(options);
  const { signal, logger = silentLogger, onProgress } = options;
  if (signal !== undefined && !isSignal(signal)) {
    throw new SettingsError([`signal is an AbortSignal, not ${shown(signal)}`]);
  }
  if (onProgress !== undefined && typeof onProgress !== 'function') {
    throw new SettingsError([`onProgress is a function, not ${shown(onProgress)}`]);
  }
  assertEngine(options);
  signal?.throwIfAborted();
  const { engine } = options;
  const isTemporary = options.dataDir === undefined && engine === undefined;
  const temporary = isTemporary ? makeTemporaryFolder() : null;
  const cleanUp = async (): Promise<void> => {
    if (temporary !== null) await removeTemporaryFolder(temporary);
  };
  try {
    const narrowApi = options.versions === undefined ? undefined : narrowed(options.versions);
    const openCatalog = temporary === null ? undefined : temporaryCatalogs();
    const handleRefs = new HandleRefs();
    const networkClock = options.clock ?? systemClock;
    const clock = new AdvanceableClock(networkClock);
    const faults = new RequestFaults();
    const changes = new Changes(networkClock);
    const requests = new RequestLog(clock, changes);
    const dataDir = engine?.path ?? options.dataDir ?? temporary ?? '';
    const sets = settingsOf(options, dataDir, isTemporary);
    const open = async (more: readonly string[]): Promise<OpenedBroker> => {
      const { settings, brokerStatic, warnings } = resolveBrokerSettings({
        setOrigin: 'config',
        sets: [...sets, ...more],
      });
      if (more.length === 0) for (const warning of warnings) logger.warn({}, warning);
      const muted = mutable(logger);
      const parts = { settings, brokerStatic, logger: muted.logger, clock, networkClock, faults };
      const broker = await openBroker({
        ...parts,
        ...(openCatalog && { openCatalog }),
        engine,
        narrowApi,
        observer: requests,
        handleRefs,
        onProgress,
      });
      return { broker, mute: muted.mute };
    };
    const broker = new TestBroker(await open([]), {
      clock,
      realClock: networkClock,
      faults,
      changes,
      requests,
      handleRefs,
      keepsAlive:
        options.keepAlive ?? (options.port !== undefined || options.dataDir !== undefined),
      topics: options.topics ?? {},
      isTemporary,
      isGuest: engine !== undefined,
      open: (endpoints) => open([`listeners=${listenersOf(endpoints)}`]),
      cleanUp: async () => {
        signal?.removeEventListener('abort', onAbort);
        await cleanUp();
      },
    });
    const onAbort = (): void => {
      broker
        .end(0)
        .catch((error: unknown) => logger.error({ error }, 'the broker did not stop cleanly'));
    };
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      await broker.seed();
      signal?.throwIfAborted();
      broker.settle();
    } catch (error) {
      await broker.end(0);
      throw error;
    }
    return broker;
  } catch (error) {
    await cleanUp();
    throw error;
  }
}

/** Throws SettingsError. */
function assertEngine({ engine, dataDir }: StartBrokerOptions): void {
  if (engine === undefined) return;
  // By its shape: it may come from the other form of this package.
  const isEngine = typeof (engine as Partial<Engine> | null)?.openPartition === 'function';
  if (!isEngine) throw new SettingsError([`engine is one of openEngine, not ${shown(engine)}`]);
  if (dataDir === undefined) return;
  throw new SettingsError(['engine has a directory of its own: leave dataDir out']);
}

/** An option that there is not would be a setting that is silently not made. */
function assertKnown(options: StartBrokerOptions): void {
  const names = Object.keys(OPTIONS);
  const problems = Object.keys(options)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const advice = brokerKeys.has(name)
        ? `: it is a setting, config: { '${name}': … }`
        : nearestText(': did you mean ', name, names, '?');
      return `startBroker has no option ${JSON.stringify(name)}${advice}`;
    });
  if (problems.length > 0) throw new SettingsError(problems);
}

/** No data outlives the broker, and its clients are not to wait when they stop. */
const TEMPORARY_SETTINGS = [
  'odradek.flush=os',
  `odradek.fetch.max.wait.ms=${SERVER_LIMITS.testFetchWaitMs}`,
];

function settingsOf(
  { host = 'localhost', port = 0, config = {} }: StartBrokerOptions,
  dataDir: string,
  isTemporary: boolean,
): string[] {
  return [
    `listeners=${formatEndpoint('PLAINTEXT', host, port)}`,
    `log.dirs=${dataDir}`,
    ...(isTemporary ? TEMPORARY_SETTINGS : []),
    ...Object.entries(config).map(([key, value]) => `${key}=${value}`),
  ];
}

/** The endpoints as a setting, with the ports that they have. */
function listenersOf(endpoints: readonly Endpoint[]): string {
  return endpoints.map(({ name, host, port }) => formatEndpoint(name, host, port)).join(',');
}

/** Throws INVALID_OPTION. */
function narrowed(versions: PinnedVersions): NarrowApi {
  try {
    return narrowTo(versions);
  } catch (cause) {
    const { message } = cause as Error;
    throw new TestBrokerError('INVALID_OPTION', `versions: ${message}`, { cause });
  }
}

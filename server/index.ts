/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The package: a whole broker inside a program or a test. The log without a broker is
 * `odradek/engine`.
 */

import { type Clock, systemClock } from '../engine/index.js';
import { openBroker } from './broker/open-broker.js';
import { SERVER_LIMITS } from './limits.js';
import type { Logger } from './logging/log.js';
import { silentLogger } from './logging/silent-logger.js';
import { brokerKeys } from './settings/broker-keys.js';
import { formatEndpoint, isWildcard } from './settings/listeners.js';
import { nearestText } from './settings/nearest-text.js';
import { resolveBrokerSettings, SettingsError } from './settings/parse.js';
import { AdvanceableClock } from './testing/advanceable-clock.js';
import type { Duration } from './testing/duration.js';
import { type Faults, RequestFaults } from './testing/faults.js';
import { makeTemporaryFolder, removeTemporaryFolder } from './testing/temporary-folder.js';

export type { Clock, Timer } from '../engine/index.js';
export { ManualClock } from '../engine/index.js';
export type { LogFields, Logger } from './logging/log.js';
export { SettingsError } from './settings/parse.js';
export type { Duration } from './testing/duration.js';
export type { DisconnectOptions, Fault, FaultApi, FaultOptions, Faults } from './testing/faults.js';

/** The options of `startBroker`; each has a default. */
export interface StartBrokerOptions {
  /** Default: 0, a free port of the system's choice. */
  readonly port?: number;
  /** An address or a name. Default: localhost, which is 127.0.0.1 and, where present, ::1. */
  readonly host?: string;
  /**
   * The folder of the data. Default: a temporary folder that is removed at close, and a broker that
   * does not wait for the disk (`odradek.flush=os`), since no data outlives it.
   */
  readonly dataDir?: string;
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
  /** Gets the broker's log lines. Default: none are written. */
  readonly logger?: Logger;
}

const OPTIONS = {
  port: true,
  host: true,
  dataDir: true,
  config: true,
  clock: true,
  signal: true,
  logger: true,
} satisfies Record<keyof StartBrokerOptions, true>;

/** The time of one broker: the machine's time, plus the time by which it was advanced. */
export interface BrokerClock {
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /**
   * Moves the broker's time on, as if its machine had slept: retention, session timeouts and all
   * other work that fell due run once, now, and have run when it resolves. Connections keep to real
   * time, so that no client is cut off for being idle. Rejects with a RangeError for a value that
   * is no duration.
   */
  advance(by: Duration): Promise<void>;
}

/** A broker that serves, from `startBroker`. */
export interface RunningBroker {
  /** The address for clients, `host:port`. */
  readonly bootstrap: string;
  /** The port that it listens on, never 0. */
  readonly port: number;
  /** Absolute. */
  readonly dataDir: string;
  /**
   * The id of the cluster, 22 characters of base64url: it belongs to the data directory and never
   * changes.
   */
  readonly clusterId: string;
  /** The broker's time, to be advanced. */
  readonly clock: BrokerClock;
  /** Orders faults for the next requests. */
  readonly faults: Faults;
  /**
   * Ends everything and resolves when nothing is left: no handle, no file descriptor, no temporary
   * folder. May be called again.
   */
  close(): Promise<void>;
  /** `close`, for `await using`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts a broker in this process and resolves when it serves. Rejects with SettingsError
 * (`problems`), EngineError (`code`, such as DIRECTORY_LOCKED), ListenError (`code`, such as
 * EADDRINUSE), or the signal's reason.
 */
export async function startBroker(options: StartBrokerOptions = {}): Promise<RunningBroker> {
  assertKnown(options);
  const { signal, logger = silentLogger } = options;
  signal?.throwIfAborted();
  const temporary = options.dataDir === undefined ? makeTemporaryFolder() : null;
  const cleanUp = async (): Promise<void> => {
    if (temporary !== null) await removeTemporaryFolder(temporary);
  };
  try {
    const { settings, brokerStatic, warnings } = resolveBrokerSettings({
      setOrigin: 'config',
      sets: settingsOf(options, options.dataDir ?? temporary ?? '', temporary !== null),
    });
    for (const warning of warnings) logger.warn({}, warning);
    const networkClock = options.clock ?? systemClock;
    const clock = new AdvanceableClock(networkClock);
    const faults = new RequestFaults(clock);
    const parts = { settings, brokerStatic, logger, clock, networkClock, faults };
    const broker = await openBroker(parts);
    let closing: Promise<void> | undefined;
    const end = (drainMs: number): Promise<void> => {
      signal?.removeEventListener('abort', onAbort);
      closing ??= broker.close({ drainMs }).finally(cleanUp);
      return closing;
    };
    const onAbort = (): void => {
      end(0).catch((error: unknown) => logger.error({ error }, 'the broker did not stop cleanly'));
    };
    if (signal?.aborted) {
      await end(0);
      signal.throwIfAborted();
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    const [first] = broker.endpoints;
    const host = first === undefined || isWildcard(first.host) ? 'localhost' : first.host;
    const port = first?.port ?? 0;
    const close = (): Promise<void> => end(SERVER_LIMITS.drainMs);
    return {
      bootstrap: formatEndpoint('', host, port).slice('://'.length),
      port,
      dataDir: broker.dataDir,
      clusterId: broker.clusterId,
      clock,
      faults,
      close,
      [Symbol.asyncDispose]: close,
    };
  } catch (error) {
    await cleanUp();
    throw error;
  }
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

function settingsOf(
  { host = 'localhost', port = 0, config = {} }: StartBrokerOptions,
  dataDir: string,
  isTemporary: boolean,
): string[] {
  return [
    `listeners=${formatEndpoint('PLAINTEXT', host, port)}`,
    `log.dirs=${dataDir}`,
    ...(isTemporary ? ['odradek.flush=os'] : []),
    ...Object.entries(config).map(([key, value]) => `${key}=${value}`),
  ];
}

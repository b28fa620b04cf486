import { infoOf } from '../double/control/control-routes.js';
import { type ControlServer, openControl } from '../double/control/control-server.js';
import type { SeedTopics } from '../double/seed.js';
import { startBroker } from '../double/start-broker.js';
import { createLogger } from '../logging/log.js';
import type { PinnedVersions } from '../testing/pinned-versions.js';
import { CliError, EXIT, type ExitCode } from './cli-error.js';
import { whenReaderLeaves } from './output.js';
import { parentGone } from './parent.js';
import { packageVersion } from './version.js';

export interface DevOptions {
  readonly port: string;
  readonly controlPort: string;
  /** Each `key=value`. */
  readonly set: readonly string[];
  /** Each `name` or `name:partitions`. */
  readonly topic: readonly string[];
  readonly versions?: string;
  readonly stdin: boolean;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a broker for tests until its parent is gone or a signal ends it, and prints where it is as
 * one line of JSON. Resolves with the exit code, when the folder of its data is gone.
 */
export async function dev(options: DevOptions): Promise<ExitCode> {
  whenReaderLeaves('go on');
  const gone = stopRequested(options);
  const stop = new AbortController();
  const broker = await startBroker({
    port: portOf('--port', options.port),
    config: Object.fromEntries(options.set.map(settingOf)),
    topics: topicsOf(options.topic),
    logger: createLogger({ level: 'warn' }),
    signal: stop.signal,
    ...(options.versions !== undefined && { versions: options.versions as PinnedVersions }),
  });
  let control: ControlServer | null = null;
  try {
    control = await openControl(broker, portOf('--control-port', options.controlPort));
    const place = { ...infoOf(broker), control: control.url };
    const line = { ...place, pid: process.pid, version: packageVersion() };
    process.stdout.write(`${JSON.stringify(line)}\n`);
    await gone;
    return EXIT.ok;
  } finally {
    // Nobody waits for answers any more.
    stop.abort();
    await broker.close();
    await control?.close();
  }
}

/** Listens from the beginning: a parent may be gone before the broker is ready. */
function stopRequested({ stdin }: DevOptions): Promise<unknown> {
  const signalled = new Promise<void>((resolve) => {
    for (const signal of STOP_SIGNALS) process.on(signal, () => resolve());
  });
  return Promise.race([signalled, parentGone({ stdin })]);
}

function portOf(option: string, text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port < 2 ** 16) return port;
  throw new CliError(`${option} ${JSON.stringify(text)} is no port: 0 to 65535`, EXIT.usage);
}

function settingOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at).trim(), text.slice(at + 1)];
  throw new CliError(`--set ${JSON.stringify(text)} is not key=value`, EXIT.usage);
}

function topicsOf(texts: readonly string[]): SeedTopics {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name = '', partitions] = /^([^:]+)(?::(\d{1,6}))?$/.exec(text) ?? [];
      if (name !== '') return [name, partitions === undefined ? {} : { partitions: +partitions }];
      throw new CliError(
        `--topic ${JSON.stringify(text)} is not NAME or NAME:PARTITIONS`,
        EXIT.usage,
      );
    }),
  );
}

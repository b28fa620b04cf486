import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import { isatty } from 'node:tty';
import { descriptorsForConnections } from '../../engine/index.js';
import { type Broker, type BrokerOptions, openBroker } from '../broker/open-broker.js';
import { SERVER_LIMITS } from '../limits.js';
import { createLogger, type LazyLogger, type Logger } from '../logging/log.js';
import { formatEndpoint } from '../settings/listeners.js';
import { type ResolvedBroker, resolveBrokerSettings } from '../settings/parse.js';
import { formatPrintConfig } from '../settings/print-config.js';
import { CliError, EXIT, type ExitCode } from './cli-error.js';
import { describeFailure, endOnDefects } from './failure.js';
import { CLI_LIMITS } from './limits.js';
import { whenReaderLeaves } from './output.js';
import { packageVersion } from './version.js';

export interface StartOptions {
  /** Path of a properties file. */
  readonly config?: string;
  /** Each `key=value`. */
  readonly set: readonly string[];
  readonly printConfig?: boolean;
}

/**
 * Runs a broker until a signal ends it. Resolves with the exit code; ends the process itself where
 * it cannot wait: at a second signal, and at an unexpected failure.
 */
export async function start(options: StartOptions): Promise<ExitCode> {
  const room: Room = { make: () => {} };
  const logger = createLogger({ beforeLine: () => room.make() });
  endOnDefects((error) => tell(logger, error));
  try {
    const resolved = await readSettings(options);
    for (const warning of resolved.warnings) logger.warn({}, warning);
    if (options.printConfig) {
      process.stdout.write(formatPrintConfig(resolved.entries, descriptorsForConnections()));
      return EXIT.ok;
    }
    return await serve(resolved, logger, room);
  } catch (error) {
    return tell(logger, error);
  }
}

/** What a line of the log waits for: nothing, or that a bar is gone. */
interface Room {
  make: () => void;
}

const STDERR = 2;

const PHASES = { open: 'Opening logs', recover: 'Recovering logs' };

async function serve(
  { settings, brokerStatic }: ResolvedBroker,
  logger: LazyLogger,
  room: Room,
): Promise<ExitCode> {
  whenReaderLeaves('go on');
  const stop = stopOnSignal(logger);
  const open = (onProgress?: BrokerOptions['onProgress']): Promise<Broker> =>
    openBroker({ settings, brokerStatic, logger, ...(onProgress && { onProgress }) });
  const broker = isatty(STDERR) ? await openShown(open, room) : await open();
  if (!stop.isRequested()) {
    process.stdout.write(`${readyLine(broker, settings.topicDefaults.flush)}\n`);
  }
  const loading = setTimeout(logger.load, CLI_LIMITS.loggerLoadedAfterMs);
  await stop.requested;
  clearTimeout(loading);
  await broker.close({ drainMs: SERVER_LIMITS.drainMs });
  const { failure } = broker.engine;
  if (failure !== null) throw failure;
  logger.info({}, 'stopped');
  return EXIT.ok;
}

/** Opens with a bar, which makes room for lines of the log. */
async function openShown(
  open: (onProgress: NonNullable<BrokerOptions['onProgress']>) => Promise<Broker>,
  room: Room,
): Promise<Broker> {
  const { withProgress } = await import('./progress/progress.js');
  return withProgress('Opening logs', (progress) => {
    room.make = progress.clear;
    return open((amount) => {
      progress.says(PHASES[amount.phase]);
      progress.report(amount);
    });
  });
}

/** The one line on stdout, which the program that started the broker may wait for. */
function readyLine({ endpoints, nodeId, dataDir }: Broker, flush: string): string {
  const shown = endpoints.map(({ name, host, port }) => formatEndpoint(name, host, port));
  return `odradek ${packageVersion()} ready ${shown.join(',')} node=${nodeId} data=${dataDir} flush=${flush}`;
}

async function readSettings({ config, set }: StartOptions): Promise<ResolvedBroker> {
  const fileText = config === undefined ? undefined : await readConfig(config);
  return resolveBrokerSettings({
    sets: set,
    environment: process.env,
    fileText,
    fileName: config,
  });
}

async function readConfig(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readUpTo(resolve(path), SERVER_LIMITS.settingsFileBytesMax + 1);
  } catch (error) {
    const [line] = describeFailure(error).lines;
    throw new CliError(`--config: ${line}`, EXIT.usage, { cause: error });
  }
  if (bytes.length <= SERVER_LIMITS.settingsFileBytesMax) return bytes.toString('utf8');
  throw new CliError(
    `--config: ${path} has more than ${SERVER_LIMITS.settingsFileBytesMax} bytes, which no file of settings needs; name a server.properties file`,
    EXIT.usage,
  );
}

/**
 * The first `bytesMax` bytes of a file, or all of it: a file that is not a plain one may have no
 * end.
 */
async function readUpTo(path: string, bytesMax: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const into = Buffer.allocUnsafe(bytesMax);
    let size = 0;
    for (;;) {
      const { bytesRead } = await file.read(into, size, bytesMax - size);
      size += bytesRead;
      if (bytesRead === 0 || size === bytesMax) return into.subarray(0, size);
    }
  } finally {
    await file.close();
  }
}

/**
 * The first signal asks for a stop; a second one ends the process at once, without a clean stop.
 */
function stopOnSignal(logger: Logger): {
  readonly requested: Promise<void>;
  isRequested(): boolean;
} {
  let stopping = false;
  const requested = new Promise<void>((request) => {
    const onSignal = (signal: NodeJS.Signals): void => {
      if (stopping) {
        logger.warn(
          { signal },
          'ended at once by a second signal; the next start recovers the logs',
        );
        process.exit(EXIT.failure);
      }
      stopping = true;
      logger.info(
        { signal },
        'stopping: requests under way have 10 s; a second signal ends at once',
      );
      request();
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
  });
  return { requested, isRequested: () => stopping };
}

function tell(logger: Logger, error: unknown): ExitCode {
  const { lines, exitCode, isDefect } = describeFailure(error);
  for (const line of lines) logger.error(isDefect ? { error } : {}, line);
  return exitCode;
}

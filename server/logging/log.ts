import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { types } from 'node:util';
import type { DestinationStream, Logger as Pino } from 'pino';
import { SERVER_LIMITS } from '../limits.js';
import { escapeClientText } from './escape.js';

/**
 * The fields of a line beside its message. Strings are escaped, so text of clients may be passed.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/** The logger of the broker's rooms. It is passed in, and never imported as a global. */
export interface Logger {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof logLevels)[number];

/**
 * A logger that loads its library with its first line: that takes 10 ms, which a start need not
 * wait for.
 */
export interface LazyLogger extends Logger {
  /** Loads the library now: later there may be no descriptor left to read its files. */
  load(): void;
}

export interface LoggerOptions {
  /** Lines below it are not written. Default: info. */
  readonly level?: LogLevel;
  /** Default: pretty if stderr is a terminal, else json. */
  readonly format?: 'pretty' | 'json';
  /** Default: stderr. One complete line a call. */
  readonly stream?: { write(line: string): void };
  /** Called before each line: what else stands on the terminal makes room. */
  readonly beforeLine?: () => void;
  /** Stands for the library, in tests of its absence: a program's own types need not know it. */
  readonly loadPino?: () => unknown;
}

const STDERR = 2;

const require = createRequire(import.meta.url);

/**
 * A logger on pino. Writes synchronously, so that the last line before an exit is not lost. Every
 * string that goes in comes out on one line, printable and capped (stacks keep their lines).
 */
export function createLogger(options: LoggerOptions = {}): LazyLogger {
  let loaded: Pick<Pino, LogLevel> | null = null;
  const load = (): Pick<Pino, LogLevel> => {
    try {
      loaded ??= createPino(options);
    } catch {
      // Most likely there is no descriptor left. A plain line is better than none.
      return plainLines(options);
    }
    return loaded;
  };
  const lowest = logLevels.indexOf(options.level ?? 'info');
  const line =
    (level: LogLevel) =>
    (fields: LogFields, message: string): void => {
      if (logLevels.indexOf(level) < lowest) return;
      options.beforeLine?.();
      load()[level](safeFields(fields), safeText(message));
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    load: () => void load(),
  };
}

function createPino(options: LoggerOptions): Pino {
  const library = options.loadPino?.() ?? require('#vendor/pino');
  const { destination, pino } = library as typeof import('pino');
  const format = options.format ?? (process.stderr.isTTY ? 'pretty' : 'json');
  const target: DestinationStream = options.stream ?? destination({ fd: STDERR, sync: true });
  const stream = format === 'json' ? target : prettyOn(target, options.stream === undefined);
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      // Errors are made safe before they get here.
      serializers: { err: (error: unknown) => error },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

function plainLines({ stream }: LoggerOptions): Pick<Pino, LogLevel> {
  const out = stream ?? { write: writeIfPossible };
  const line = (level: LogLevel) => (fields: object, message?: string) =>
    out.write(`${JSON.stringify({ level, time: new Date(), ...fields, msg: message })}\n`);
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

function writeIfPossible(text: string): void {
  try {
    writeSync(STDERR, text);
  } catch {
    // Stderr is not read, or not fast enough: that is no reason to end.
  }
}

/** pino-pretty's own stream needs a Node stream to end in; its formatter alone needs none. */
function prettyOn(target: DestinationStream, isStderr: boolean): DestinationStream {
  // Loaded here because it takes 20 ms, which a log in JSON need not pay.
  const { prettyFactory } = require('#vendor/pino-pretty') as typeof import('pino-pretty');
  const format = prettyFactory({
    colorize: isStderr && process.stderr.hasColors?.() === true,
    ignore: 'pid,hostname',
    translateTime: 'SYS:yyyy-mm-dd HH:MM:ss.l',
  });
  return { write: (line) => target.write(format(line)) };
}

function safeFields(fields: LogFields): Record<string, unknown> {
  return safeValue(fields, 0) as Record<string, unknown>;
}

function safeValue(value: unknown, depth: number): unknown {
  if (typeof value === 'string') return safeText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (types.isUint8Array(value)) return escapeClientText(value);
  if (depth >= SERVER_LIMITS.logDepthMax) return '[deeper]';
  if (types.isNativeError(value)) return safeError(value, depth);
  if (Array.isArray(value)) {
    return value
      .slice(0, SERVER_LIMITS.logElementsMax)
      .map((element) => safeValue(element, depth + 1));
  }
  const safe: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value).slice(0, SERVER_LIMITS.logElementsMax)) {
    safe[safeText(key)] = safeValue(each, depth + 1);
  }
  return safe;
}

function safeError(error: Error, depth: number): Record<string, unknown> {
  const code = (error as { code?: unknown }).code;
  return {
    type: safeText(error.name),
    message: safeText(error.message),
    ...(code === undefined ? {} : { code: safeValue(code, SERVER_LIMITS.logDepthMax) }),
    ...(error.stack === undefined || isExpected(code) ? {} : { stack: safeStack(error) }),
    ...(error.cause === undefined ? {} : { cause: safeValue(error.cause, depth + 1) }),
  };
}

/**
 * Expected failures and failures of the system have codes; Node's codes for wrong calls begin with
 * ERR_.
 */
function isExpected(code: unknown): boolean {
  return typeof code === 'string' && !code.startsWith('ERR_');
}

/** The frames keep their lines; the head carries the message, which may be a client's. */
function safeStack(error: Error): string {
  const stack = error.stack ?? '';
  // From the end of the message, which may hold lines that look like frames.
  const tail = stack.slice(Math.max(0, stack.indexOf(error.message)) + error.message.length);
  const framesAt = tail.search(/\n {4}at /);
  const frames = framesAt === -1 ? '' : tail.slice(framesAt);
  const safeFrames = frames
    .split('\n')
    .slice(0, SERVER_LIMITS.logElementsMax)
    .map(safeText)
    .join('\n');
  return `${safeText(error.name)}: ${safeText(error.message)}${safeFrames}`;
}

function safeText(text: string): string {
  return escapeClientText(text, SERVER_LIMITS.logTextLengthMax);
}

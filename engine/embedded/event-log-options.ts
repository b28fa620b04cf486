import type { CodecName } from '../batch/compression.js';
import { HEADER_SIZE } from '../batch/header.js';
import { DURATION_TEXTS, type Duration, parseDuration } from '../duration.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { DEFAULT_LOG_SETTINGS, type LogSettings } from '../log/log-settings.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';
import type { WhenFull } from './append-room.js';
import type { ValueEncoding } from './value-encoding.js';

/**
 * The settings of a log that a program chooses. The program's own batches are in the codec that it
 * asks for; foreign batches stay as they are.
 */
type EventLogSettings = Omit<LogSettings, 'compression' | 'compressionLevel'>;

/** A setting that is a length of time may be text, such as `'7d'`. */
type GivenSettings = {
  readonly [Key in keyof EventLogSettings]?:
    | EventLogSettings[Key]
    | (Key extends `${string}Ms` ? Duration : never)
    | undefined;
};

/**
 * Options for opening a log. Settings are those of `LogSettings`, under the same names; a setting
 * that is left out has its default. They belong to the open log, not to the directory: give them at
 * every start.
 */
export interface EventLogOptions<Encoding extends ValueEncoding = 'buffer'> extends GivenSettings {
  /**
   * How values are written and read: `'buffer'` as bytes, `'utf8'` as text, `'json'` as what JSON
   * makes of them. Null is no value (a tombstone) in all of them. Default 'buffer'.
   */
  readonly valueEncoding?: Encoding | undefined;
  /**
   * Compression of what `append` writes. Batches of all codecs may stand in one log. Default
   * 'none'.
   */
  readonly codec?: CodecName | undefined;
  /**
   * The log's id, a UUID in Kafka's text form (22 characters of base64url). Only for a log that is
   * new in this directory; without it an id is drawn. The id stands in the folder's
   * `partition.metadata` and never changes.
   */
  readonly topicId?: string | undefined;
  /**
   * Bytes of appends under way, as records before compression, beyond which a further append is
   * refused (APPENDS_PENDING), or waits. A call by itself may be larger. Default 256 MiB.
   */
  readonly pendingBytesMax?: number | undefined;
  /**
   * What an append does beyond `pendingBytesMax`: `'reject'`, or `'wait'` in the order of calls.
   * What waits is in memory too: awaiting appends is what bounds it. Default 'reject'.
   */
  readonly whenFull?: WhenFull | undefined;
}

/** Options with every default filled in. */
export interface ResolvedOptions {
  readonly codec: CodecName;
  readonly valueEncoding: ValueEncoding;
  readonly topicId: string | null;
  readonly pendingBytesMax: number;
  readonly whenFull: WhenFull;
  readonly settings: LogSettings;
}

/** As Kafka's defaults, except that nothing is deleted unless the program asks for it. */
const EMBEDDED_SETTINGS: LogSettings = {
  ...DEFAULT_LOG_SETTINGS,
  retentionMs: Number.POSITIVE_INFINITY,
};

type Check = (value: unknown) => string | null;

const INT32_MAX = 2 ** 31 - 1;
/** Room for one entry beside the one that closes a time index. */
const INDEX_BYTES_MIN = 24;

const boolean: Check = (value) => (typeof value === 'boolean' ? null : 'true or false');

function oneOf(...words: readonly string[]): Check {
  return (value) => (words.includes(value as string) ? null : `one of ${words.join(', ')}`);
}

function integer(min: number, max: number): Check {
  return (value) => {
    const fits = Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
    return fits ? null : `a whole number from ${min} to ${max}`;
  };
}

/** A number from `min` on, Infinity for no limit. */
function limit(min: number): Check {
  return (value) =>
    typeof value === 'number' && value >= min ? null : `a number of at least ${min}, or Infinity`;
}

const SETTING_CHECKS: Record<keyof EventLogSettings, Check> = {
  flush: oneOf('ack', 'interval', 'os'),
  flushRecords: limit(1),
  flushMs: limit(0),
  segmentBytes: integer(1, INT32_MAX),
  segmentMs: limit(1),
  segmentJitterMs: integer(0, Number.MAX_SAFE_INTEGER),
  segmentIndexBytes: integer(INDEX_BYTES_MIN, INT32_MAX),
  indexIntervalBytes: integer(0, INT32_MAX),
  retentionMs: limit(0),
  retentionBytes: limit(0),
  fileDeleteDelayMs: integer(0, Number.MAX_SAFE_INTEGER),
  maxBatchBytes: integer(HEADER_SIZE + 1, INT32_MAX),
  timestampType: oneOf('create', 'append'),
  timestampBeforeMaxMs: limit(0),
  timestampAfterMaxMs: limit(0),
  compacted: boolean,
  minCleanableDirtyRatio: (value) =>
    typeof value === 'number' && value >= 0 && value <= 1 ? null : 'a number from 0 to 1',
  minCompactionLagMs: limit(0),
  maxCompactionLagMs: limit(1),
  deleteRetentionMs: integer(0, Number.MAX_SAFE_INTEGER),
  deletes: boolean,
  validate: oneOf('header', 'records'),
  producerExpirationMs: limit(1),
};

const CHECKS: ReadonlyMap<string, Check> = new Map([
  ...Object.entries(SETTING_CHECKS),
  ['valueEncoding', oneOf('buffer', 'utf8', 'json')],
  ['pendingBytesMax', integer(1, Number.MAX_SAFE_INTEGER)],
  ['whenFull', oneOf('reject', 'wait')],
  ['codec', oneOf('none', 'gzip', 'snappy', 'lz4', 'zstd')],
  [
    'topicId',
    (value: unknown) =>
      typeof value === 'string' && /^[\w-]{22}$/.test(value)
        ? null
        : '22 characters of base64url (a UUID)',
  ],
]);

/** Checks the options and fills in defaults. Throws INVALID_SETTING, naming the key. */
export function resolveOptions(options: EventLogOptions<ValueEncoding>): ResolvedOptions {
  const given: Record<string, unknown> = {};
  assertOptionsObject('a log', options);
  assertKnownOptions('a log', options, [...CHECKS.keys()]);
  for (const [key, value] of givenEntries(options)) {
    const check = CHECKS.get(key)!;
    const wanted = check(value);
    if (wanted !== null) throw invalid(`${key} is ${wanted}, not ${shown(value)}`);
    given[key] = value;
  }
  const {
    codec = 'none',
    valueEncoding = 'buffer',
    topicId = null,
    pendingBytesMax = LIMITS.pendingBytesMax,
    whenFull = 'reject',
    ...overrides
  } = given as Partial<ResolvedOptions> & Partial<EventLogSettings>;
  const settings: LogSettings = { ...EMBEDDED_SETTINGS, ...overrides };
  if (settings.minCompactionLagMs > settings.maxCompactionLagMs) {
    throw invalid(
      `minCompactionLagMs (${settings.minCompactionLagMs}) is not above maxCompactionLagMs (${settings.maxCompactionLagMs})`,
    );
  }
  return { codec, valueEncoding, topicId, pendingBytesMax, whenFull, settings };
}

/**
 * Throws INVALID_SETTING when a given option differs from that of the open log: it would not take
 * effect.
 */
export function assertSameOptions(
  name: string,
  options: EventLogOptions<ValueEncoding>,
  current: LogSettings & {
    readonly codec: CodecName;
    readonly valueEncoding: ValueEncoding;
    readonly topicId: string;
    readonly pendingBytesMax: number;
    readonly whenFull: WhenFull;
  },
): void {
  for (const [key, value] of givenEntries(options)) {
    const has = current[key as keyof typeof current];
    if (Object.is(has, value)) continue;
    throw invalid(
      `the log '${name}' is open with ${key} ${shown(has)}, not ${shown(value)}: leave it out, or close the log first`,
    );
  }
}

function givenEntries(options: EventLogOptions<ValueEncoding>): [string, unknown][] {
  return Object.entries(options)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, isDurationText(key, value) ? msOf(key, value) : value]);
}

function isDurationText(key: string, value: unknown): boolean {
  return key.endsWith('Ms') && typeof value === 'string';
}

function msOf(key: string, text: unknown): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw invalid(`${key} is a number of milliseconds, or ${DURATION_TEXTS}, not ${shown(text)}`);
}

function invalid(message: string): EngineError {
  return new EngineError('INVALID_SETTING', message);
}

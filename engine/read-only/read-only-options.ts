import type { Clock } from '../clock.js';
import type { Disk } from '../disk/disk.js';
import type { ValueEncoding } from '../embedded/value-encoding.js';
import { EngineError } from '../errors.js';
import type { EngineLogger } from '../logger.js';
import { assertOptions, type OptionType } from '../option-types.js';
import { shown } from '../shown.js';
import type { TurnSlices } from '../turn-slices.js';

/** Options of `openEngine` for a directory that another process writes. */
export interface ReadOnlyOptions {
  readonly readOnly: true;
  /** Between two looks for what has come, in milliseconds. Default 50. */
  readonly pollIntervalMs?: number;
  /** Default: `nodeDisk`. */
  readonly disk?: Disk;
  /** Default: `systemClock`. */
  readonly clock?: Clock;
  /** Default: nothing is logged. */
  readonly logger?: EngineLogger;
  /** Cuts long work on the event loop into slices. Default: its own. */
  readonly slices?: TurnSlices;
  /** As in `EngineOptions`. */
  readonly descriptorsOpenMax?: number;
}

/** Options of `ReadOnlyEngine.log`. */
export interface ReadOnlyLogOptions<Encoding extends ValueEncoding = 'buffer'> {
  /** As in `EventLogOptions`. Default 'buffer'. */
  readonly valueEncoding?: Encoding | undefined;
}

const OPTIONS = {
  readOnly: 'boolean',
  pollIntervalMs: 'count',
  disk: 'object',
  clock: 'object',
  logger: 'object',
  slices: 'object',
  descriptorsOpenMax: 'count',
} satisfies Record<keyof ReadOnlyOptions, OptionType>;

/** Throws INVALID_SETTING, naming what is wrong, unless a directory can be opened with these. */
export function assertReading(path: unknown, options: unknown): void {
  assertOptions('openEngine with readOnly', options, OPTIONS);
  if (typeof path === 'string' && path !== '') return;
  throw new EngineError('INVALID_SETTING', `a data directory is a path, not ${shown(path)}`);
}

/** Throws INVALID_SETTING, naming what is wrong, unless a log can be read with these. */
export function assertReadingLog(options: unknown): void {
  assertOptions('a log that is read', options, { valueEncoding: ['buffer', 'utf8', 'json'] });
}

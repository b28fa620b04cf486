import type { Catalog } from './catalog/catalog.js';
import type { Clock } from './clock.js';
import type { DirectoryLocker } from './disk/directory-lock.js';
import type { Disk } from './disk/disk.js';
import { EngineError } from './errors.js';
import type { EngineLogger } from './logger.js';
import type { CompactionOptions } from './maintenance/cleaner.js';
import type { JobRunner } from './maintenance/job-runner.js';
import { assertOptions, type OptionType } from './option-types.js';
import type { EngineProgress } from './progress.js';
import type { Random } from './random.js';
import { shown } from './shown.js';
import type { TurnSlices } from './turn-slices.js';

/**
 * Everything that the engine takes from its surroundings. Each has a default: that of the machine.
 */
export interface EngineOptions {
  /** Default: `nodeDisk`. */
  readonly disk?: Disk;
  /** Default: `systemClock`. */
  readonly clock?: Clock;
  /** Draws ids and the jitter of rolls. Default: `systemRandom`. */
  readonly random?: Random;
  /**
   * Runs maintenance; the engine closes it. Default: a pool of threads, started by its first job.
   */
  readonly jobs?: JobRunner | undefined;
  /** Keeps a second engine out of the directory. Default: a lock that ends with the process. */
  readonly locker?: DirectoryLocker | undefined;
  /** Default: nothing is logged. */
  readonly logger?: EngineLogger;
  /**
   * Opens the catalog at a path; `suspicious` after an unclean stop. `onFailure` takes the
   * directory offline.
   */
  readonly openCatalog?: (
    path: string,
    options: {
      suspicious: boolean;
      onFailure: (error: EngineError) => void;
      logger: EngineLogger;
    },
  ) => Promise<Catalog>;
  /**
   * Cuts long work on the event loop into slices; shared with a broker's own work. Default: the
   * engine's own.
   */
  readonly slices?: TurnSlices;
  /**
   * Options of compaction; an option that is left out has its default (`DEFAULT_COMPACTION`). Out
   * of range: INVALID_SETTING.
   */
  readonly compaction?: Partial<CompactionOptions>;
  /**
   * When staged batches are written: after the `microtask`s that are running (the default), or
   * after the event loop's whole `turn`, which is for programs that append on behalf of many
   * sockets.
   */
  readonly gatherWrites?: 'microtask' | 'turn';
  /**
   * Told how far the opening of logs is (`engine.log`), which may take long after an unclean stop:
   * at most every 100 ms, and when the last log is open; not for what is done sooner, and never
   * once all those promises have settled. `openEngine` itself opens no log. What it throws, or
   * rejects with, is a warning of the logger, and it is not called again; the logs are opened all
   * the same. Default: none.
   */
  readonly onProgress?: ((progress: EngineProgress) => void) | undefined;
  /**
   * Descriptors of logs that are kept open: beyond that, the least recently used one that is not in
   * use is closed. At most as many files have unsynced bytes; then appends to other files wait for
   * a sync. Default: six tenths of the descriptors that the process may have, 16,384 at most.
   */
  readonly descriptorsOpenMax?: number;
  /** `true` opens the directory for reading, with `ReadOnlyOptions` instead of these. */
  readonly readOnly?: false;
}

const OPTIONS = {
  disk: 'object',
  clock: 'object',
  random: 'object',
  jobs: 'object',
  locker: 'object',
  logger: 'object',
  openCatalog: 'function',
  slices: 'object',
  compaction: 'object',
  gatherWrites: ['microtask', 'turn'],
  onProgress: 'function',
  descriptorsOpenMax: 'count',
  readOnly: 'boolean',
} satisfies Record<keyof EngineOptions, OptionType>;

/** Throws INVALID_SETTING, naming what is wrong, unless an engine can be opened with these. */
export function assertOpening(path: unknown, options: unknown): void {
  assertOptions('openEngine', options, OPTIONS);
  if (typeof path === 'string' && path !== '') return;
  throw new EngineError('INVALID_SETTING', `a data directory is a path, not ${shown(path)}`);
}

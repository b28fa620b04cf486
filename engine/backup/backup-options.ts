import { assertSignal } from '../embedded/abort.js';
import { EngineError } from '../errors.js';
import { assertOptions, type OptionType } from '../option-types.js';
import { shown } from '../shown.js';

/** How far a backup is. */
export interface BackupProgress {
  readonly phase: 'backup';
  /** Bytes that are in the backup; linked segments count whole. */
  readonly done: number;
  readonly total: number;
  readonly unit: 'bytes';
}

/** Options of `engine.backup`. */
export interface BackupOptions {
  /**
   * Told at most every 100 ms, and at the end; not for what is done sooner, and never once the
   * promise has settled. What it throws is a warning of the engine's logger, and it is not called
   * again; the backup goes on. Default: none.
   */
  readonly onProgress?: (progress: BackupProgress) => void;
  /** Ends the backup: it rejects with ABORT_ERR, and nothing of it is left. */
  readonly signal?: AbortSignal;
}

/** A finished backup. */
export interface Backup {
  /** Absolute path of the data directory that was made. */
  readonly path: string;
  /** Partitions in it, those of topics and those of program logs. */
  readonly logs: number;
  /** Bytes of their segments. */
  readonly bytes: number;
  /** Of them, bytes of segments that are second names of the originals and take no room. */
  readonly bytesLinked: number;
}

const OPTIONS = {
  onProgress: 'function',
  signal: 'object',
} satisfies Record<keyof BackupOptions, OptionType>;

/** Throws INVALID_SETTING, naming what is wrong, unless a backup can be begun with these. */
export function assertBackup(path: unknown, options: unknown): void {
  assertOptions('backup', options, OPTIONS);
  assertSignal((options as BackupOptions).signal);
  if (typeof path === 'string' && path !== '') return;
  throw new EngineError('INVALID_SETTING', `a backup goes to a path, not ${shown(path)}`);
}

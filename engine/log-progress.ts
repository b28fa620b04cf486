import type { Clock } from './clock.js';
import type { EngineLogger } from './logger.js';
import { assertOptions, type OptionType } from './option-types.js';
import { ProgressTeller } from './progress.js';

/** How far the scrub or the compaction of a log is, as `onProgress` is told. */
export interface LogProgress {
  readonly phase: 'scrub' | 'compact';
  /** Rises segment by segment. */
  readonly done: number;
  /**
   * Of a compaction: bytes that are looked for keys, and then those that are written anew. It grows
   * where the keys do not fit into memory, and the log is gone through again.
   */
  readonly total: number;
  readonly unit: 'bytes';
}

/** Options of `scrub` and `compact`. */
export interface LogWorkOptions {
  /**
   * Told at most every 100 ms, and at the end; not for what is done sooner, and never once the
   * promise has settled. What it throws, or rejects with, is a warning of the engine's logger, and
   * it is not called again; the work goes on. Default: none.
   */
  readonly onProgress?: ((progress: LogProgress) => void) | undefined;
}

const OPTIONS = { onProgress: 'function' } satisfies Record<keyof LogWorkOptions, OptionType>;

/** Counts bytes of long work. */
export interface ByteMeter {
  /** So many more have to be done. */
  expects(bytes: number): void;
  did(bytes: number): void;
}

/** Counts nothing. */
export const UNTOLD: ByteMeter = { expects: () => {}, did: () => {} };

/**
 * Does work of a log, and tells how far it is. Rejects INVALID_SETTING for options that there are
 * not; else it settles as the work does.
 */
export async function toldWork<Result>(
  phase: LogProgress['phase'],
  options: LogWorkOptions,
  { clock, logger }: { readonly clock: Clock; readonly logger: EngineLogger },
  work: (meter: ByteMeter) => Promise<Result>,
): Promise<Result> {
  assertOptions(phase, options, OPTIONS);
  let done = 0;
  let total = 0;
  const teller = new ProgressTeller<LogProgress>(options.onProgress ?? null, clock, logger);
  const amount = (): LogProgress => ({ phase, done, total, unit: 'bytes' });
  teller.begin();
  const result = await work({
    expects: (bytes) => {
      total += bytes;
    },
    did: (bytes) => {
      done = Math.min(done + bytes, total);
      teller.step(amount);
    },
  });
  // Segments that went away meanwhile.
  done = total;
  teller.end(amount);
  return result;
}

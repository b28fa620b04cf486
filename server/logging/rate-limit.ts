import { SERVER_LIMITS } from '../limits.js';
import type { LogFields, Logger, LogLevel } from './log.js';

/** The part of the clock that is needed here: milliseconds that never go back. */
export interface MonotonicClock {
  monotonicMs(): number;
}

export interface RateLimitOptions {
  readonly clock: MonotonicClock;
  /** Least time between two lines of one key. Default: 10 s. */
  readonly intervalMs?: number;
  /** Most keys that are remembered; beyond it the oldest key is forgotten. Default: 1000. */
  readonly keysMax?: number;
}

/** A logger for lines that a client can cause as often as it likes. */
export interface RateLimitedLogger {
  /**
   * Writes the line unless one of the same level and `key` was written less than the interval ago.
   * The next line that is written has the number of lines that were not, as the field `suppressed`.
   * `key` names the kind of event, not its details.
   */
  log(level: LogLevel, key: string, fields: LogFields, message: string): void;
}

interface Window {
  writtenAtMs: number;
  suppressed: number;
}

/** Limits repeated lines to one per key and interval. Memory is bounded by the number of keys. */
export function rateLimited(logger: Logger, options: RateLimitOptions): RateLimitedLogger {
  const {
    clock,
    intervalMs = SERVER_LIMITS.logRepeatMs,
    keysMax = SERVER_LIMITS.logKindsMax,
  } = options;
  // In order of their last written line, because a key is removed and put in again with each line.
  const windows = new Map<string, Window>();
  return {
    log(level, key, fields, message) {
      const windowKey = `${level} ${key}`;
      const nowMs = clock.monotonicMs();
      const window = windows.get(windowKey);
      if (window !== undefined && nowMs - window.writtenAtMs < intervalMs) {
        window.suppressed++;
        return;
      }
      windows.delete(windowKey);
      windows.set(windowKey, { writtenAtMs: nowMs, suppressed: 0 });
      if (windows.size > keysMax) {
        const oldest = windows.keys().next();
        if (!oldest.done) windows.delete(oldest.value);
      }
      const suppressed = window?.suppressed ?? 0;
      logger[level](suppressed > 0 ? { ...fields, suppressed } : fields, message);
    },
  };
}

import { DURATION_TEXTS, type Duration, parseDuration, shown } from '../../engine/index.js';

export type { Duration };

/** Whole milliseconds, rounded. Throws a RangeError for a value that is no duration, or below 0. */
export function durationMs(duration: Duration): number {
  const ms = parseDuration(duration);
  if (ms !== null) return ms;
  throw new RangeError(
    `${shown(duration)} is no duration: milliseconds from 0 on are, or ${DURATION_TEXTS}`,
  );
}

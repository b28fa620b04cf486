import { types } from 'node:util';

/** A time as ISO 8601 writes it, such as `'2026-01-01'` or `'2026-01-01T10:00:00Z'`. */
export type IsoTime = `${number}-${number}-${number}` | `${number}-${number}-${number}T${string}`;

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds of a Date, or of ISO text; null for anything else, as for 31 February. */
export function timeMsOf(time: unknown): number | null {
  const isText = typeof time === 'string' && ISO.test(time) && isDay(time);
  const ms = isText ? Date.parse(time) : types.isDate(time) ? time.getTime() : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** `Date.parse` takes the 30th and 31st of every month, and goes on into the next. */
function isDay(time: string): boolean {
  const day = time.slice(0, 'yyyy-mm-dd'.length);
  const ms = Date.parse(day);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(day);
}

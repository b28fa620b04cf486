import { types } from 'node:util';

/** A time as ISO 8601 writes it, such as `'2026-01-01'` or `'2026-01-01T10:00:00Z'`. */
export type IsoTime = `${number}-${number}-${number}` | `${number}-${number}-${number}T${string}`;

const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds of a Date, or of ISO text; null for anything else. */
export function timeMsOf(time: unknown): number | null {
  const isText = typeof time === 'string' && ISO.test(time);
  const ms = isText ? Date.parse(time) : types.isDate(time) ? time.getTime() : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

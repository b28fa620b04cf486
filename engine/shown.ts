import { types } from 'node:util';
import { LIMITS } from './limits.js';

/** A value of a caller in an error's words: whatever it is, it is named, and briefly. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, LIMITS.nameShownLengthMax));
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`.slice(0, LIMITS.nameShownLengthMax);
  if (typeof value !== 'object' || value === null) return String(value);
  if (types.isProxy(value)) return 'a proxy';
  if (types.isDate(value)) return 'an invalid Date';
  return Array.isArray(value) ? 'an array' : 'an object';
}

import { closest, distance } from 'fastest-levenshtein';
import { EngineError } from './errors.js';
import { LIMITS } from './limits.js';

/**
 * The known name that `name` may have been meant for: it begins with `name`, or is few edits away.
 * Null where none is near, since advice that leads astray is worse than none.
 */
export function nearestName(name: string, known: Iterable<string>): string | null {
  const names = [...known];
  const asked = name.slice(0, LIMITS.nameComparedMax);
  if (asked === '' || names.length === 0) return null;
  const nearest = closest(asked, names);
  if (distance(asked, nearest) <= Math.max(2, asked.length / 4)) return nearest;
  return names.find((each) => asked.length >= 4 && each.startsWith(asked)) ?? null;
}

/** Refuses options that are no object: INVALID_SETTING. */
export function assertOptionsObject(what: string, options: unknown): asserts options is object {
  if (typeof options === 'object' && options !== null && !Array.isArray(options)) return;
  throw new EngineError('INVALID_SETTING', `the options of ${what} are an object`);
}

/** Refuses options that there are not, with the one that may have been meant: INVALID_SETTING. */
export function assertKnownOptions(what: string, options: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || known.includes(name)) continue;
    const nearest = nearestName(name, known);
    throw new EngineError(
      'INVALID_SETTING',
      `${what} has no option '${name.slice(0, LIMITS.nameComparedMax)}': ${nearest === null ? `it has ${known.join(', ')}` : `did you mean ${nearest}?`}`,
    );
  }
}

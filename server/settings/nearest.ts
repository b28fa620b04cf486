import { closest } from 'fastest-levenshtein';

/** Names longer than this are not compared: no key is that long, and the cost is quadratic. */
const NAME_LENGTH_MAX = 200;

/** The known name that is the fewest edits away from `name`, for "did you mean". */
export function nearestName(name: string, known: Iterable<string>): string {
  return closest(name.slice(0, NAME_LENGTH_MAX), [...known]);
}

import { closest } from 'fastest-levenshtein';
import { SERVER_LIMITS } from '../limits.js';

/** The known name that is the fewest edits away from `name`, for "did you mean". */
export function nearestName(name: string, known: Iterable<string>): string {
  return closest(name.slice(0, SERVER_LIMITS.settingNameLengthMax), [...known]);
}

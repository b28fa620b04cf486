import { nearestName } from '../../engine/index.js';

/**
 * The known name that `name` may have been meant for, in its sentence; empty where none is near.
 */
export function nearestText(
  before: string,
  name: string,
  known: Iterable<string>,
  behind = '',
): string {
  const nearest = nearestName(name, known);
  return nearest === null ? '' : `${before}${nearest}${behind}`;
}

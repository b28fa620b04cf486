import type { Work } from '../../engine/index.js';
import { forEachInSlices } from '../request/in-slices.js';

/**
 * The keys that occur more than once, in slices. Requests that name a thing twice are refused, not
 * guessed at.
 */
export async function occurringTwice<T, K>(
  work: Work,
  values: Iterable<T>,
  keyOf: (value: T) => K,
): Promise<Set<K>> {
  const once = new Set<K>();
  const twice = new Set<K>();
  await forEachInSlices(work, values, (value) => {
    const key = keyOf(value);
    (once.has(key) ? twice : once).add(key);
  });
  return twice;
}

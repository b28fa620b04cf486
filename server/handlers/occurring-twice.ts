/** The values that occur more than once. Requests that name a thing twice are refused, not guessed at. */
export function occurringTwice<T>(values: Iterable<T>): Set<T> {
  const once = new Set<T>();
  const twice = new Set<T>();
  for (const value of values) (once.has(value) ? twice : once).add(value);
  return twice;
}

import type { Work } from '../../engine/index.js';

/** Does `step` for one value after another, and lets other requests be served in between. */
export async function forEachInSlices<T>(
  work: Work,
  values: Iterable<T>,
  step: (value: T) => void | Promise<void>,
): Promise<void> {
  for (const value of values) {
    const done = step(value);
    if (done !== undefined) await done;
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
}

/** As `forEachInSlices`. Resolves with the results of `map` for each value, in their order. */
export async function mapInSlices<T, R extends object>(
  work: Work,
  values: Iterable<T>,
  map: (value: T) => R | Promise<R>,
): Promise<R[]> {
  const results: R[] = [];
  for (const value of values) {
    const result = map(value);
    results.push(result instanceof Promise ? await result : result);
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return results;
}

/** Each value once, in the order in which they first come. */
export async function distinctInSlices<T>(work: Work, values: Iterable<T>): Promise<Set<T>> {
  const distinct = new Set<T>();
  await forEachInSlices(work, values, (value) => void distinct.add(value));
  return distinct;
}

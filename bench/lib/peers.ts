import { createRequire } from 'node:module';
import { join } from 'node:path';
import { skipped } from './outcome.js';
import { BENCH } from './paths.js';

const requirePeer = createRequire(join(BENCH, 'package.json'));

/**
 * A package of `bench/package.json`. The suite compiles without them, so the caller says what it
 * uses of one. Throws the row's skip when it is not installed.
 */
export function peer<T>(name: string): T {
  try {
    return requirePeer(name) as T;
  } catch (error) {
    const [line] = String((error as Error).message).split('\n');
    throw skipped(`the package ${name} cannot be loaded (${line}): run "npm ci --prefix bench"`);
  }
}

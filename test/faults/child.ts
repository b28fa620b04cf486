/**
 * Feeds a range of flips in a process of its own, so that what ends a process is seen: SEED FROM
 * COUNT.
 */
import { flipOnce } from './flips.js';
import { makeFlipWorld } from './support/flip-world.js';

const [seed = 1, from = 0, count = 1] = process.argv.slice(2).map(Number);
const world = await makeFlipWorld(seed);
for (let index = from; index < from + count; index++) {
  process.send!({ begins: index });
  process.send!(await flipOnce(world, seed, index));
}
process.disconnect();

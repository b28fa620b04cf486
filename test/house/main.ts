/**
 * `npm run check:house`: prints how the house stands, and fails when a number is beyond its bound.
 */
import { sourcesIn } from './sources.js';
import { beyond, printed, tableOf } from './table.js';

const rows = tableOf([...sourcesIn('engine'), ...sourcesIn('server')]);
console.log(printed(rows));
for (const { what, count, most } of beyond(rows)) {
  console.error(`${what}: ${count}, at most ${most}`);
  process.exitCode = 1;
}

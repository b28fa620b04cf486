/**
 * Set by `npm run test:long`, which takes the seeds and rounds for which `npm test` has no time.
 */
const IS_LONG = process.env.ODRADEK_LONG === '1';

/** How often to do something: `short` in `npm test`, `long` in `npm run test:long`. */
export function often(short: number, long: number): number {
  return IS_LONG ? long : short;
}

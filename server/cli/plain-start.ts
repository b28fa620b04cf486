import type { StartOptions } from './start.js';

/**
 * The options of a `start` that has only `--set` and `--config`, each with its value behind it, as
 * services and scripts call it. Null for any other command line: commander reads those, and reports
 * their mistakes.
 */
export function plainStart([command, ...rest]: readonly string[]): StartOptions | null {
  if (command !== 'start') return null;
  const set: string[] = [];
  let config: string | undefined;
  for (let i = 0; i < rest.length; i += 2) {
    const value = rest[i + 1];
    if (value === undefined || value.startsWith('-')) return null;
    if (rest[i] === '--set' || rest[i] === '-s') set.push(value);
    else if (rest[i] === '--config' || rest[i] === '-c') config = value;
    else return null;
  }
  return config === undefined ? { set } : { set, config };
}

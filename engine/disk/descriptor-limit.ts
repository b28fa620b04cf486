import { readFileSync } from 'node:fs';

/** Of the descriptors that a process may have, logs keep so many open: the others are for connections, and for files that are read or synced. */
const SHARE_OF_LOGS = 0.6;
/** macOS, where it is not asked for: what Node raises the limit to there is more. */
const LIMIT_UNKNOWN = 10_240;

/** How many descriptors logs may keep open in this process: `max`, or their share of `ulimit -n` where that is less. */
export function descriptorsFor(max: number): number {
  return shareOf(openFilesLimit(), max);
}

/** The share of a limit, at most `max` and at least one. */
export function shareOf(limit: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor(limit * SHARE_OF_LOGS)));
}

/** The soft limit, which Node has raised to the hard one at its start. */
function openFilesLimit(): number {
  try {
    return parseOpenFiles(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return LIMIT_UNKNOWN;
  }
}

/** The soft limit in the text of `/proc/self/limits`. */
export function parseOpenFiles(limits: string): number {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return soft === undefined ? LIMIT_UNKNOWN : Number(soft);
}

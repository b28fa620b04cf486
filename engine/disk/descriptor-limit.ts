import { readFileSync } from 'node:fs';
import { LIMITS } from '../limits.js';

/**
 * How many descriptors logs may keep open in this process: `max`, or their share of `ulimit -n`
 * where that is less.
 */
export function descriptorsFor(max: number): number {
  return shareOf(openFilesLimit(), max);
}

/**
 * How many descriptors connections may take in this process, so that logs find their descriptors
 * however many clients connect: the rest of `ulimit -n` beside the share of logs and the
 * descriptors for files that are open for a moment.
 */
export function descriptorsForConnections(): number {
  return leftOf(openFilesLimit());
}

/** The rest of a limit for connections, at least one. */
export function leftOf(limit: number): number {
  const ofLogs = shareOf(limit, LIMITS.descriptorsOpenMax);
  return Math.max(1, limit - ofLogs - LIMITS.descriptorsSetAside);
}

/** The share of a limit, at most `max` and at least one. */
export function shareOf(limit: number, max: number): number {
  return Math.max(1, Math.min(max, Math.floor(limit * LIMITS.descriptorsOpenShare)));
}

/** The soft limit, which Node has raised to the hard one at its start. */
function openFilesLimit(): number {
  try {
    return parseOpenFiles(readFileSync('/proc/self/limits', 'latin1'));
  } catch {
    return LIMITS.descriptorsUnknown;
  }
}

/** The soft limit in the text of `/proc/self/limits`. */
export function parseOpenFiles(limits: string): number {
  const [, soft] = /^Max open files\s+(\d+|unlimited)/m.exec(limits) ?? [];
  if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
  return soft === undefined ? LIMITS.descriptorsUnknown : Number(soft);
}

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type Child, startChild } from './children.js';
import { voided } from './outcome.js';
import { needTool } from './tools.js';

/** Calls by name. */
export type CallCounts = ReadonlyMap<string, number>;

const SYNCS = ['fsync', 'fdatasync', 'syncfs', 'sync', 'sync_file_range', 'msync'];
/** Threads waking one another, which is no work of the kernel's on data. */
const WAITS = ['futex', 'restart_syscall'];

/**
 * Lines of `strace -c`: share, seconds, microseconds a call, calls, errors (may be missing), name.
 */
export function parseStraceSummary(text: string): CallCounts {
  const counts = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, calls, name] =
      /^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+(\w+)$/.exec(line) ?? [];
    if (name !== undefined && name !== 'total') counts.set(name, Number(calls));
  }
  return counts;
}

export function totalCalls(counts: CallCounts): number {
  let total = 0;
  for (const [name, calls] of counts) if (!WAITS.includes(name)) total += calls;
  return total;
}

export function syncCalls(counts: CallCounts): number {
  return SYNCS.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
}

/** The most frequent calls, `name count`, for a note. */
export function topCalls(counts: CallCounts, count: number): string {
  return [...counts]
    .sort((a, b) => b[1] - a[1])
    .slice(0, count)
    .map(([name, calls]) => `${name} ${calls}`)
    .join(', ');
}

/**
 * Counts the system calls of a process and all its threads while `work` runs. The process is much
 * slower meanwhile: for counts only. Throws the row's skip without strace.
 */
export async function countCalls(
  pid: number,
  file: string,
  work: () => Promise<void>,
): Promise<CallCounts> {
  needTool('strace');
  const strace = await startChild(['strace', '-f', '-c', '-o', file, '-p', String(pid)]);
  await untilAttached(strace);
  try {
    await work();
  } finally {
    strace.process.kill('SIGINT');
    await strace.exited;
  }
  return parseStraceSummary(readFileSync(file, 'utf8'));
}

async function untilAttached(strace: Child): Promise<void> {
  while (!strace.output().includes('attached')) {
    if (strace.hasEnded()) {
      throw voided(`strace cannot attach (${strace.output().trim()}): it needs the right to trace`);
    }
    await Promise.race([once(strace.process.stderr!, 'data'), strace.exited]);
  }
}

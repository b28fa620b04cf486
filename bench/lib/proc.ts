import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** What a process has used up so far. */
export interface Usage {
  /**
   * User and system time of all its threads, in ticks of 10 ms: trust it over seconds, not over one
   * request.
   */
  readonly cpuMs: number;
  /**
   * Read and write calls, as /proc counts them: sockets by read and write only, no send, recv or
   * sendfile.
   */
  readonly readCalls: number;
  readonly writeCalls: number;
}

/** What a process holds. */
export interface Memory {
  /** Private memory resident now: no page cache, no shared libraries. */
  readonly rssAnonBytes: number;
  /** The most that was ever resident, shared pages included. */
  readonly peakRssBytes: number;
}

const TICK_MS = 10;

/** Linux only. Throws when the process is gone. */
export function readUsage(pid: number): Usage {
  const io = parseFields(readFileSync(`/proc/${pid}/io`, 'utf8'));
  return {
    cpuMs: parseCpuTicks(readFileSync(`/proc/${pid}/stat`, 'utf8')) * TICK_MS,
    readCalls: io.get('syscr') ?? 0,
    writeCalls: io.get('syscw') ?? 0,
  };
}

/** Linux only. Throws when the process is gone. */
export function readMemory(pid: number): Memory {
  const status = parseFields(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return {
    rssAnonBytes: (status.get('RssAnon') ?? 0) * 1024,
    peakRssBytes: (status.get('VmHWM') ?? 0) * 1024,
  };
}

/** Open descriptors, and how many of them are files below `folder`. */
export function countDescriptors(pid: number, folder: string): { all: number; below: number } {
  const numbers = readdirSync(`/proc/${pid}/fd`);
  const below = numbers.filter((number) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${number}`).startsWith(`${folder}/`);
    } catch {
      return false;
    }
  }).length;
  return { all: numbers.length, below };
}

/** utime + stime of a `/proc/PID/stat` line. The name in it may hold spaces and parentheses. */
export function parseCpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // Fields 14 and 15 of the line; what is left begins with field 3.
  return Number(fields[11]) + Number(fields[12]);
}

/** Lines `Name: number unit`. */
export function parseFields(text: string): Map<string, number> {
  const fields = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^(\w+):\s+(\d+)/.exec(line) ?? [];
    if (name !== undefined) fields.set(name, Number(value));
  }
  return fields;
}

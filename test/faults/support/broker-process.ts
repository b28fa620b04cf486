import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The command as users get it. */
const MAIN = resolve('dist/bin/odradek.cjs');

/** Small segments, few partitions, compaction at once. */
export const BROKER_SETTINGS = {
  'offsets.topic.num.partitions': '2',
  'log.segment.bytes': '1048576',
  'log.cleaner.backoff.ms': '100',
  'log.cleaner.min.cleanable.ratio': '0.01',
};

/** A broker as a process of its own, with or without strace in front. */
export interface FaultyBroker {
  readonly port: number;
  readonly stderr: () => string;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
  /** Sends the signal to the broker itself, not to the process that started it. */
  signal(name: NodeJS.Signals): void;
}

/** What strace is to do with a system call, such as `fdatasync:error=EIO:when=7`. */
export type Injection = string;

/**
 * Starts a broker; resolves when it serves, or with null when it ended before, which an injection
 * may bring about.
 */
export async function startFaultyBroker(
  dataDir: string,
  settings: Readonly<Record<string, string>>,
  injection: Injection | null,
): Promise<FaultyBroker | null> {
  const sets = { 'log.dirs': dataDir, listeners: 'PLAINTEXT://127.0.0.1:0', ...settings };
  const command = [
    ...(injection === null ? [] : straceFor(injection)),
    process.execPath,
    MAIN,
    'start',
    ...Object.entries(sets).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ];
  const child = spawn(command[0]!, command.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const gone = once(child, 'close').then(() => {});
  while (!stdout.includes('\n')) {
    const ended = await Promise.race([once(child.stdout, 'data').then(() => false), gone]);
    if (ended !== false) return null;
  }
  const port = Number(/:(\d+)/.exec(stdout.slice(stdout.indexOf('ready')))?.[1]);
  const signal = (name: NodeJS.Signals): void => {
    const pid = injection === null ? child.pid : ownerOf(dataDir);
    try {
      if (pid !== undefined) process.kill(pid, name);
    } catch {
      // It is gone already.
    }
  };
  return { port, stderr: () => stderr, gone, signal };
}

function straceFor(injection: Injection): string[] {
  const [call = ''] = injection.split(':');
  return [
    'strace',
    '-f',
    '-qqq',
    '-o',
    '/dev/null',
    '-e',
    `trace=${call}`,
    '-e',
    `inject=${injection}`,
  ];
}

/** The process that holds the directory. */
function ownerOf(dataDir: string): number | undefined {
  const lock = join(dataDir, '.lock');
  const pid = existsSync(lock) ? /pid=(\d+)/.exec(readFileSync(lock, 'utf8'))?.[1] : undefined;
  return pid === undefined ? undefined : Number(pid);
}

/** Whether strace can trace here. */
export async function canTrace(): Promise<boolean> {
  const child: ChildProcess = spawn('strace', ['-qqq', '-o', '/dev/null', 'true'], {
    stdio: 'ignore',
  });
  return new Promise((settle) => {
    child.on('error', () => settle(false));
    child.on('close', (code) => settle(code === 0));
  });
}

import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';

/** How a process ended. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A process that this suite started. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  /** Everything it has said so far, on both streams. */
  readonly output: () => string;
  readonly exited: Promise<Exit>;
  /** Whether it has ended. */
  readonly hasEnded: () => boolean;
  /** The signal that ended it; null while it runs, and when it ended by itself. */
  readonly endedBy: () => NodeJS.Signals | null;
}

const OUTPUT_KEPT = 64 * 1024;
const STOP_MS = 15_000;

const running = new Map<ChildProcess, Promise<Exit>>();
const folders = new Set<string>();
const lastActs: (() => void)[] = [];
let isEnding = false;

/**
 * Starts a process that is certain to end with this one: killed when this one exits, also by SIGINT
 * or SIGTERM. Rejects when it cannot be started.
 */
export async function startChild(
  command: readonly string[],
  options: SpawnOptions = {},
): Promise<Child> {
  if (isEnding) throw new Error('interrupted');
  const [program, ...args] = command;
  const child = spawn(program!, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  let output = '';
  let exit: Exit | null = null;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output = (output + text).slice(-OUTPUT_KEPT);
    });
  }
  child.stdin?.on('error', () => {});
  const exited = new Promise<Exit>((resolve) => {
    child.once('close', (code, signal) => {
      exit = { code, signal };
      running.delete(child);
      resolve(exit);
    });
  });
  running.set(child, exited);
  try {
    await once(child, 'spawn');
  } catch (error) {
    running.delete(child);
    throw error;
  }
  return {
    process: child,
    pid: child.pid!,
    output: () => output,
    exited,
    hasEnded: () => exit !== null,
    endedBy: () => exit?.signal ?? null,
  };
}

/** What a process that ended has to say for itself, in one line. */
export function lastWords(child: Child): string {
  const signal = child.endedBy();
  if (signal !== null) return `it was ended by ${signal}`;
  const lines = child.output().trim().split('\n');
  const complaint = lines.findLast((line) =>
    /error|fail|refused|cannot|exception|full/i.test(line),
  );
  return (complaint ?? lines.at(-1))?.trim() || 'it said nothing';
}

/** As `lastWords`; null while the process runs. */
export function endOf(child: Child): string | null {
  return child.hasEnded() ? lastWords(child) : null;
}

/**
 * Asks it to end, and kills it if it has not after 15 s. Resolves when it is gone; true if it went
 * by itself.
 */
export async function stopChild(
  child: Child,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<boolean> {
  let wasKilled = false;
  const timer = setTimeout(() => {
    wasKilled = true;
    child.process.kill('SIGKILL');
  }, STOP_MS);
  child.process.kill(signal);
  await child.exited;
  clearTimeout(timer);
  return !wasKilled;
}

/** The folder goes when this process ends, however it ends. */
export function removeAtExit(folder: string): void {
  folders.add(folder);
}

/** Runs when this process ends, also by SIGINT or SIGTERM. It may not throw. */
export function atExit(act: () => void): void {
  lastActs.push(act);
}

/** Installs what ends children and removes folders; call it once, first. */
export function cleanUpAtExit(): void {
  process.on('exit', () => {
    for (const child of running.keys()) child.kill('SIGKILL');
    for (const act of lastActs) act();
    for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.on(signal, () => void endAll(code));
  }
}

/**
 * Ends this process when every child is gone, so that none writes into a folder that is being
 * removed. A second signal does not wait.
 */
async function endAll(code: number): Promise<void> {
  if (!isEnding) {
    isEnding = true;
    for (const child of running.keys()) child.kill('SIGKILL');
    await Promise.all(running.values());
  }
  process.exit(code);
}

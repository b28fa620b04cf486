import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { EngineError } from '../errors.js';
import { type NativeCalls, native } from './native.js';
import { listenAlone } from './socket-lock.js';

/** Proof of owning a data directory, until `release` or the end of the process. */
export interface DirectoryLock {
  /** Lets the next owner in. This is the last step of a close. */
  release(): Promise<void>;
}

/**
 * Makes sure that a data directory has one owner. Passed in, because simulated directories need
 * none.
 */
export interface DirectoryLocker {
  /**
   * `root` exists. Rejects with DIRECTORY_LOCKED, naming the owner, when another engine has it, in
   * this process or another.
   */
  lock(root: string): Promise<DirectoryLock>;
}

/** For simulated disks, which have no other owner: every lock succeeds. */
export const noLocker: DirectoryLocker = {
  lock: async () => ({ release: async () => {} }),
};

/** The locks of the machine, by `lockDirectory`. */
export const systemLocker: DirectoryLocker = { lock: (root) => lockDirectory(root) };

/**
 * The file in the root that flock(2) locks; it also names the owner, for people and error messages.
 */
const LOCK_FILE = '.lock';

/** Whether a name in a data directory's root belongs to its lock. */
export function isLockFileName(name: string): boolean {
  return name === LOCK_FILE || name.startsWith(`${LOCK_FILE}.`);
}

/**
 * Takes the directory for this engine, never waiting: by flock(2) on `<root>/.lock` through koffi,
 * else by a socket that answers only while its owner lives (on Windows by a named pipe). All end
 * with the process, however it ends, and hold between containers that share the folder of one
 * machine, where process ids say nothing. The kinds do not see each other: processes that share a
 * directory must all have koffi or all be without it.
 */
export async function lockDirectory(
  root: string,
  calls: NativeCalls | null = native(),
): Promise<DirectoryLock> {
  const fd = openSync(join(root, LOCK_FILE), constants.O_RDWR | constants.O_CREAT, 0o644);
  let letGo = async (): Promise<void> => {};
  const release = async (): Promise<void> => {
    try {
      // A later owner must not be mistaken for this one before it has written its own name.
      ftruncateSync(fd, 0);
    } finally {
      await letGo();
      closeSync(fd);
    }
  };
  try {
    if (calls) flockFile(root, fd, calls);
    else letGo = await lockBySocket(root, fd);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, ownerText(), 0);
  } catch (error) {
    await release();
    throw error;
  }
  let released: Promise<void> | undefined;
  return {
    release: () => {
      released ??= release();
      return released;
    },
  };
}

/** The lock lives as long as the descriptor: closing it is enough. */
function flockFile(root: string, fd: number, calls: NativeCalls): void {
  const result = calls.flockExclusive(fd);
  if (result === 0) return;
  if (result === -(calls.errno.EWOULDBLOCK ?? calls.errno.EAGAIN!)) throw locked(root, fd);
  throw new Error(`cannot lock ${root}: flock failed with errno ${-result}`);
}

async function lockBySocket(root: string, fd: number): Promise<() => Promise<void>> {
  const release = await listenAlone(root, `${LOCK_FILE}.`);
  if (!release) throw locked(root, fd);
  return release;
}

function ownerText(): string {
  const started = new Date(Date.now() - process.uptime() * 1000).toISOString();
  return `pid=${process.pid}\nstarted=${started}\nhost=${hostname()}\n`;
}

function locked(root: string, fd: number): EngineError {
  const owner = new Map<string, string>();
  for (const line of readFileSync(fd, 'utf8').split('\n')) {
    const [key, value] = line.split('=', 2);
    if (key && value) owner.set(key, value);
  }
  const pid = owner.get('pid');
  const self = pid === String(process.pid) && owner.get('host') === hostname();
  const name = !pid
    ? 'another process'
    : self
      ? `this process (pid ${pid})`
      : `process ${pid} on ${owner.get('host')}, running since ${owner.get('started')}`;
  return new EngineError(
    'DIRECTORY_LOCKED',
    `${root} is in use by ${name}: stop it first, or use another directory`,
    { path: root },
  );
}

import { fstatSync } from 'node:fs';
import { SERVER_LIMITS } from '../limits.js';

/** How a program learns that the one that started it is gone. */
export interface ParentOptions {
  /** Whether the end of stdin counts, where stdin is a pipe. */
  readonly stdin: boolean;
}

/**
 * Resolves, with the reason, when the parent process has ended (another one is the parent then), or
 * has closed the pipe that is stdin. A terminal and /dev/null say nothing.
 */
export function parentGone({ stdin }: ParentOptions): Promise<string> {
  return new Promise((resolve) => {
    const { ppid } = process;
    const timer = setInterval(() => {
      if (process.ppid !== ppid) end('the parent process has ended');
    }, SERVER_LIMITS.parentCheckMs).unref();
    const end = (reason: string): void => {
      clearInterval(timer);
      resolve(reason);
    };
    if (!stdin || !isPipe()) return;
    process.stdin.on('end', () => end('stdin was closed'));
    process.stdin.on('error', () => end('stdin was closed'));
    process.stdin.resume();
  });
}

function isPipe(): boolean {
  try {
    const stat = fstatSync(process.stdin.fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}

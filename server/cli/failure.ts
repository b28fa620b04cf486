import { types } from 'node:util';

import { CliError, EXIT, type ExitCode } from './cli-error.js';

/** The failure that ends a process which cannot go on. */
export interface Failure {
  /** What happened, to which file, and what to do; each one line. */
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
  /** Whether the failure is a bug: its stack helps the programmer. */
  readonly isDefect: boolean;
}

/** Sentences for errors of the system, by errno. */
const ERRNO: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder: check the path',
  EACCES: 'permission denied: run as a user who may use it, or choose another path',
  EPERM: 'permission denied: run as a user who may use it, or choose another path',
  EEXIST: 'a file is in the way: choose another path',
  EISDIR: 'it is a folder: name a file',
  ENOTDIR: 'a part of the path is not a folder: check the path',
  EROFS: 'the file system is read-only: choose another path',
  ENOSPC: 'no space is left on the disk: free some, then start again',
  EDQUOT: 'the disk quota is used up: free some space, then start again',
  EMFILE: 'no file descriptor is left: raise ulimit -n',
  ENFILE: 'no file descriptor is left on this machine: close other programs',
  EIO: 'the disk failed: look at the system log, and restore from a copy if need be',
};

/** Advice for a broker that cannot listen, by errno. */
const LISTEN_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE:
    'stop that program, or choose another port, such as --set listeners=PLAINTEXT://localhost:9093',
  EACCES: 'ports below 1024 need privileges: choose a higher one in listeners',
  EADDRNOTAVAIL: 'this machine has no such address: correct listeners',
  ENOTFOUND: 'no such host is known: correct listeners',
};

/** Describes any thrown value. Known errors are described by their own messages. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof CliError) return expected([error.message], error.exitCode);
  if (!types.isNativeError(error))
    return defect(`something that is no error was thrown: ${String(error)}`);
  // Errors are known by name and code, so that a short command need not load the modules that
  // define them.
  const { code, path, problems } = error as { code?: unknown; path?: unknown; problems?: unknown };
  if (error.name === 'SettingsError' && Array.isArray(problems)) {
    return expected(problems.map(String), EXIT.usage);
  }
  if (error.name === 'TestBrokerError') return expected([error.message], EXIT.usage);
  if (error.name === 'EngineError') return expected([error.message], EXIT.failure);
  if (error.name === 'ListenError' && typeof code === 'string') {
    const advice = LISTEN_ADVICE[code];
    return expected(
      [advice === undefined ? error.message : `${error.message}: ${advice}`],
      EXIT.failure,
    );
  }
  if (typeof code === 'string' && 'errno' in error) {
    const at = typeof path === 'string' ? `${path}: ` : '';
    return expected([`${at}${ERRNO[code] ?? error.message} (${code})`], EXIT.failure);
  }
  return defect(`${error.name}: ${error.message}`);
}

/**
 * Makes every uncaught error end the process, after `tell` has reported it: a program with a bug
 * must not go on writing data. Takes the place of an earlier call.
 */
export function endOnDefects(tell: (error: unknown) => void): void {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.removeAllListeners(event);
    process.on(event, (error: unknown) => {
      try {
        tell(error);
      } finally {
        process.exit(EXIT.failure);
      }
    });
  }
}

function expected(lines: readonly string[], exitCode: ExitCode): Failure {
  return { lines, exitCode, isDefect: false };
}

function defect(what: string): Failure {
  return {
    lines: [`${what}: this is a defect of odradek; please report it with what was done before`],
    exitCode: EXIT.failure,
    isDefect: true,
  };
}

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** The command, as `npm run build` made it for users. */
export const MAIN = fileURLToPath(new URL('../../dist/bin/odradek.cjs', import.meta.url));

export interface Exit {
  /** Null if a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A command that runs, or has run, as a process of its own. */
export interface CommandProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Everything so far. */
  readonly stdout: string;
  readonly stderr: string;
  readonly exited: Promise<Exit>;
  /** Resolves when stderr holds `text`. */
  untilStderr(text: string): Promise<void>;
  /** Sends the signal and resolves when the process is gone. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

export interface BrokerProcess extends CommandProcess {
  /** `host:port`, as the ready line says. */
  readonly bootstrap: string;
  readonly port: number;
  readonly readyLine: string;
}

export interface SpawnBrokerOptions {
  readonly dataDir: string;
  /** Default: 0, a free port. */
  readonly port?: number;
  readonly set?: Readonly<Record<string, string>>;
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** `ulimit -n` of the process. Default: that of the tests. */
  readonly openFilesMax?: number;
}

/** Starts `odradek` with these arguments. */
export function spawnCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  openFilesMax?: number,
): CommandProcess {
  const command = [process.execPath, MAIN, ...args];
  const limited = ['sh', '-c', `ulimit -n ${openFilesMax}; exec "$@"`, 'sh', ...command];
  const [program, ...rest] = openFilesMax === undefined ? command : limited;
  const child = spawn(program!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const exited = once(child, 'close').then(([code, signal]): Exit => ({ code, signal }));
  return {
    child,
    pid: child.pid ?? 0,
    exited,
    get stdout() {
      return stdout;
    },
    get stderr() {
      return stderr;
    },
    untilStderr: async (text) => {
      while (!stderr.includes(text)) await Promise.race([once(child.stderr, 'data'), gone(exited)]);
    },
    kill: (signal) => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs `odradek` with these arguments to its end. */
export async function runCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const command = spawnCommand(args, environment);
  const { code } = await command.exited;
  return { code, stdout: command.stdout, stderr: command.stderr };
}

/** Starts a broker as a process of its own and resolves with its ready line. The caller ends it. */
export async function spawnBroker(options: SpawnBrokerOptions): Promise<BrokerProcess> {
  const { dataDir, port = 0, set = {} } = options;
  const settings = {
    'log.dirs': dataDir,
    listeners: `PLAINTEXT://localhost:${port}`,
    ...set,
  };
  const args = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  const command = spawnCommand(
    ['start', ...args, ...(options.arguments ?? [])],
    options.environment,
    options.openFilesMax,
  );
  const stdout = command.child.stdout!;
  while (!command.stdout.includes('\n')) {
    const exit = await Promise.race([once(stdout, 'data').then(() => null), command.exited]);
    if (exit !== null) throw new Error(`the broker ended with ${exit.code}: ${command.stderr}`);
  }
  const readyLine = command.stdout.slice(0, command.stdout.indexOf('\n'));
  const [, bootstrap = '', portText = ''] =
    / ready [A-Z]+:\/\/((?:\[.*?\]|[^:]*):(\d+))/.exec(readyLine) ?? [];
  return Object.defineProperties(
    { bootstrap, port: Number(portText), readyLine },
    Object.getOwnPropertyDescriptors(command),
  ) as BrokerProcess;
}

async function gone(exited: Promise<Exit>): Promise<never> {
  const { code, signal } = await exited;
  throw new Error(`the process has ended with ${code ?? signal}`);
}

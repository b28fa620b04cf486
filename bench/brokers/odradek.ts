import { createInterface } from 'node:readline';
import { type Child, endOf, lastWords, startChild, stopChild } from '../lib/children.js';
import { BROKER_CORE } from '../lib/driver.js';
import { voided } from '../lib/outcome.js';
import { BROKER_MAIN } from '../lib/paths.js';
import { pinned } from '../lib/tools.js';
import type { Target } from './target.js';
import { createTopic, deleteTopic, FILES_GO_AT_ONCE } from './topics.js';

export interface OdradekOptions {
  readonly folder: string;
  /** Default: 0, a free port. */
  readonly port?: number;
  readonly set?: Readonly<Record<string, string>>;
  /** Options of node itself, such as `--cpu-prof`. */
  readonly nodeArguments?: readonly string[];
  /** The program. Default: `BROKER_MAIN`. */
  readonly main?: string;
  /** Null for no pinning. */
  readonly core?: number | null;
  /** Default: the name of the side in rows. */
  readonly name?: string;
}

export interface Odradek extends Target {
  readonly child: Child;
}

/** Starts the broker as its users do, on one core. Resolves when it says that it is ready. */
export async function startOdradek(options: OdradekOptions): Promise<Odradek> {
  const child = await spawnOdradek(options);
  const port = await readyPort(child);
  return {
    name: options.name ?? 'Odradek',
    pid: child.pid,
    port,
    folder: options.folder,
    child,
    createTopic: (shape) => createTopic(port, shape),
    deleteTopic: (topic) => deleteTopic(port, topic, options.folder),
    ended: () => endOf(child),
    stop: async (signal) => {
      await stopChild(child, signal);
    },
  };
}

/** As above, but resolves at once: for rows that measure the start. */
export function spawnOdradek(options: OdradekOptions): Promise<Child> {
  const settings = {
    listeners: `PLAINTEXT://127.0.0.1:${options.port ?? 0}`,
    'log.dirs': options.folder,
    ...FILES_GO_AT_ONCE,
    ...options.set,
  };
  const sets = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return startChild(
    pinned(options.core === undefined ? BROKER_CORE : options.core, [
      process.execPath,
      ...(options.nodeArguments ?? []),
      options.main ?? BROKER_MAIN,
      'start',
      ...sets,
    ]),
    { env: BROKER_ENVIRONMENT },
  );
}

/**
 * This shell's, but for a variable that has every Node read a file of certificates first: 40 ms,
 * and a broker has no use for them.
 */
const { NODE_EXTRA_CA_CERTS: _certificates, ...BROKER_ENVIRONMENT } = process.env;

async function readyPort(child: Child): Promise<number> {
  const lines = createInterface({ input: child.process.stdout! });
  try {
    for await (const line of lines) {
      const [, port] = / ready \S*?:(\d+)[ ,]/.exec(line) ?? [];
      if (port !== undefined) return Number(port);
    }
  } finally {
    lines.close();
    child.process.stdout?.resume();
  }
  await child.exited;
  throw voided(`Odradek did not start: ${lastWords(child)}`);
}

import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Child, removeAtExit, startChild } from '../../lib/children.js';
import { BROKER_MAIN } from '../../lib/paths.js';

export interface PinnedBroker {
  readonly port: number;
  readonly pid: number;
  readonly child: Child;
}

export interface PinnedBrokerOptions {
  /** The core that it runs on. */
  readonly core: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** Arguments of node. */
  readonly nodeArguments?: readonly string[];
}

/**
 * A broker as a process of its own, on one core and a temporary folder. Resolves when it serves.
 */
export async function startPinnedBroker(options: PinnedBrokerOptions): Promise<PinnedBroker> {
  const folder = mkdtempSync(join(tmpdir(), 'odradek-bench-'));
  removeAtExit(folder);
  const settings = {
    'log.dirs': folder,
    listeners: 'PLAINTEXT://127.0.0.1:0',
    ...options.settings,
  };
  const child = await startChild([
    ...['taskset', '-c', String(options.core), process.execPath],
    ...(options.nodeArguments ?? []),
    ...[BROKER_MAIN, 'start'],
    ...Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]),
  ]);
  for (;;) {
    const [, port] = / ready PLAINTEXT:\/\/[^ ]*:(\d+) /.exec(child.output()) ?? [];
    if (port !== undefined) return { port: Number(port), pid: child.pid, child };
    await Promise.race([once(child.process.stdout!, 'data'), child.exited]);
    if (child.hasEnded()) throw new Error(`the broker did not start:\n${child.output()}`);
  }
}

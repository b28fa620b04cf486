import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { startChild, stopChild } from './children.js';
import { DRIVER_CORE } from './driver.js';
import { type Latency, readLatencies } from './histogram.js';
import { voided } from './outcome.js';
import { programPath } from './paths.js';
import { pinned } from './tools.js';

export interface TailOptions<P> {
  readonly port: number;
  /** New and empty, of one partition. */
  readonly topic: string;
  /** Records a second. */
  readonly rate: number;
  /** Before anything counts. */
  readonly warmupMs: number;
  readonly durationMs: number;
  /** Where the latencies are kept. */
  readonly folder: string;
  /** Read at the first and at the last moment of the measured time. */
  readonly probe: () => P;
}

/**
 * What consumers at the end of a log waited for each record, from when it was due to be sent; and
 * what `probe` saw.
 */
export interface Tailed<P> {
  readonly latency: Latency;
  readonly begin: P;
  readonly end: P;
}

/**
 * Sends records at a steady rate and fetches each as it comes, from a process of its own on the
 * drivers' core.
 */
export async function tail<P>(options: TailOptions<P>): Promise<Tailed<P>> {
  const { port, topic, rate, warmupMs, durationMs, folder, probe } = options;
  const path = join(folder, 'latencies');
  const words = [port, topic, rate, warmupMs, durationMs, path].map(String);
  const child = await startChild(
    pinned(DRIVER_CORE, [process.execPath, programPath('drivers/tail'), ...words]),
  );
  let begin: P | undefined;
  let end: P | undefined;
  let isDone = false;
  for await (const line of createInterface({ input: child.process.stdout! })) {
    if (line.includes('"event":"begin"')) begin = probe();
    if (line.includes('"event":"end"')) end = probe();
    if (line.includes('"event":"done"')) isDone = true;
  }
  await stopChild(child);
  if (begin === undefined || end === undefined || !isDone) {
    throw voided(child.output().trim().split('\n').at(-1) || 'the client ended without a word');
  }
  return { latency: readLatencies(path), begin, end };
}

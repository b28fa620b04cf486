import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ErrorCode } from '../../server/protocol/error-codes.js';
import { type DriverOptions, type DriverReport, driverArguments } from '../drivers/options.js';
import { startChild, stopChild } from './children.js';
import { type Latency, readLatencies } from './histogram.js';
import { skipped, voided } from './outcome.js';
import { programPath } from './paths.js';
import { compiled, pinned } from './tools.js';

/** The core that brokers get, and the one that drivers get. */
export const BROKER_CORE = 0;
export const DRIVER_CORE = 1;

/** What a driver reported, and what `probe` saw over the same time. */
export interface Driven<P> {
  readonly report: DriverReport;
  readonly begin: P;
  readonly end: P;
  readonly latency: Latency | null;
}

type Event = { readonly event: 'begin' } | ({ readonly event: 'end' | 'done' } & DriverReport);

export interface DriveOptions<P> extends Partial<DriverOptions> {
  readonly port: number;
  readonly frames: string;
  /** Read at the first and at the last moment of the measured time. */
  readonly probe: () => P;
  /** Where the latencies are kept; without it there are none. */
  readonly folder?: string;
  readonly core?: number | null;
}

/** Whether load comes from the C driver, as it should. */
export function driverName(): string {
  return compiled('drivers/driver.c') === null ? 'JavaScript (no C compiler)' : 'C';
}

/**
 * Drives a server once. Rejects the row as void when the driver or the server failed, or when any
 * answer was an error: a throughput of refusals is no figure.
 */
export async function drive<P>({
  probe,
  folder,
  core = DRIVER_CORE,
  ...options
}: DriveOptions<P>): Promise<Driven<P>> {
  const latencies = folder === undefined ? '' : join(folder, 'latencies');
  const binary = compiled('drivers/driver.c');
  const program = binary === null ? [process.execPath, programPath('drivers/driver')] : [binary];
  const child = await startChild(
    pinned(core, [...program, ...driverArguments({ ...options, latencies })]),
  );
  let begin: P | undefined;
  let end: P | undefined;
  let done: DriverReport | undefined;
  for await (const line of createInterface({ input: child.process.stdout! })) {
    const event = parseEvent(line);
    if (event?.event === 'begin') begin = probe();
    if (event?.event === 'end') end = probe();
    if (event?.event === 'done') done = event;
  }
  await stopChild(child);
  if (begin === undefined || end === undefined || done === undefined) {
    throw voided(child.output().trim().split('\n').at(-1) || 'the driver ended without a word');
  }
  if (done.errors > 0) {
    throw voided(`${done.errors} answers were errors, the first ${nameOfError(done.firstError)}`);
  }
  if (done.requests === 0) throw voided('no request was answered within the measured time');
  return { report: done, begin, end, latency: latencies === '' ? null : readLatencies(latencies) };
}

function parseEvent(line: string): Event | null {
  try {
    return JSON.parse(line) as Event;
  } catch {
    return null;
  }
}

/** Kafka's name of a code, or what the drivers mean by theirs. */
function nameOfError(code: number): string {
  if (code === -100) return 'too small for its kind';
  if (code === -101) return 'without room for an error code';
  const name = Object.entries(ErrorCode).find(([, value]) => value === code)?.[0] ?? `code ${code}`;
  return code === ErrorCode.KAFKA_STORAGE_ERROR ? `${name}: is the disk full? see --data` : name;
}

/** Cores to pin to exist only where there are two. */
export function needCores(cores: number): void {
  if (cores < 2) throw skipped('broker and driver need a core each, and this machine has one');
}

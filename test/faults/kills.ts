import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Random, seededRandom } from '../../engine/index.js';
import { BROKER_SETTINGS, type Injection, startFaultyBroker } from './support/broker-process.js';
import { Load } from './support/load.js';

/** System calls by which a broker changes its disk. */
const CALLS = [
  'write',
  'pwrite64',
  'pwritev',
  'writev',
  'fdatasync',
  'fsync',
  'syncfs',
  'rename',
  'unlink',
  'openat',
  'mkdir',
  'ftruncate',
  'sync_file_range',
  'msync',
] as const;

/** What ends a round. */
export type KillKind = 'kill' | 'drain' | 'kill-at-call' | 'error-at-call';
const KINDS: readonly KillKind[] = ['kill', 'kill', 'drain', 'kill-at-call', 'error-at-call'];

/** Rounds that share a data directory. */
const ROUNDS_PER_DIRECTORY = 8;
export interface KillOutcome {
  readonly rounds: number;
  readonly byKind: Readonly<Record<string, number>>;
  /** Records that were acknowledged. */
  readonly records: number;
  readonly wrong: readonly string[];
}

/**
 * Kills brokers under load, `rounds` times, and verifies after each. Stops at the first round that
 * went wrong.
 */
export async function killBrokers(
  seed: number,
  rounds: number,
  { traces }: { readonly traces: boolean },
): Promise<KillOutcome> {
  const random = seededRandom(seed);
  const byKind: Record<string, number> = {};
  const wrong: string[] = [];
  let records = 0;
  let done = 0;
  while (done < rounds && wrong.length === 0) {
    const root = mkdtempSync(join(tmpdir(), 'odradek-kills-'));
    const load = new Load(random);
    const end = Math.min(rounds, done + ROUNDS_PER_DIRECTORY);
    while (done < end && wrong.length === 0) {
      const kind = KINDS[Math.floor(random.next() * KINDS.length)]!;
      const used = traces || kind === 'kill' || kind === 'drain' ? kind : 'kill';
      const what = await killOnce(join(root, 'data'), load, used, random);
      byKind[used] = (byKind[used] ?? 0) + 1;
      wrong.push(...(await verify(join(root, 'data'), load)).map((line) => `${what}: ${line}`));
      done += 1;
    }
    records += load.records;
    if (wrong.length === 0) rmSync(root, { recursive: true, force: true });
    else wrong.push(`the directory is ${root}`);
  }
  return { rounds: done, byKind, records, wrong };
}

/** One round; says what was done. */
async function killOnce(dataDir: string, load: Load, kind: KillKind, random: Random) {
  const injection = injectionOf(kind, random);
  const broker = await startFaultyBroker(dataDir, BROKER_SETTINGS, injection);
  const what = injection ?? kind;
  // The injected call came while it started.
  if (broker === null) return what;
  const acks = 20 + Math.floor(random.next() * 200);
  if (kind === 'kill' || kind === 'drain') {
    const running = load.run(broker.port, Number.POSITIVE_INFINITY);
    await load.reached(acks, running);
    if (kind === 'drain') {
      broker.signal('SIGTERM');
      await Promise.race([broker.gone, turns(Math.floor(random.next() * 2000))]);
    }
    broker.signal('SIGKILL');
    await broker.gone;
    await running;
    return what;
  }
  // A broker that an error took offline answers errors: a few tries, then it is over.
  for (let run = 0; run < 3; run++) {
    await Promise.race([load.run(broker.port, acks), broker.gone]);
  }
  broker.signal('SIGKILL');
  await broker.gone;
  return what;
}

function injectionOf(kind: KillKind, random: Random): Injection | null {
  if (kind === 'kill' || kind === 'drain') return null;
  const call = CALLS[Math.floor(random.next() * CALLS.length)]!;
  const when = 1 + Math.floor(random.next() ** 3 * 400);
  if (kind === 'kill-at-call') return `${call}:signal=SIGKILL:when=${when}`;
  return `${call}:error=${random.next() < 0.5 ? 'EIO' : 'ENOSPC'}:when=${when}`;
}

/** Starts a broker with nothing in its way, reads everything, and stops it in order. */
async function verify(dataDir: string, load: Load): Promise<string[]> {
  const broker = await startFaultyBroker(dataDir, BROKER_SETTINGS, null);
  if (broker === null) return ['the broker does not start'];
  try {
    const wrong = await load.verify(broker.port);
    return wrong.length === 0 ? [] : [...wrong, broker.stderr()];
  } finally {
    broker.signal('SIGTERM');
    await broker.gone;
  }
}

/** Some turns of the event loop: how long does not matter, only that it differs. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((next) => setImmediate(next));
}

import { readFileSync, rmSync } from 'node:fs';
import { type OdradekOptions, spawnOdradek, startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import { type Child, stopChild } from '../lib/children.js';
import type { Context } from '../lib/context.js';
import { Wire } from '../lib/end-to-end.js';
import { writeProduceFrames } from '../lib/frames.js';
import { dropCaches } from '../lib/machine.js';
import { voided } from '../lib/outcome.js';
import { freePort } from '../lib/ports.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { fillTopic } from './wire-fetch.js';

const POLL_MS = 2;
const START_MAX_MS = 120_000;
const RECORD = { recordBytes: 100, batchBytes: 0 };

/** A frame that a broker can acknowledge once it is up, since its topic was made before. */
export async function firstRecord(
  context: Context,
  target: Target,
): Promise<{ frame: Buffer; errorAt: number }> {
  const topic = await target.createTopic({ partitions: 1 });
  const frames = await writeProduceFrames(context.newFolder('first'), {
    ...RECORD,
    topic,
    partitions: 1,
    acks: 1,
  });
  return { frame: readFileSync(frames.path), errorAt: frames.errorAt };
}

/**
 * Milliseconds from the spawn to the first acknowledged record; refusals are tried again. Ends the
 * process at the end.
 */
export async function timeStart(
  spawn: () => Promise<Child>,
  port: number,
  { frame, errorAt }: { frame: Buffer; errorAt: number },
): Promise<number> {
  const begin = performance.now();
  const child = await spawn();
  try {
    while (performance.now() - begin < START_MAX_MS) {
      if (child.hasEnded())
        throw voided(`the broker ended: ${child.output().trim().split('\n').at(-1)}`);
      if (await isAcknowledged(port, frame, errorAt)) return performance.now() - begin;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    throw voided('no record was acknowledged within two minutes');
  } finally {
    await stopChild(child);
  }
}

async function isAcknowledged(port: number, frame: Buffer, errorAt: number): Promise<boolean> {
  let wire: Wire | null = null;
  try {
    wire = await Wire.connect(port);
    const answer = await wire.call(frame);
    return answer.length > errorAt + 2 && answer.readInt16BE(errorAt) === 0;
  } catch {
    return false;
  } finally {
    wire?.close();
  }
}

const startRow: RowPlan = {
  id: 'start/first-record',
  title: 'Start: spawn to first acknowledged record',
  conditions: {
    'data directory': 'one empty topic, clean stop',
    flush: 'ack',
    pinned: 'no',
    environment: 'without NODE_EXTRA_CA_CERTS',
  },
  seconds: 20,
  async run(context) {
    const port = await freePort();
    const options: OdradekOptions = { folder: context.newFolder('odradek'), port, core: null };
    const odradek = await startOdradek(options);
    context.defer(() => odradek.stop());
    const record = await firstRecord(context, odradek);
    await odradek.stop();
    const samples: Sample[] = [];
    for (let i = 0; i < context.scale.pairs; i++) {
      samples.push({ startMs: await timeStart(() => spawnOdradek(options), port, record) });
    }
    return { sides: [{ name: odradek.name, samples }] };
  },
};

/** A broker that can be started again and again on what it has written. */
export interface Reopened {
  readonly name: string;
  readonly port: number;
  start(): Promise<Target>;
  /** Resolves at once. */
  spawn(): Promise<Child>;
}

export type HowEnded = 'clean' | 'killed';

const CLEAN_SLICES = 7;
/** "No slower" within what starts of one process differ by. */
const NO_SLOWER = 1.1;
/**
 * After a kill every slice is filled again, since an opening leaves nothing to be recovered for the
 * next; so the large ones are fewer.
 */
const KILLED_SLICES = { small: 3, large: 1 };
const LARGE_GB = 5;

/**
 * Times reopening after `drop_caches`, with `gigabytes` written. `notes` gets what the reader must
 * know.
 */
export async function reopenSamples(
  context: Context,
  gigabytes: number,
  how: HowEnded,
  make: (folder: string) => Promise<Reopened>,
  notes: Set<string>,
): Promise<Sample[]> {
  const signal = how === 'clean' ? 'SIGTERM' : 'SIGKILL';
  const killed = gigabytes < LARGE_GB ? KILLED_SLICES.small : KILLED_SLICES.large;
  const fills = how === 'clean' ? 1 : killed;
  const slices = how === 'clean' ? CLEAN_SLICES : 1;
  const samples: Sample[] = [];
  for (let fill = 0; fill < fills; fill++) {
    const folder = context.newFolder(`reopen-${gigabytes}-${fill}-${performance.now()}`);
    const broker = await make(folder);
    const target = await broker.start();
    try {
      const record = await firstRecord(context, target);
      await fillTopic(context, target, gigabytes * 1e9);
      await target.stop(signal);
      for (let slice = 0; slice < slices; slice++) {
        if (!dropCaches())
          notes.add('caches could not be dropped (needs root): the files were hot');
        samples.push({ reopenMs: await timeStart(() => broker.spawn(), broker.port, record) });
      }
    } finally {
      if (target.ended() === null) await target.stop('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
  return samples;
}

/** Odradek as `reopenSamples` takes it. */
export async function reopenedOdradek(folder: string): Promise<Reopened> {
  const port = await freePort();
  const options: OdradekOptions = { folder, port, core: null, set: { 'odradek.flush': 'os' } };
  return {
    name: 'Odradek',
    port,
    start: () => startOdradek(options),
    spawn: () => spawnOdradek(options),
  };
}

export const REOPEN_CONDITIONS = {
  batches: '64 KiB of 1 KiB records, one partition',
  caches: 'dropped before each start',
  pinned: 'no',
} as const;

/** `a clean stop` or `kill -9`, for titles. */
export function nameOfEnd(how: HowEnded): string {
  return how === 'clean' ? 'a clean stop' : 'kill -9';
}

function reopenRow(how: HowEnded): RowPlan {
  return {
    id: `reopen/${how}`,
    title: `Reopen after ${nameOfEnd(how)}, caches dropped: spawn to first acknowledged record`,
    conditions: { ...REOPEN_CONDITIONS, flush: 'os' },
    seconds: 150,
    async run(context) {
      const sides: Side[] = [];
      const notes = new Set<string>();
      for (const gigabytes of context.scale.reopenGB) {
        const samples = await reopenSamples(context, gigabytes, how, reopenedOdradek, notes);
        sides.push({ name: `${gigabytes} GB`, samples });
      }
      const [small, large] = sides;
      return {
        sides,
        notes: [...notes],
        ...(how === 'clean' && small && large
          ? {
              comparisons: [
                {
                  metric: 'reopenMs',
                  ours: large.name,
                  theirs: small.name,
                  threshold: { direction: 'at-most', value: NO_SLOWER } as const,
                },
              ],
              bounds: [
                {
                  metric: 'reopenMs',
                  side: large.name,
                  threshold: { direction: 'at-most', value: 1000 } as const,
                },
              ],
            }
          : {}),
      };
    },
  };
}

export const startRows = {
  start: startRow,
  reopenClean: reopenRow('clean'),
  reopenKilled: reopenRow('killed'),
} as const satisfies Record<string, RowPlan>;

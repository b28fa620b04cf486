import { readFileSync } from 'node:fs';
import { type OdradekOptions, spawnOdradek, startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import { type Child, stopChild } from '../lib/children.js';
import type { Context } from '../lib/context.js';
import { Wire } from '../lib/end-to-end.js';
import { writeProduceFrames } from '../lib/frames.js';
import { dropCaches } from '../lib/machine.js';
import { voided } from '../lib/outcome.js';
import { freePort } from '../lib/ports.js';
import type { Sample } from '../lib/row.js';
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

/** Milliseconds from the spawn to the first acknowledged record; refusals are tried again. Ends the process at the end. */
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
  conditions: { 'data directory': 'one empty topic, clean stop', flush: 'ack', pinned: 'no' },
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

const SLICES = 3;

function reopenRow(how: 'clean' | 'killed'): RowPlan {
  return {
    id: `reopen/${how}`,
    title: `Reopen after ${how === 'clean' ? 'a clean stop' : 'kill -9'}, caches dropped: spawn to first acknowledged record`,
    conditions: { batches: '64 KiB of 1 KiB records, one partition', flush: 'os', pinned: 'no' },
    async run(context) {
      const sides = [];
      const notes = new Set<string>();
      for (const gigabytes of context.scale.reopenGB) {
        const port = await freePort();
        const folder = context.newFolder(`reopen-${gigabytes}`);
        const options: OdradekOptions = {
          folder,
          port,
          core: null,
          set: { 'odradek.flush': 'os' },
        };
        let odradek = await startOdradek(options);
        context.defer(() => odradek.stop());
        const record = await firstRecord(context, odradek);
        await fillTopic(context, odradek, gigabytes * 1e9);
        const samples: Sample[] = [];
        for (let slice = 0; slice < SLICES; slice++) {
          await odradek.stop(how === 'clean' ? 'SIGTERM' : 'SIGKILL');
          if (!dropCaches())
            notes.add('caches could not be dropped (needs root): the files were hot');
          samples.push({ reopenMs: await timeStart(() => spawnOdradek(options), port, record) });
          odradek = await startOdradek(options);
        }
        await odradek.stop();
        sides.push({ name: `${gigabytes} GB`, samples });
      }
      const [small, large] = sides;
      return {
        sides,
        notes: [...notes],
        ...(how === 'clean' && small && large
          ? {
              comparisons: [{ metric: 'reopenMs', ours: large.name, theirs: small.name }],
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

export const startRows: readonly RowPlan[] = [startRow, reopenRow('clean'), reopenRow('killed')];

import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { drive, driverName } from '../lib/driver.js';
import { voided } from '../lib/outcome.js';
import { programPath } from '../lib/paths.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import type { Workload } from '../lib/wire.js';
import { FETCH_SLICES, fetchWorkload } from './wire-fetch.js';
import { type LoadName, PRODUCE_LOADS, produceWorkload } from './wire-produce.js';

const REQUESTS = 4000;
const SMOKE_REQUESTS = 100;
const DRIVE_MS = 600_000;
const ANSWER_MS = 10_000;
const POLL_MS = 20;
/** The bytes that wrap a frame or an answer are written beside it. */
const PRODUCED_MAX = 1.02;
/** The request that asked for a slice is copied, and the head of its answer; the slice is not. */
const FETCHED_MAX = 0.02;

/** A broker that counts what it copies, and how to ask it. */
interface Counting {
  readonly odradek: Odradek;
  copiedBytes(): Promise<number>;
}

async function startCounting(context: Context): Promise<Counting> {
  const folder = context.newFolder('copies');
  const counter = pathToFileURL(programPath('lib/count-copies'));
  counter.searchParams.set('folder', folder);
  const odradek = await startOdradek({
    folder: context.newFolder('odradek'),
    set: { 'odradek.flush': 'os' },
    nodeArguments: ['--import', counter.href],
  });
  context.defer(() => odradek.stop());
  let asked = 0;
  return {
    odradek,
    async copiedBytes() {
      const file = join(folder, String(++asked));
      odradek.child.process.kill('SIGUSR2');
      for (const until = Date.now() + ANSWER_MS; Date.now() < until; ) {
        const text = readIfThere(file);
        if (text !== null) return Number(text);
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
      throw voided('the broker did not say how many bytes it has copied');
    },
  };
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return null;
  }
}

/** Copied bytes for each byte that came in (`produced`) or that was asked for (`fetched`). */
async function copiesPerByte(
  context: Context,
  { odradek, copiedBytes }: Counting,
  workload: Workload,
  what: 'produced' | 'fetched',
): Promise<number> {
  const topic = workload.freshTopic ? await odradek.createTopic(workload.topic) : '';
  const frames = await workload.frames(topic, odradek);
  const count = context.scale.isSmoke ? SMOKE_REQUESTS : REQUESTS;
  const before = await copiedBytes();
  await drive({
    port: odradek.port,
    frames: frames.path,
    connections: workload.connections,
    depth: workload.depth,
    durationMs: DRIVE_MS,
    requestsMax: count,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    probe: () => null,
  });
  const copied = (await copiedBytes()) - before;
  const bytes = what === 'produced' ? statSync(frames.path).size : frames.payloadBytes;
  return copied / (bytes * count);
}

const nameOf = (load: LoadName): string => `produce, ${PRODUCE_LOADS[load].name}`;
const SINGLE = nameOf('single');

/** What the engine and the server copy from buffer to buffer, counted while they do it. */
export const copiesRow: RowPlan = {
  id: 'counts/copies',
  title: 'Copies of a byte in user space',
  conditions: {
    counted: 'every copy from buffer to buffer in the broker’s JavaScript',
    produced: 'bytes of requests',
    fetched: 'bytes of record batches, 64 KiB each',
    driver: driverName(),
  },
  seconds: 30,
  async run(context) {
    const counting = await startCounting(context);
    const sides: Side[] = [];
    const add = async (
      name: string,
      metric: 'copiesPerProducedByte' | 'copiesPerFetchedByte',
      workload: Workload,
    ): Promise<void> => {
      const what = metric === 'copiesPerProducedByte' ? 'produced' : 'fetched';
      const sample: Sample = { [metric]: await copiesPerByte(context, counting, workload, what) };
      sides.push({ name, samples: [sample] });
    };
    for (const load of ['1m', '64k', '16k', 'single'] as const) {
      const workload = produceWorkload(context, PRODUCE_LOADS[load]);
      await add(nameOf(load), 'copiesPerProducedByte', workload);
    }
    for (const slice of ['1m', '64k'] as const) {
      const workload = await fetchWorkload(context, [counting.odradek], FETCH_SLICES[slice]);
      await add(`fetch, slices of ${slice}`, 'copiesPerFetchedByte', workload);
    }
    return {
      sides,
      // Of the single records the heads of the answers are a quarter of the bytes.
      bounds: sides
        .filter(({ name }) => name !== SINGLE)
        .map(({ name, samples }) => {
          const metric = Object.keys(samples[0]!)[0]!;
          const value = metric === 'copiesPerProducedByte' ? PRODUCED_MAX : FETCHED_MAX;
          return { metric, side: name, threshold: { direction: 'at-most', value } as const };
        }),
      notes: [
        'below 1 where the kernel puts bytes of a large frame straight into the buffer they stay in; what goes to the file goes from there by writev(2)',
        'of single records the figure holds what is copied beside them, such as heads of answers: nothing is asked of it',
        'a fetched byte goes from the file to the socket by sendfile(2): what is left is the requests',
      ],
    };
  },
};

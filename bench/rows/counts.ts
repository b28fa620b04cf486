import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { drive, driverName } from '../lib/driver.js';
import { type Frames, writeProduceFrames } from '../lib/frames.js';
import { allocatedBytes } from '../lib/gc-trace.js';
import { voided } from '../lib/outcome.js';
import { countDescriptors } from '../lib/proc.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { type CallCounts, countCalls, syncCalls, topCalls, totalCalls } from '../lib/strace.js';
import { copiesRow } from './copies.js';
import { fillTopic } from './wire-fetch.js';

/**
 * Counts: what does not depend on the machine's mood. A change that worsens one is visible in a
 * diff.
 */

interface CountLoad {
  readonly partitions: number;
  readonly connections: number;
  readonly depth: number;
  /** Whether one request writes to all partitions. */
  readonly together?: boolean;
}

const SINGLE = { recordBytes: 1024, batchBytes: 0 };
const REQUESTS = 10_000;
const SMOKE_REQUESTS = 400;
const DRIVE_MS = 600_000;
const SETTLE_MS = 500;

/** Sends exactly `count` produce requests and resolves when all are acknowledged. */
async function produceExactly(
  odradek: Odradek,
  frames: Frames,
  load: CountLoad,
  count: number,
): Promise<void> {
  await drive({
    port: odradek.port,
    frames: frames.path,
    connections: load.connections,
    depth: load.depth,
    durationMs: DRIVE_MS,
    requestsMax: count,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    probe: () => null,
  });
}

async function prepared(
  context: Context,
  load: CountLoad,
  flush: string,
  nodeArguments: string[] = [],
): Promise<{ odradek: Odradek; frames: Frames; topic: string; requests: number }> {
  const folder = context.newFolder('odradek');
  const odradek = await startOdradek({ folder, set: { 'odradek.flush': flush }, nodeArguments });
  context.defer(() => odradek.stop());
  const topic = await odradek.createTopic({ partitions: load.partitions });
  const frames = await writeProduceFrames(context.newFolder('frames'), {
    ...SINGLE,
    ...load,
    topic,
    acks: -1,
  });
  // One request to all partitions is as many writes, each of which strace stops at.
  const enough = Math.max(SMOKE_REQUESTS, load.together ? REQUESTS / load.partitions : REQUESTS);
  const requests = context.scale.isSmoke ? SMOKE_REQUESTS : Math.floor(enough);
  // Files are made, codecs compiled and functions optimised before anything counts.
  await produceExactly(
    odradek,
    frames,
    load,
    Math.max(requests / 2, load.together ? 0 : load.partitions * 2),
  );
  await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
  return { odradek, frames, topic, requests };
}

/** Calls while many requests are in flight: how many of them one sync carries. */
function callRow(load: CountLoad): RowPlan {
  const inFlight = load.connections * load.depth;
  return {
    id: `counts/calls-${load.partitions}p-${inFlight}`,
    seconds: 25,
    title: `System calls and syncs, partitions: ${load.partitions}, requests in flight: ${inFlight}, ack`,
    conditions: { ...conditionsOf(load), flush: 'ack', counted: 'strace -f -c' },
    async run(context) {
      const { name, counts, requests } = await countedProduce(context, load);
      const sample = {
        syscallsPer1000: (totalCalls(counts) / requests) * 1000,
        syncsPer1000: (syncCalls(counts) / requests) * 1000,
        acksPerSync: requests / syncCalls(counts),
      };
      return { sides: [{ name, samples: [sample] }], notes: [noteOf(counts, requests)] };
    },
  };
}

/**
 * One request at a time that writes to all partitions: its answer is one round of acknowledgements,
 * no more and no less.
 */
function roundRow(partitions: number): RowPlan {
  const load = { partitions, connections: 1, depth: 1, together: true };
  return {
    id: `counts/round-${partitions}p`,
    seconds: 25,
    title: `Syncs of one round of acknowledgements, partitions: ${partitions}, ack`,
    conditions: {
      ...conditionsOf(load),
      flush: 'ack',
      request: 'all partitions',
      counted: 'strace -f -c',
    },
    async run(context) {
      const { name, counts, requests } = await countedProduce(context, load);
      const sample = {
        syncsPerRound: syncCalls(counts) / requests,
        syscallsPer1000: (totalCalls(counts) / requests) * 1000,
      };
      return {
        sides: [{ name, samples: [sample] }],
        bounds: [
          { metric: 'syncsPerRound', side: name, threshold: { direction: 'at-least', value: 1 } },
          { metric: 'syncsPerRound', side: name, threshold: { direction: 'at-most', value: 2 } },
        ],
        notes: [noteOf(counts, requests)],
      };
    },
  };
}

async function countedProduce(
  context: Context,
  load: CountLoad,
): Promise<{ name: string; counts: CallCounts; requests: number }> {
  const { odradek, frames, requests } = await prepared(context, load, 'ack');
  const counts = await countCalls(odradek.pid, join(context.newFolder('strace'), 'summary'), () =>
    produceExactly(odradek, frames, load, requests),
  );
  if (syncCalls(counts) === 0) throw voided('no sync was counted under odradek.flush=ack');
  return { name: odradek.name, counts, requests };
}

function noteOf(counts: CallCounts, requests: number): string {
  return `${requests} acknowledgements; ${topCalls(counts, 8)}`;
}

const costRow: RowPlan = {
  id: 'counts/per-request',
  seconds: 20,
  title: 'CPU and JavaScript heap of one produce request of one record',
  conditions: {
    ...conditionsOf({ partitions: 1, connections: 16, depth: 5 }),
    flush: 'os',
    counted: 'node --trace-gc',
  },
  async run(context) {
    const load = { partitions: 1, connections: 16, depth: 5 };
    const { odradek, frames, requests } = await prepared(context, load, 'os', ['--trace-gc']);
    let trace = '';
    odradek.child.process.stdout!.on('data', (text: string) => {
      trace += text;
    });
    const count = requests * 10;
    await produceExactly(odradek, frames, load, count);
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
    const allocated = allocatedBytes(trace);
    if (allocated === null)
      throw voided('fewer than two collections: nothing can be said of the heap');
    const sample: Sample = { allocatedBytesPerRequest: allocated / count };
    return { sides: [{ name: odradek.name, samples: [sample] }], notes: [`${count} requests`] };
  },
};

const filesRow: RowPlan = {
  id: 'counts/files',
  seconds: 20,
  title: 'Files and descriptors of a partition, and bytes on disk for each byte of payload',
  conditions: { partitions: 64, flush: 'os', load: '64 KiB batches of 1 KiB records' },
  async run(context) {
    const folder = context.newFolder('odradek');
    const odradek = await startOdradek({ folder, set: { 'odradek.flush': 'os' } });
    context.defer(() => odradek.stop());
    const partitions = 64;
    const before = countDescriptors(odradek.pid, folder).below;
    const topic = await odradek.createTopic({ partitions });
    const load = { partitions, connections: 1, depth: 5 };
    const frames = await writeProduceFrames(context.newFolder('frames'), {
      ...SINGLE,
      ...load,
      topic,
      acks: 1,
    });
    await produceExactly(odradek, frames, load, partitions);
    const descriptors = countDescriptors(odradek.pid, folder).below - before;
    const files = filesOf(folder, topic).length;
    const filled = await fillTopic(context, odradek, context.scale.hotBytes);
    const payload = context.scale.hotBytes;
    await odradek.stop();
    const bytes = filesOf(folder, filled.topic).reduce((sum, path) => sum + statSync(path).size, 0);
    const sample = {
      filesPerPartition: files / partitions,
      descriptorsPerPartition: descriptors / partitions,
      diskBytesPerPayloadByte: bytes / payload,
    };
    return {
      sides: [{ name: odradek.name, samples: [sample] }],
      notes: [
        'a byte of payload is a byte of a record batch; files were counted while the broker ran',
      ],
    };
  },
};

function filesOf(folder: string, topic: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${topic}-`))
    .flatMap((name) => readdirSync(join(folder, name)).map((file) => join(folder, name, file)));
}

function conditionsOf({ partitions, connections, depth }: CountLoad): RowPlan['conditions'] {
  return {
    load: 'one 1 KiB record a batch',
    partitions,
    connections,
    'in flight each': depth,
    acks: 'all',
    driver: driverName(),
  };
}

export const countRows = {
  asked: [...[1, 16, 256].map(roundRow), copiesRow],
  others: [
    ...[1, 16, 256].map((partitions) => callRow({ partitions, connections: 16, depth: 5 })),
    costRow,
    filesRow,
  ],
} as const satisfies Record<string, readonly RowPlan[]>;

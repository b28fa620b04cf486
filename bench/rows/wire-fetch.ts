import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFloor } from '../brokers/floor.js';
import { startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import { type Context, pairsFor } from '../lib/context.js';
import { drive, driverName } from '../lib/driver.js';
import {
  type BatchShape,
  batchOf,
  type Frames,
  writeFetchFrames,
  writeProduceFrames,
} from '../lib/frames.js';
import { NoFigure } from '../lib/outcome.js';
import type { Comparison } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { interleave, type Workload } from '../lib/wire.js';

const KIB = 1024;
const MIB = 1024 ** 2;
const FILL_MS = 600_000;
const FILL_DEPTH = 5;

/**
 * What fetch rows read: batches of 1 KiB records that fill a slice of 64 KiB, or a sixteenth of a
 * slice of 1 MiB.
 */
export const FETCHED_BATCH: BatchShape = { recordBytes: KIB, batchBytes: 64 * KIB };

export const FETCH_SLICES = { '1m': MIB, '64k': 64 * KIB } as const;
export type SliceName = keyof typeof FETCH_SLICES;

/** A topic that was filled, and how many equal batches are in it. */
export interface FilledTopic {
  readonly topic: string;
  readonly batches: number;
}

/** Fills partition 0 of a new topic with equal batches, over the wire, in order. */
export async function fillTopic(
  context: Context,
  target: Target,
  bytes: number,
  shape: BatchShape = FETCHED_BATCH,
): Promise<FilledTopic> {
  const topic = await target.createTopic({ partitions: 1 });
  const frames = await writeProduceFrames(context.newFolder('fill'), {
    ...shape,
    topic,
    partitions: 1,
    acks: 1,
  });
  const batches = Math.ceil(bytes / frames.payloadBytes);
  await drive({
    port: target.port,
    frames: frames.path,
    connections: 1,
    depth: FILL_DEPTH,
    durationMs: FILL_MS,
    requestsMax: batches,
    errorAt: frames.errorAt,
    sizeMin: frames.sizeMin,
    probe: () => null,
  });
  return { topic, batches };
}

/** Fetches of hot slices, from topics that are filled now: one for each broker. */
export async function fetchWorkload(
  context: Context,
  brokers: readonly Target[],
  sliceBytes: number,
): Promise<Workload> {
  const batch = await batchOf(FETCHED_BATCH);
  const framesOf = new Map<Target, Frames>();
  const write = (name: string, topic: string, batches: number): Frames =>
    writeFetchFrames(context.newFolder(name), { topic, sliceBytes, batch, batches });
  for (const [i, broker] of brokers.entries()) {
    const { topic, batches } = await fillTopic(context, broker, context.scale.hotBytes);
    context.defer(async () => {
      if (broker.ended() === null) await broker.deleteTopic(topic);
    });
    framesOf.set(broker, write(`frames-${i}`, topic, batches));
  }
  // A floor sends its file in answer to any request.
  const forFloors = write('frames-floors', 'bench-000000', 64);
  return {
    topic: { partitions: 1 },
    connections: 1,
    depth: 4,
    freshTopic: false,
    writes: false,
    frames: async (_topic, target) => framesOf.get(target) ?? forFloors,
  };
}

/** Odradek beside loops that do nothing but sendfile(2), or nothing but read and write. */
function fetchRow(sliceName: SliceName, path: 'sendfile' | 'copy' = 'sendfile'): RowPlan {
  const isAsked = sliceName === '1m';
  const size = isAsked ? '1 MiB' : '64 KiB';
  const isCopy = path === 'copy';
  return {
    id: `wire/fetch-${sliceName}${isCopy ? '-copy' : ''}`,
    title: `Fetch, ${size} slices, hot, ${isCopy ? 'read and written, ' : ''}beside the sendfile loops`,
    conditions: {
      path,
      slice: sliceName,
      batches: '64 KiB of 1 KiB records',
      connections: 1,
      'in flight each': 4,
      driver: driverName(),
    },
    seconds: isAsked ? 140 : 80,
    async run(context) {
      const sliceBytes = FETCH_SLICES[sliceName];
      const folder = context.newFolder('odradek');
      const set = { 'odradek.flush': 'os', 'odradek.sendfile.enable': String(!isCopy) };
      const odradek = await startOdradek({ folder, set });
      context.defer(() => odradek.stop());
      const workload = await fetchWorkload(context, [odradek], sliceBytes);
      const floors = await startFetchFloors(context, sliceBytes, isCopy);
      const sides = await interleave(
        context,
        [odradek, ...floors],
        workload,
        pairsFor(context.scale, isAsked),
      );
      const comparisons = floors.flatMap((floor): Comparison[] => [
        {
          metric: 'throughputMBs',
          ours: odradek.name,
          theirs: floor.name,
          ...(isAsked && floor.name === 'Node floor'
            ? { threshold: { direction: 'at-least', value: isCopy ? 0.6 : 0.9 } as const }
            : {}),
        },
        { metric: 'cpuSPerGB', ours: odradek.name, theirs: floor.name },
      ]);
      return { sides, comparisons };
    },
  };
}

export const wireFetchRows = {
  asked: [fetchRow('1m'), fetchRow('1m', 'copy')],
  others: [fetchRow('64k')],
} as const;

/** The sendfile loops; `withCopy`, also the loop that reads and writes. */
async function startFetchFloors(
  context: Context,
  sliceBytes: number,
  withCopy: boolean,
): Promise<Target[]> {
  const file = join(context.newFolder('floor'), 'hot');
  const chunk = Buffer.alloc(MIB, 'x');
  for (let at = 0; at < context.scale.hotBytes; at += MIB)
    writeFileSync(file, chunk, { flag: 'a' });
  const floors: Target[] = [];
  for (const language of ['Node', 'C'] as const) {
    try {
      const floor = await startFloor(language, { kind: 'sendfile', file, sliceBytes });
      context.defer(() => floor.stop());
      floors.push(floor);
    } catch (error) {
      if (!(error instanceof NoFigure && error.kind === 'skipped')) throw error;
      context.say(error.message);
    }
  }
  if (withCopy) {
    const floor = await startFloor('Node', { kind: 'copy', file, sliceBytes });
    context.defer(() => floor.stop());
    floors.push(floor);
  }
  return floors;
}

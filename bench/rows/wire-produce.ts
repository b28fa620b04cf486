import { crc32cSource } from '../../engine/index.js';
import { startFloor } from '../brokers/floor.js';
import { startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import { type Context, pairsFor } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import { writeProduceFrames } from '../lib/frames.js';
import { NoFigure } from '../lib/outcome.js';
import type { Comparison } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import type { Threshold } from '../lib/statistics.js';
import { interleave, type Workload } from '../lib/wire.js';

/** One shape of produce load. */
export interface ProduceLoad {
  readonly name: string;
  readonly recordBytes: number;
  readonly batchBytes: number;
  readonly connections: number;
  readonly depth: number;
  readonly partitions?: number;
}

const KIB = 1024;

/** The loads that are measured beside the floors and beside Apache Kafka. */
export const PRODUCE_LOADS = {
  '64k': {
    name: '64 KiB batches of 1 KiB',
    recordBytes: KIB,
    batchBytes: 64 * KIB,
    connections: 1,
    depth: 5,
  },
  '16k': {
    name: '16 KiB batches of 1 KiB',
    recordBytes: KIB,
    batchBytes: 16 * KIB,
    connections: 1,
    depth: 5,
  },
  '64k-100b': {
    name: '64 KiB batches of 100 B',
    recordBytes: 100,
    batchBytes: 64 * KIB,
    connections: 1,
    depth: 5,
  },
  '16k-100b': {
    name: '16 KiB batches of 100 B',
    recordBytes: 100,
    batchBytes: 16 * KIB,
    connections: 1,
    depth: 5,
  },
  '1m': {
    name: '1 MB batches of 1 KiB',
    recordBytes: KIB,
    batchBytes: 1_000_000,
    connections: 1,
    depth: 5,
  },
  single: {
    name: 'one 100 B record a batch',
    recordBytes: 100,
    batchBytes: 0,
    connections: 16,
    depth: 5,
  },
} as const satisfies Record<string, ProduceLoad>;

export type LoadName = keyof typeof PRODUCE_LOADS;

/** A load as a workload for any target. */
export function produceWorkload(context: Context, load: ProduceLoad, acks = 1): Workload {
  const partitions = load.partitions ?? 1;
  return {
    topic: { partitions },
    connections: load.connections,
    depth: load.depth,
    freshTopic: true,
    writes: true,
    frames: (topic) =>
      writeProduceFrames(context.newFolder('frames'), { ...load, topic, partitions, acks }),
  };
}

/** What every produce row says about itself. */
export function produceConditions(load: ProduceLoad, flush: string): RowPlan['conditions'] {
  return {
    load: load.name,
    connections: load.connections,
    'in flight each': load.depth,
    partitions: load.partitions ?? 1,
    flush,
    acks: 1,
    driver: driverName(),
    'CRC-32C': crc32cSource(),
  };
}

const FLOOR_THRESHOLDS: Partial<Record<LoadName, Threshold>> = {
  '64k': { direction: 'at-least', value: 0.7 },
  '1m': { direction: 'at-least', value: 0.7 },
};

/**
 * Odradek beside the least that Node, and that C, can do to receive, check and write the same
 * frames.
 */
function produceRow(loadName: '64k' | '16k' | '1m' | 'single'): RowPlan {
  const load = PRODUCE_LOADS[loadName];
  return {
    id: `wire/produce-${loadName}`,
    title: `Produce, ${load.name}, beside the floors`,
    conditions: produceConditions(load, 'os'),
    seconds: loadName in FLOOR_THRESHOLDS ? 210 : 120,
    async run(context) {
      const folder = context.newFolder('odradek');
      const odradek = await startOdradek({ folder, set: { 'odradek.flush': 'os' } });
      context.defer(() => odradek.stop());
      // A buffer of one small frame would be a read for each of them.
      const floors = await startFloors(context, 'os', load.batchBytes > 0);
      const targets = [odradek, ...floors];
      const sides = await interleave(
        context,
        targets,
        produceWorkload(context, load),
        pairsFor(context.scale, loadName in FLOOR_THRESHOLDS),
      );
      const threshold = FLOOR_THRESHOLDS[loadName];
      const comparisons = floors.flatMap((floor): Comparison[] => [
        {
          metric: 'throughputMBs',
          ours: odradek.name,
          theirs: floor.name,
          // To reach its share of both is to reach it of the better one.
          ...(threshold && floor.name !== 'C floor' ? { threshold } : {}),
        },
        { metric: 'cpuSPerGB', ours: odradek.name, theirs: floor.name },
      ]);
      return { sides, comparisons };
    },
  };
}

export const wireProduceRows = {
  asked: [produceRow('64k'), produceRow('1m')],
  others: [produceRow('16k'), produceRow('single')],
} as const;

/** The floors that this machine can run: without a compiler only the one in Node. */
export async function startFloors(
  context: Context,
  sync: 'os' | 'ack',
  withFrameBuffer: boolean,
): Promise<Target[]> {
  const floors: Target[] = [];
  const wanted = [
    ['Node', 'large'],
    ...(withFrameBuffer ? [['Node', 'frame'] as const] : []),
    ['C', 'large'],
  ] as const;
  for (const [language, buffer] of wanted) {
    try {
      const folder = context.newFolder(`floor-${language}-${buffer}`);
      const floor = await startFloor(language, { kind: 'append', folder, sync, buffer });
      context.defer(() => floor.stop());
      floors.push(floor);
    } catch (error) {
      if (!(error instanceof NoFigure && error.kind === 'skipped')) throw error;
      context.say(error.message);
    }
  }
  return floors;
}

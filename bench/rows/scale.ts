import { spawnOdradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import { dropCaches } from '../lib/machine.js';
import { freePort } from '../lib/ports.js';
import type { RowPlan } from '../lib/runner.js';
import { createPartitions, produceSpread, spreadFrames } from '../lib/spread.js';
import { sliceOrder } from '../lib/statistics.js';
import {
  manyOptions,
  manyPartitions,
  openSpreadSide,
  SCALE_BATCH,
  SPREAD_HELD,
  spreadLoad,
  warmUpSpread,
} from './spread-side.js';
import { firstRecord, timeStart } from './start.js';

const MANY_CONNECTIONS = 1000;
const START_SLICES = 3;

const produceRow: RowPlan = {
  id: 'scale/produce-10000',
  title: 'Produce, 16 KiB batches, to 10,000 partitions in turn, beside one partition',
  conditions: {
    ...SPREAD_HELD,
    brokers: 'one for each side, alike but for the partitions',
    connections: 4,
    'in flight each': 5,
    slice: '20,000 requests: two to each of the 10,000 partitions',
    driver: `${driverName()}, as many frames in its memory on both sides`,
  },
  seconds: 150,
  async run(context) {
    const many = manyPartitions(context);
    const one = await openSpreadSide(context, '1 partition', 1);
    const all = await openSpreadSide(context, `${many.toLocaleString('en-US')} partitions`, many);
    const sides = [one, all];
    for (const side of sides) await warmUpSpread(side);
    for (const order of sliceOrder(context.scale.pairs, sides)) {
      for (const side of order) side.samples.push(await side.slice());
    }
    const rssOfOne = Math.min(...one.samples.map(({ rssAnonMB }) => rssAnonMB!));
    const crowd = await produceSpread(context, all.odradek, all.frames, {
      ...spreadLoad(context),
      connections: MANY_CONNECTIONS,
      depth: 1,
    });
    return {
      sides: [
        { name: one.name, samples: one.samples },
        {
          name: all.name,
          samples: all.samples.map((sample) => ({
            ...sample,
            rssPerPartitionKB: ((sample.rssAnonMB! - rssOfOne) * 1e3) / (many - 1),
          })),
        },
        { name: `${all.name}, 1,000 connections`, samples: [crowd] },
      ],
      comparisons: [
        {
          metric: 'throughputMBs',
          ours: all.name,
          theirs: one.name,
          threshold: { direction: 'at-least', value: 0.8 },
        },
        { metric: 'cpuUsPerRequest', ours: all.name, theirs: one.name },
      ],
      bounds: [
        {
          metric: 'rssPerPartitionKB',
          side: all.name,
          threshold: { direction: 'at-most', value: 20 },
        },
        {
          metric: 'descriptors',
          side: `${all.name}, 1,000 connections`,
          threshold: { direction: 'at-most', value: 15_000 },
        },
      ],
      notes: ['memory of a partition: beyond the least that the broker with one partition held'],
    };
  },
};

const startRow: RowPlan = {
  id: 'scale/start-10000',
  title: 'Start with 10,000 partitions: spawn to first acknowledged record',
  conditions: { ...SPREAD_HELD, 'before a kill': 'one batch to each partition', pinned: 'no' },
  seconds: 90,
  async run(context) {
    const count = manyPartitions(context);
    const slices = Math.min(START_SLICES, context.scale.pairs);
    const starts = await timeStarts(context, count, slices);
    const { cold, hasDroppedCaches } = starts;
    return {
      sides: [
        { name: 'clean stop', samples: starts.clean.map((startMs) => ({ startMs })) },
        { name: 'kill -9', samples: starts.killed.map((startMs) => ({ startMs })) },
        { name: 'clean stop, caches dropped', samples: cold.map((startMs) => ({ startMs })) },
      ],
      notes: hasDroppedCaches ? [] : ['caches could not be dropped (needs root)'],
    };
  },
};

/** Times of starts on a folder with many partitions, in milliseconds. */
export interface Starts {
  readonly clean: number[];
  /** Each after a batch to every partition that no checkpoint covers. */
  readonly killed: number[];
  readonly cold: number[];
  readonly hasDroppedCaches: boolean;
}

async function timeStarts(context: Context, count: number, slices: number): Promise<Starts> {
  const port = await freePort();
  const options = { ...manyOptions(context.newFolder('odradek')), port, core: null };
  const start = async (): ReturnType<typeof startOdradek> => {
    const odradek = await startOdradek(options);
    context.defer(() => odradek.stop('SIGKILL'));
    return odradek;
  };
  const again = (record: Parameters<typeof timeStart>[2]): Promise<number> =>
    timeStart(() => spawnOdradek(options), port, record);
  let odradek = await start();
  const record = await firstRecord(context, odradek);
  const places = await createPartitions(odradek, count);
  const frames = await spreadFrames(context, places, SCALE_BATCH);
  const load = { connections: 4, requests: count };
  await produceSpread(context, odradek, frames, load);
  await odradek.stop();
  const starts: Starts = { clean: [], killed: [], cold: [], hasDroppedCaches: dropCaches() };
  for (let slice = 0; slice < slices; slice++) starts.clean.push(await again(record));
  for (let slice = 0; slice < slices; slice++) {
    dropCaches();
    starts.cold.push(await again(record));
  }
  for (let slice = 0; slice < slices; slice++) {
    odradek = await start();
    await produceSpread(context, odradek, frames, load);
    await odradek.stop('SIGKILL');
    starts.killed.push(await again(record));
  }
  return starts;
}

export const scaleRows = { produce: produceRow, start: startRow } as const;

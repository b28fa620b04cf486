import { type HeapMB, type Kafka, startKafka } from '../brokers/kafka.js';
import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import { type Context, pairsFor } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import type { Comparison, Measured, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import type { Threshold } from '../lib/statistics.js';
import { interleave, measureSlice, type Workload, warmUp } from '../lib/wire.js';
import { FETCH_SLICES, fetchWorkload, type SliceName } from './wire-fetch.js';
import {
  type LoadName,
  PRODUCE_LOADS,
  type ProduceLoad,
  produceConditions,
  produceWorkload,
} from './wire-produce.js';

/** Both brokers, each on the broker's core; one is under load at a time. */
export interface Rivals {
  readonly odradek: Odradek;
  readonly kafka: Kafka;
}

export interface RivalOptions {
  readonly flush?: 'os' | 'ack';
  readonly heapMB?: HeapMB;
  readonly core?: null;
  /** Settings of both. */
  readonly set?: Readonly<Record<string, string>>;
}

/** Starts both in folders on the same file system. Both end with the context. */
async function startRivals(context: Context, options: RivalOptions): Promise<Rivals> {
  const { flush = 'os', heapMB = 1024, core, set = {} } = options;
  const pin = core === undefined ? {} : { core };
  const kafka = await startKafka({ folder: context.newFolder('kafka'), heapMB, set, ...pin });
  context.defer(() => kafka.stop());
  const folder = context.newFolder('odradek');
  const odradek = await startOdradek({ folder, set: { ...set, 'odradek.flush': flush }, ...pin });
  context.defer(() => odradek.stop());
  return { odradek, kafka };
}

/**
 * Both brokers as the row before left them, if it had them under the same options: an hour old JVM
 * is a warm one. A row leaves no topic behind. With `isFresh` they were never used before.
 */
export function takeRivals(
  context: Context,
  options: RivalOptions = {},
  isFresh = false,
): Promise<Rivals> {
  return context.take(
    `rivals ${JSON.stringify(options)}`,
    (shared) => startRivals(shared, options),
    isFresh,
  );
}

/** What all rows with shared brokers say. */
export const BROKERS =
  'kept over the rows, so that they are warm; files of deleted topics go at once';

/** One comparison of Odradek with Apache Kafka. */
export function against(
  { odradek, kafka }: { readonly odradek: { name: string }; readonly kafka: { name: string } },
  metric: string,
  threshold?: Threshold,
): Comparison {
  return { metric, ours: odradek.name, theirs: kafka.name, ...(threshold ? { threshold } : {}) };
}

export const atLeast = (value: number): Threshold => ({ direction: 'at-least', value });
export const atMost = (value: number): Threshold => ({ direction: 'at-most', value });

/** What an open loop may have in flight on a connection: more than any pause here lets pile up. */
const OPEN_DEPTH = 1000;

export const JVM = '-Xms1G -Xmx1G, G1';

interface Wanted {
  readonly throughput?: Threshold;
  readonly cpu?: Threshold;
}

const PRODUCE_WANTED: Partial<Record<LoadName, Wanted>> = {
  '64k': { throughput: atLeast(3), cpu: atMost(0.35) },
  '16k': { throughput: atLeast(2.5), cpu: atMost(0.4) },
  single: { throughput: atLeast(2.5) },
};

const produceRows = (['64k', '16k', 'single', '64k-100b', '16k-100b'] as const).map(
  (loadName): RowPlan => {
    const load = PRODUCE_LOADS[loadName];
    return {
      id: `kafka/produce-${loadName}`,
      title: `Produce, ${load.name}, raw driver, one core each`,
      conditions: { ...produceConditions(load, 'os beside stock'), JVM, brokers: BROKERS },
      shares: true,
      seconds: loadName === '64k' ? 200 : loadName in PRODUCE_WANTED ? 130 : 80,
      async run(context) {
        const rivals = await takeRivals(context);
        const targets = [rivals.odradek, rivals.kafka];
        const wanted = PRODUCE_WANTED[loadName];
        const pairs = pairsFor(context.scale, wanted !== undefined);
        const sides = await interleave(context, targets, produceWorkload(context, load), pairs);
        const { throughput, cpu } = wanted ?? {};
        return {
          sides,
          comparisons: [
            against(rivals, 'throughputMBs', throughput),
            against(rivals, 'cpuSPerGB', cpu),
          ],
        };
      },
    };
  },
);

function fetchConditions(sliceName: SliceName): RowPlan['conditions'] {
  return { slice: sliceName, connections: 1, 'in flight each': 4, driver: driverName() };
}

const fetchRows = (['1m', '64k'] as const).map(
  (sliceName): RowPlan => ({
    id: `kafka/fetch-${sliceName}`,
    title: `Fetch, ${sliceName === '1m' ? '1 MiB' : '64 KiB'} slices, hot, raw driver, one core each`,
    conditions: { ...fetchConditions(sliceName), JVM, brokers: BROKERS },
    shares: true,
    seconds: 130,
    async run(context) {
      const rivals = await takeRivals(context);
      const targets = [rivals.odradek, rivals.kafka];
      const workload = await fetchWorkload(context, targets, FETCH_SLICES[sliceName]);
      const sides = await interleave(context, targets, workload);
      return {
        sides,
        comparisons: [
          against(rivals, 'throughputMBs'),
          against(rivals, 'cpuSPerGB', atMost(sliceName === '1m' ? 0.6 : 0.4)),
        ],
      };
    },
  }),
);

/**
 * Requests at a rate that neither broker sets: half of what the slower one takes, which is found
 * first. A latency counts from when its request was due, so that a pause costs all who were due in
 * it.
 */
const openLoopRows = (['64k', '16k', 'single'] as const).map((loadName): RowPlan => {
  const load = PRODUCE_LOADS[loadName];
  return {
    id: `kafka/open-loop-${loadName}`,
    title: `Latency of produce at half of the slower one’s peak, ${load.name}`,
    conditions: {
      ...produceConditions(load, 'os beside stock'),
      loop: 'open',
      JVM,
      brokers: BROKERS,
    },
    shares: true,
    seconds: 130,
    async run(context) {
      const rivals = await takeRivals(context);
      const targets = [rivals.odradek, rivals.kafka];
      const closed = produceWorkload(context, load);
      const peaks: number[] = [];
      for (const target of targets) {
        await warmUp(context, target, closed);
        peaks.push((await measureSlice(context, target, closed)).requestsPerS!);
      }
      const rate = Math.floor(Math.min(...peaks) / 2);
      const sides = await interleave(context, targets, { ...closed, depth: OPEN_DEPTH, rate });
      return {
        sides,
        comparisons: [
          against(rivals, 'p50Us'),
          against(rivals, 'p99Us', atMost(0.5)),
          against(rivals, 'p999Us', atMost(0.5)),
        ],
        notes: [`${rate} requests/s; peaks: ${peaks.map(Math.round).join(' and ')}`],
      };
    },
  };
});

/** Every acknowledgement synced, on both sides. */
const flushRows = [1, 16, 256].flatMap((partitions) =>
  [
    { connections: 16, depth: 5, wanted: 10 },
    { connections: 1, depth: 1, wanted: 1 },
  ].map(({ connections, depth, wanted }): RowPlan => {
    const inFlight = connections * depth;
    const load: ProduceLoad = {
      name: 'one 1 KiB record a batch',
      recordBytes: 1024,
      batchBytes: 0,
      connections,
      depth,
      partitions,
    };
    return {
      id: `kafka/flush-${partitions}p-${inFlight}`,
      title: `Every acknowledgement synced, partitions: ${partitions}, requests in flight: ${inFlight}`,
      conditions: {
        ...produceConditions(load, 'ack beside flush.messages=1'),
        JVM,
        brokers: BROKERS,
      },
      shares: true,
      seconds: partitions === 256 ? 200 : 140,
      async run(context) {
        const rivals = await takeRivals(context, { flush: 'ack' });
        const targets = [rivals.odradek, rivals.kafka];
        const workload = produceWorkload(context, load);
        const topic = { partitions, configs: { 'flush.messages': '1' } };
        const sides = await interleave(context, targets, { ...workload, topic });
        return { sides, comparisons: [against(rivals, 'requestsPerS', atLeast(wanted))] };
      },
    };
  }),
);

const SMALL_JVM = '-Xms256M -Xmx256M, G1';

const memoryRow: RowPlan = {
  id: 'kafka/rss-256m',
  title: 'Memory under the 64 KiB produce load, beside Apache Kafka with a heap of 256 MB',
  conditions: {
    ...produceConditions(PRODUCE_LOADS['64k'], 'os beside stock'),
    JVM: SMALL_JVM,
    brokers: 'fresh',
  },
  shares: true,
  seconds: 200,
  async run(context) {
    const rivals = await takeRivals(context, { heapMB: 256 }, true);
    const targets = [rivals.odradek, rivals.kafka];
    const sides = await interleave(
      context,
      targets,
      produceWorkload(context, PRODUCE_LOADS['64k']),
    );
    return {
      sides,
      comparisons: [
        against(rivals, 'rssAnonMB', atMost(1 / 3)),
        against(rivals, 'peakRssMB'),
        against(rivals, 'throughputMBs'),
        against(rivals, 'cpuSPerGB'),
      ],
    };
  },
};

/** Once more with the small heap. The 64 KiB produce load is in the memory row already. */
const smallHeapRows = [
  ...(['16k', 'single'] as const).map(
    (loadName): RowPlan => ({
      id: `kafka/produce-${loadName}-256m`,
      title: `Produce, ${PRODUCE_LOADS[loadName].name}, beside Apache Kafka with a heap of 256 MB`,
      conditions: {
        ...produceConditions(PRODUCE_LOADS[loadName], 'os beside stock'),
        JVM: SMALL_JVM,
        brokers: BROKERS,
      },
      shares: true,
      seconds: 70,
      run: (context) =>
        besideSmallHeap(context, async () => produceWorkload(context, PRODUCE_LOADS[loadName])),
    }),
  ),
  ...(['1m', '64k'] as const).map(
    (sliceName): RowPlan => ({
      id: `kafka/fetch-${sliceName}-256m`,
      title: `Fetch, ${sliceName === '1m' ? '1 MiB' : '64 KiB'} slices, hot, beside Apache Kafka with a heap of 256 MB`,
      conditions: { ...fetchConditions(sliceName), JVM: SMALL_JVM, brokers: BROKERS },
      shares: true,
      seconds: 70,
      run: (context) =>
        besideSmallHeap(context, (targets) =>
          fetchWorkload(context, targets, FETCH_SLICES[sliceName]),
        ),
    }),
  ),
];

async function besideSmallHeap(
  context: Context,
  workloadFor: (targets: readonly Target[]) => Promise<Workload>,
): Promise<Measured> {
  const rivals = await takeRivals(context, { heapMB: 256 });
  const targets = [rivals.odradek, rivals.kafka];
  const pairs = pairsFor(context.scale, false);
  const sides = await interleave(context, targets, await workloadFor(targets), pairs);
  return { sides, comparisons: [against(rivals, 'throughputMBs'), against(rivals, 'cpuSPerGB')] };
}

/** Minutes of produce without a bound on the bytes: what the disk takes, no more and no less. */
const sustainedRow: RowPlan = {
  id: 'kafka/sustained',
  title: 'Produce, 64 KiB batches, for five minutes a side: this is the disk',
  conditions: {
    ...produceConditions(PRODUCE_LOADS['64k'], 'os beside stock'),
    retention: 'log.retention.bytes 4 GiB, segments of 256 MiB, both',
    JVM,
  },
  seconds: 720,
  async run(context) {
    const set = {
      'log.retention.bytes': String(4 * 1024 ** 3),
      'log.segment.bytes': String(256 * 1024 ** 2),
      'log.retention.check.interval.ms': '1000',
    };
    const rivals = await takeRivals(context, { set }, true);
    const targets = [rivals.odradek, rivals.kafka];
    const workload = produceWorkload(context, PRODUCE_LOADS['64k']);
    const unbounded = { ...workload, writes: false, latencies: true };
    const sides: Side[] = [];
    for (const target of targets) {
      await warmUp(context, target, workload);
      const idle = targets.filter((other) => other !== target);
      const { sustainedMs } = context.scale;
      const sample = await measureSlice(context, target, unbounded, idle, sustainedMs);
      sides.push({ name: target.name, samples: [sample] });
    }
    return {
      sides,
      notes: [
        'one slice a side, so there is no interval: beyond the first seconds the figures are the disk’s, not the brokers’',
      ],
    };
  },
};

/**
 * What something is asked of comes first; rows that share brokers stand together, since each new
 * pair is warmed up for minutes.
 */
export const kafkaWireRows = {
  /** Produce and fetch with `os` beside stock. */
  stock: [...produceRows.slice(0, 3), ...fetchRows],
  openLoop: openLoopRows,
  stock100: produceRows.slice(3),
  flush: flushRows,
  memory: [memoryRow, ...smallHeapRows],
  sustained: [sustainedRow],
} as const satisfies Record<string, readonly RowPlan[]>;

import { type HeapMB, type Kafka, startKafka } from '../brokers/kafka.js';
import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import type { Comparison } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import type { Threshold } from '../lib/statistics.js';
import { interleave } from '../lib/wire.js';
import { FETCH_SLICES, fetchWorkload } from './wire-fetch.js';
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
}

/** Starts both in folders on the same file system. Both end with the row. */
export async function startRivals(context: Context, options: RivalOptions = {}): Promise<Rivals> {
  const { flush = 'os', heapMB = 1024, core } = options;
  const pin = core === undefined ? {} : { core };
  const kafka = await startKafka({ folder: context.newFolder('kafka'), heapMB, ...pin });
  context.defer(() => kafka.stop());
  const folder = context.newFolder('odradek');
  const odradek = await startOdradek({ folder, set: { 'odradek.flush': flush }, ...pin });
  context.defer(() => odradek.stop());
  return { odradek, kafka };
}

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

const produceRows = (['64k', '16k', '64k-100b', '16k-100b', 'single'] as const).map(
  (loadName): RowPlan => {
    const load = PRODUCE_LOADS[loadName];
    return {
      id: `kafka/produce-${loadName}`,
      title: `Produce, ${load.name}, raw driver, one core each`,
      conditions: { ...produceConditions(load, 'os beside stock'), JVM },
      async run(context) {
        const rivals = await startRivals(context);
        const targets = [rivals.odradek, rivals.kafka];
        const sides = await interleave(context, targets, produceWorkload(context, load));
        const { throughput, cpu } = PRODUCE_WANTED[loadName] ?? {};
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

const fetchRows = (['1m', '64k'] as const).map(
  (sliceName): RowPlan => ({
    id: `kafka/fetch-${sliceName}`,
    title: `Fetch, ${sliceName === '1m' ? '1 MiB' : '64 KiB'} slices, hot, raw driver, one core each`,
    conditions: {
      slice: sliceName,
      connections: 1,
      'in flight each': 4,
      driver: driverName(),
      JVM,
    },
    async run(context) {
      const rivals = await startRivals(context);
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
      conditions: { ...produceConditions(load, 'ack beside flush.messages=1'), JVM },
      async run(context) {
        const rivals = await startRivals(context, { flush: 'ack' });
        const targets = [rivals.odradek, rivals.kafka];
        const workload = produceWorkload(context, load);
        const topic = { partitions, configs: { 'flush.messages': '1' } };
        const sides = await interleave(context, targets, { ...workload, topic });
        return { sides, comparisons: [against(rivals, 'requestsPerS', atLeast(wanted))] };
      },
    };
  }),
);

const memoryRow: RowPlan = {
  id: 'kafka/rss-256m',
  title: 'Memory under the 64 KiB produce load, beside Apache Kafka with a heap of 256 MB',
  conditions: {
    ...produceConditions(PRODUCE_LOADS['64k'], 'os beside stock'),
    JVM: '-Xms256M -Xmx256M, G1',
  },
  async run(context) {
    const rivals = await startRivals(context, { heapMB: 256 });
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

export const kafkaWireRows: readonly RowPlan[] = [
  ...produceRows,
  ...fetchRows,
  ...flushRows,
  memoryRow,
];

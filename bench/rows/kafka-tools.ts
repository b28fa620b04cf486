import { join } from 'node:path';
import { kafkaClassPath } from '../brokers/kafka.js';
import { startNullBroker } from '../brokers/null-broker.js';
import type { Target } from '../brokers/target.js';
import { type Context, pairsFor } from '../lib/context.js';
import { batchOf } from '../lib/frames.js';
import { syncAll } from '../lib/machine.js';
import { runConsumer, runProducer, writePayloadFile } from '../lib/perf-tools.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { hasStoppedRising, sliceOrder } from '../lib/statistics.js';
import { against, atLeast, atMost, BROKERS, JVM, takeRivals } from './kafka-wire.js';
import { FETCHED_BATCH, fillTopic } from './wire-fetch.js';

/**
 * What a run of a tool moves. Its rate counts from its first record, so its JVM's start costs time
 * and no figure; its cold code is in the figure, as it is in every user's run, on all sides alike:
 * the scored row is long enough that most of it is warm.
 */
const SCORED_BYTES = 300_000_000;
const OTHER_BYTES = 150_000_000;
const SMOKE_BYTES = 2_000_000;
const WARM_UP_RUNS_MAX = 12;
/** Runs that may not rise: fewer when an earlier row has warmed the broker up. */
const COLD_WINDOW = 3;
const WARM_WINDOW = 1;
const warm = new WeakSet<Target>();
const CEILING_NOTE =
  'the null broker is the ceiling of the tool: where a broker is within 1.5 x of it, throughput says nothing and CPU decides';

/** Runs a tool against all targets, interleaved, after each has been warmed up by the same tool. */
async function interleaveTools(
  context: Context,
  targets: readonly Target[],
  run: (target: Target) => Promise<Sample>,
  pairs: number,
): Promise<Side[]> {
  const { isSmoke } = context.scale;
  for (const target of targets) {
    const rates: number[] = [];
    const window = warm.has(target) ? WARM_WINDOW : COLD_WINDOW;
    while (!isSmoke && rates.length < WARM_UP_RUNS_MAX && !hasStoppedRising(rates, { window })) {
      rates.push((await run(target)).recordsPerS!);
    }
    warm.add(target);
    context.say(`${target.name} warmed up in ${rates.length} runs of the tool`);
  }
  const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
  for (const order of sliceOrder(pairs, targets)) {
    for (const target of order) {
      syncAll();
      samples.get(target)!.push(await run(target));
    }
  }
  return targets.map((target) => ({ name: target.name, samples: samples.get(target)! }));
}

function producerRow(
  recordBytes: 100 | 1024,
  batch: 'default' | '64k',
  acks: '1' | 'all',
): RowPlan {
  const isScored = recordBytes === 1024 && batch === 'default' && acks === 'all';
  const runBytes = isScored ? SCORED_BYTES : OTHER_BYTES;
  return {
    id: `kafka-tools/producer-${recordBytes}b-${batch}-acks-${acks}`,
    title: `ProducerPerformance, records of ${recordBytes} B, ${batch} batches, acks=${acks}`,
    conditions: {
      records: `${recordBytes} B`,
      'bytes a run': runBytes,
      'batch.size': batch === '64k' ? 65_536 : 'default',
      acks,
      compression: 'none',
      flush: 'os beside stock',
      pinned: 'no: both cores shared with the tool',
      JVM,
      brokers: BROKERS,
    },
    shares: true,
    seconds: isScored ? 400 : 130,
    async run(context) {
      const classPath = kafkaClassPath();
      const rivals = await takeRivals(context, { core: null });
      const nobody = await startNullBroker(FETCHED_BATCH);
      context.defer(() => nobody.stop());
      const payloadFile = join(context.newFolder('payload'), 'lines');
      await writePayloadFile(payloadFile, recordBytes);
      const bytes = context.scale.isSmoke ? SMOKE_BYTES : runBytes;
      const records = Math.floor(bytes / recordBytes);
      const properties = [`acks=${acks}`, ...(batch === '64k' ? ['batch.size=65536'] : [])];
      const run = { classPath, payloadFile, recordBytes, records, properties };
      const sides = await interleaveTools(
        context,
        [rivals.odradek, rivals.kafka, nobody],
        (target) => runProducer(target, run),
        pairsFor(context.scale, isScored),
      );
      return {
        sides,
        comparisons: [
          against(rivals, 'recordsPerS', isScored ? atLeast(1.3) : undefined),
          against(rivals, 'cpuSPerGB', isScored ? atMost(0.4) : undefined),
          { metric: 'recordsPerS', ours: rivals.odradek.name, theirs: nobody.name },
          { metric: 'recordsPerS', ours: rivals.kafka.name, theirs: nobody.name },
        ],
        notes: [CEILING_NOTE],
      };
    },
  };
}

const consumerRow: RowPlan = {
  id: 'kafka-tools/consumer-1024b',
  title: 'ConsumerPerformance, records of 1 KiB, its fetch columns',
  conditions: {
    records: '1 KiB in 64 KiB batches',
    flush: 'os beside stock',
    pinned: 'no: both cores shared with the tool',
    JVM,
    brokers: BROKERS,
  },
  shares: true,
  seconds: 200,
  async run(context) {
    const classPath = kafkaClassPath();
    const rivals = await takeRivals(context, { core: null });
    const nobody = await startNullBroker(FETCHED_BATCH);
    context.defer(() => nobody.stop());
    const topics = new Map<Target, string>([[nobody, 'null-0']]);
    const { records: perBatch } = await batchOf(FETCHED_BATCH);
    let records = 0;
    for (const target of [rivals.odradek, rivals.kafka]) {
      const { topic, batches } = await fillTopic(context, target, context.scale.hotBytes);
      context.defer(() => target.deleteTopic(topic));
      topics.set(target, topic);
      records = batches * perBatch;
    }
    const sides = await interleaveTools(
      context,
      [rivals.odradek, rivals.kafka, nobody],
      (target) => runConsumer(target, { classPath, topic: topics.get(target)!, records }),
      pairsFor(context.scale, false),
    );
    return {
      sides,
      comparisons: [
        against(rivals, 'throughputMBs'),
        against(rivals, 'cpuSPerGB'),
        { metric: 'throughputMBs', ours: rivals.odradek.name, theirs: nobody.name },
      ],
      notes: [CEILING_NOTE],
    };
  },
};

const producerRows = ([1024, 100] as const).flatMap((recordBytes) =>
  (['default', '64k'] as const).flatMap((batch) =>
    (['all', '1'] as const).map((acks) => producerRow(recordBytes, batch, acks)),
  ),
);
const [askedRow, ...otherRows] = producerRows;

export const kafkaToolRows = { asked: askedRow!, others: [...otherRows, consumerRow] } as const;

import { installKafka, type KafkaInstallation, startKafka } from '../brokers/kafka.js';
import { type OdradekOptions, spawnOdradek, startOdradek } from '../brokers/odradek.js';
import { freePort } from '../lib/ports.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { against, atMost, BROKERS, JVM, takeRivals } from './kafka-wire.js';
import { endToEndSides } from './latency.js';
import {
  firstRecord,
  type HowEnded,
  nameOfEnd,
  REOPEN_CONDITIONS,
  type Reopened,
  reopenedOdradek,
  reopenSamples,
  timeStart,
} from './start.js';

const latencyRow: RowPlan = {
  id: 'kafka/end-to-end',
  title: 'End to end, one record at a time',
  conditions: {
    record: '100 B',
    flush: 'os beside stock',
    acks: 'all',
    client: 'Node, one connection to produce, one to fetch',
    JVM,
    brokers: BROKERS,
  },
  shares: true,
  seconds: 110,
  async run(context) {
    const rivals = await takeRivals(context);
    const sides = await endToEndSides(context, [rivals.odradek, rivals.kafka]);
    return {
      sides,
      comparisons: [against(rivals, 'p50Us', atMost(0.5)), against(rivals, 'p99Us', atMost(0.5))],
    };
  },
};

const startRow: RowPlan = {
  id: 'kafka/start',
  title: 'Start: spawn to first acknowledged record',
  conditions: {
    'data directory': 'one empty topic, clean stop',
    flush: 'ack beside stock',
    pinned: 'no',
    environment: 'without NODE_EXTRA_CA_CERTS',
    JVM,
  },
  seconds: 180,
  async run(context) {
    const port = await freePort();
    const options: OdradekOptions = { folder: context.newFolder('odradek'), port, core: null };
    const odradek = await startOdradek(options);
    context.defer(() => odradek.stop());
    const ourRecord = await firstRecord(context, odradek);
    await odradek.stop();

    const installation = await installKafka({ folder: context.newFolder('kafka'), core: null });
    const theirRecord = await recordOf(installation, context);
    const starts = {
      Odradek: () => timeStart(() => spawnOdradek(options), port, ourRecord),
      'Apache Kafka': () => timeStart(installation.spawn, installation.port, theirRecord),
    };
    const names = ['Odradek', 'Apache Kafka'] as const;
    const samples: Record<(typeof names)[number], Sample[]> = { Odradek: [], 'Apache Kafka': [] };
    for (const order of sliceOrder(context.scale.pairs, names)) {
      for (const name of order) samples[name].push({ startMs: await starts[name]() });
    }
    return {
      sides: names.map((name) => ({ name, samples: samples[name] })),
      comparisons: [
        { metric: 'startMs', ours: 'Odradek', theirs: 'Apache Kafka', threshold: atMost(1 / 15) },
      ],
    };
  },
};

/** Starts the installed broker once, to make the topic that later starts are timed by. */
async function recordOf(
  installation: KafkaInstallation,
  context: Parameters<typeof firstRecord>[0],
): ReturnType<typeof firstRecord> {
  const kafka = await startKafka(installation);
  try {
    return await firstRecord(context, kafka);
  } finally {
    await kafka.stop();
  }
}

const REOPEN_GB = 1;

/**
 * Beside ours of 1 and 10 GB, which stand in the suite without a rival: Apache Kafka is measured
 * with one.
 */
function reopenRow(how: HowEnded): RowPlan {
  return {
    id: `kafka/reopen-${how}`,
    title: `Reopen 1 GB after ${nameOfEnd(how)}, caches dropped: spawn to first acknowledged record`,
    conditions: { ...REOPEN_CONDITIONS, flush: 'os beside stock', JVM },
    seconds: 120,
    async run(context) {
      const notes = new Set<string>();
      const gigabytes = Math.min(REOPEN_GB, context.scale.reopenGB[0] ?? REOPEN_GB);
      const sides: Side[] = [];
      for (const [name, make] of [
        ['Odradek', reopenedOdradek],
        ['Apache Kafka', reopenedKafka],
      ] as const) {
        sides.push({
          name,
          samples: await reopenSamples(context, gigabytes, how, make, notes),
        });
      }
      return {
        sides,
        comparisons: [{ metric: 'reopenMs', ours: 'Odradek', theirs: 'Apache Kafka' }],
        notes: [...notes],
      };
    },
  };
}

async function reopenedKafka(folder: string): Promise<Reopened> {
  const installation = await installKafka({ folder, core: null });
  const { name, port, spawn } = installation;
  return { name, port, spawn, start: () => startKafka(installation) };
}

export const kafkaTimeRows = {
  latency: latencyRow,
  start: startRow,
  reopen: (['clean', 'killed'] as const).map(reopenRow),
} as const;

import { expect, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import type { APIS, ApiName } from '../../../server/handlers/apis.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { InputOf } from '../../../server/protocol/schema.js';
import {
  batchOf,
  fetchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
} from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

type Request<N extends ApiName> = InputOf<(typeof APIS)[N]['request']>;

/**
 * A step reports what it did when it is done: a turn goes over its allowance by the steps that are
 * under way.
 */
const ONE_STEP = SERVER_LIMITS.partitionsOpenedAtOnce + 1;
const COUNT = 10_000;
const NAMES = Array.from({ length: COUNT }, (_, at) => `t${at}`);
const INDEXES = Array.from({ length: COUNT }, (_, at) => at);

async function meteredBroker(): Promise<{ broker: MemoryBroker; meter: TurnMeter }> {
  const meter = new TurnMeter();
  return { broker: await memoryBroker({ meter }), meter };
}

/** Calls, and expects that much was looked at, and no turn did more than its allowance. */
async function call<N extends ApiName>(
  { broker, meter }: { broker: MemoryBroker; meter: TurnMeter },
  name: N,
  version: number,
  body: Request<N>,
) {
  const before = meter.total.elements;
  meter.most.elements = 0;
  const answer = await broker.call(name, version, body);
  expect(meter.total.elements - before).toBeGreaterThanOrEqual(COUNT);
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + ONE_STEP);
  return answer;
}

function creationOf(names: readonly string[], numPartitions: number): Request<'CreateTopics'> {
  return {
    topics: names.map((name) => ({
      name,
      numPartitions,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    })),
  };
}

test('ten thousand topics are created, described, changed and deleted in slices', async () => {
  const metered = await meteredBroker();
  const created = await call(metered, 'CreateTopics', 7, creationOf(NAMES, 1));
  expect(created.topics.filter(({ errorCode }) => errorCode === 0)).toHaveLength(COUNT);
  expect(created.topics[0]!.configs!.length).toBeGreaterThan(10);

  const all = await call(metered, 'Metadata', 12, { topics: null });
  expect(all.topics).toHaveLength(COUNT);
  const named = await call(metered, 'Metadata', 9, { topics: NAMES.map((name) => ({ name })) });
  expect(named.topics).toHaveLength(COUNT);

  const resources = NAMES.map((resourceName) => ({ resourceType: 2, resourceName }));
  const described = await call(metered, 'DescribeConfigs', 4, {
    resources: resources.map((each) => ({ ...each, configurationKeys: null })),
    includeSynonyms: true,
    includeDocumentation: true,
  });
  expect(described.results).toHaveLength(COUNT);
  expect(described.results.at(-1)!.configs).toEqual(described.results[0]!.configs);

  const altered = await call(metered, 'IncrementalAlterConfigs', 1, {
    validateOnly: true,
    resources: resources.map((each) => ({
      ...each,
      configs: [{ name: 'retention.ms', configOperation: 0, value: '5' }],
    })),
  });
  expect(altered.responses.filter(({ errorCode }) => errorCode === 0)).toHaveLength(COUNT);
  await call(metered, 'AlterConfigs', 2, {
    validateOnly: true,
    resources: resources.map((each) => ({ ...each, configs: [] })),
  });

  const dirs = await call(metered, 'DescribeLogDirs', 2, { topics: null });
  expect(dirs.results[0]!.topics).toHaveLength(COUNT);

  // A broker's setting concerns the logs of every topic.
  await call(metered, 'IncrementalAlterConfigs', 1, {
    validateOnly: false,
    resources: [
      {
        resourceType: 4,
        resourceName: '',
        configs: [{ name: 'log.retention.ms', configOperation: 0, value: '7' }],
      },
    ],
  });
  expect(metered.broker.engine.log('t9999').settings.retentionMs).toBe(7);

  const deleted = await call(metered, 'DeleteTopics', 5, { topicNames: NAMES, timeoutMs: 1 });
  expect(deleted.responses.filter(({ errorCode }) => errorCode === 0)).toHaveLength(COUNT);
  expect(metered.broker.metadata.image.topicCount).toBe(0);
  expect(metered.broker.metadata.image.partitionCount).toBe(0);
}, 60_000);

test('ten thousand partitions of a topic are made, asked about, written, read and deleted in slices', async () => {
  const metered = await meteredBroker();
  const { broker, meter } = metered;
  await call(metered, 'CreateTopics', 7, creationOf(['t'], COUNT));

  const offsets = await call(metered, 'ListOffsets', 5, {
    replicaId: -1,
    isolationLevel: 0,
    topics: [
      {
        name: 't',
        partitions: INDEXES.map((partitionIndex) => ({ partitionIndex, timestamp: -1 })),
      },
    ],
  });
  expect(offsets.topics[0]!.partitions.at(-1)).toMatchObject({ errorCode: 0, offset: 0 });
  await call(metered, 'OffsetForLeaderEpoch', 3, {
    topics: [
      {
        topic: 't',
        partitions: INDEXES.map((partition) => ({
          partition,
          currentLeaderEpoch: -1,
          leaderEpoch: 0,
        })),
      },
    ],
  });
  await call(metered, 'DeleteRecords', 2, {
    timeoutMs: 1,
    topics: [
      { name: 't', partitions: INDEXES.map((partitionIndex) => ({ partitionIndex, offset: -1 })) },
    ],
  });

  for (const [resourceType, resourceName, name] of [
    [4, '', 'log.retention.ms'],
    [2, 't', 'retention.ms'],
  ] as const) {
    const configs = [{ name, configOperation: 0, value: '7000000' }];
    await call(metered, 'IncrementalAlterConfigs', 1, {
      validateOnly: false,
      resources: [{ resourceType, resourceName, configs }],
    });
    expect(broker.engine.log('t', COUNT - 1).settings.retentionMs).toBe(7_000_000);
  }

  const written = await call(metered, 'Produce', 7, {
    acks: 1,
    timeoutMs: 1000,
    topics: [
      {
        name: 't',
        partitions: INDEXES.map((index) => ({ index, records: batchOf(['a'], Date.now()) })),
      },
    ],
  });
  expect(written.topics[0]!.partitions.filter(({ errorCode }) => errorCode === 0)).toHaveLength(
    COUNT,
  );

  const wishes = INDEXES.map((partition) => ({ partition, fetchOffset: 0 }));
  const full = await call(metered, 'Fetch', 11, fetchOf({ name: 't' }, wishes));
  expect(full.topics[0]!.partitions).toHaveLength(COUNT);

  const id = broker.metadata.image.topic('t')!.id;
  meter.most.elements = 0;
  await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1 });
  await broker.settled();
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + ONE_STEP);
  expect(broker.engine.deleted.filter(({ topicId }) => topicId === id)).toHaveLength(COUNT);
}, 60_000);

test('what is produced behind a request of many partitions on a connection comes behind it', async () => {
  const broker = await memoryBroker();
  await broker.call('CreateTopics', 7, creationOf(['t'], 1_000));
  const partitions = Array.from({ length: 900 }, (_, at) => ({
    index: 899 - at,
    records: batchOf(['first']),
  }));
  const first = broker.call('Produce', 7, {
    acks: 1,
    timeoutMs: 1000,
    topics: [{ name: 't', partitions }],
  });
  const second = broker.call('Produce', 7, produceOf('t', batchOf(['second']), { acks: 1 }));
  await first;
  expect((await second).topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, baseOffset: 1 });
});

test('more partitions than a broker may have are refused, and room comes back with a deletion', async () => {
  const broker = await memoryBroker({ partitionsMax: 5 });
  await broker.createTopic('t', 3);
  const refused = await broker.call('CreateTopics', 7, creationOf(['u'], 3));
  expect(refused.topics[0]).toMatchObject({ errorCode: 37 });
  expect(refused.topics[0]!.errorMessage).toContain('delete topics');
  const grown = await broker.call('CreatePartitions', 3, {
    topics: [{ name: 't', count: 6, assignments: null }],
    validateOnly: false,
    timeoutMs: 1,
  });
  expect(grown.results[0]).toMatchObject({ errorCode: 37 });
  await broker.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1 });
  await broker.createTopic('u', 5);
});

import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { planTopic } from '../../../server/metadata/new-topic.js';
import { topicKeys } from '../../../server/settings/topic-keys.js';
import { validateTopicOverrides } from '../../../server/settings/topic-settings.js';
import { memoryBroker } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

const { configValueLengthMax, settingElementChars, topicPlanElements } = SERVER_LIMITS;

/** Creates nothing, of topics with one setting each. Answers what that counted for. */
async function counted(count: number, setting: { name: string; value: string }): Promise<number> {
  const meter = new TurnMeter();
  onTestFinished(() => meter.stop());
  const broker = await memoryBroker({ meter });
  const { topics } = await broker.call('CreateTopics', 4, {
    validateOnly: true,
    topics: Array.from({ length: count }, (_, at) => ({
      name: `t${at}`,
      numPartitions: 1,
      replicationFactor: -1,
      assignments: [],
      configs: [setting],
    })),
  });
  expect(topics).toHaveLength(count);
  const step = topicPlanElements + configValueLengthMax / settingElementChars + 2;
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + step);
  return meter.total.elements;
}

test('a topic that is planned counts for what its settings cost, known or not', async () => {
  for (const name of ['retention.ms', 'retention.milliseconds']) {
    expect(await counted(500, { name, value: '1' })).toBeGreaterThan(500 * topicPlanElements);
  }
});

test('a long value counts for the elements that it is taken apart into', async () => {
  const value = 'delete,'.repeat(4_000);
  const elements = value.length / settingElementChars;
  expect(await counted(20, { name: 'cleanup.policy', value })).toBeGreaterThan(20 * elements);
});

test('a topic’s settings are looked at until one must be unknown or repeated', () => {
  let reads = 0;
  const configs = Array.from({ length: 10_000 }, (_, at) => ({
    get name() {
      reads += 1;
      return `name-${at}`;
    },
    value: '1',
  }));
  const wish = { name: 't', partitionCount: 1, replicationFactor: 1, assignments: [], configs };
  const brokers = [{ nodeId: 1, rack: null }];
  const rules = {
    brokers,
    defaultReplicationFactor: 1,
    defaultPartitionCount: 1,
    partitionCountMax: 1,
  };
  expect(() => planTopic(wish, rules)).toThrow('Unknown topic config name');
  expect(reads).toBeLessThanOrEqual(2 * (topicKeys.size + 1));
});

test('of many problems only those are put into words that are asked for', () => {
  const unread = {
    trim: () => expect.unreachable(),
    get length() {
      return expect.unreachable();
    },
  } as unknown as string;
  const [problem] = validateTopicOverrides({ unknown: '1', 'retention.ms': unread });
  expect(problem?.name).toBe('unknown');
});

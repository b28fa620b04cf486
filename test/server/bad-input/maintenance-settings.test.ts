import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { resolveBrokerSettings } from '../../../server/settings/parse.js';
import { type AttackedBroker, beside, startAttackedBroker, topicOf } from './attacked-broker.js';

const TOPIC = 2;
const BROKER = 4;
const SET = 0;

/** What makes no sense of a topic, each with a part of the reason. */
const NONSENSE: readonly (readonly [key: string, value: string, reason: string])[] = [
  ['cleanup.policy', 'shrink', 'compact, delete'],
  ['cleanup.policy', 'compact;delete', 'compact, delete'],
  ['retention.ms', '-2', 'at least -1'],
  ['retention.ms', '1w', 'a whole number'],
  ['retention.bytes', '-2', 'at least -1'],
  ['retention.bytes', '1e9', 'a whole number'],
  ['min.cleanable.dirty.ratio', '1.5', 'from 0 to 1'],
  ['min.cleanable.dirty.ratio', '-0.1', 'from 0 to 1'],
  ['min.cleanable.dirty.ratio', 'NaN', 'a decimal number'],
  ['min.compaction.lag.ms', '-1', 'at least 0'],
  ['max.compaction.lag.ms', '0', 'at least 1'],
  ['delete.retention.ms', '-1', 'at least 0'],
  ['delete.retention.ms', '99999999999999999999', 'at least 0'],
  ['file.delete.delay.ms', '-1', 'at least 0'],
  ['segment.ms', '0', 'at least 1'],
  ['segment.bytes', '0', '1048576'],
];

async function altered(
  broker: AttackedBroker,
  resourceType: number,
  resourceName: string,
  settings: Readonly<Record<string, string>>,
) {
  const client = await broker.connect();
  const configs = Object.entries(settings).map(([name, value]) => ({
    name,
    configOperation: SET,
    value,
  }));
  const { responses } = await client.call('IncrementalAlterConfigs', 1, {
    resources: [{ resourceType, resourceName, configs }],
    validateOnly: false,
  });
  client.close();
  return responses[0]!;
}

async function created(broker: AttackedBroker, configs: Readonly<Record<string, string>>) {
  const client = await broker.connect();
  const { topics } = await client.call('CreateTopics', 7, topicOf('new', configs));
  client.close();
  return topics[0]!;
}

describe('a retention or compaction setting of nonsense is refused when it is set, with the reason', () => {
  test('by CreateTopics and by IncrementalAlterConfigs', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t', { 'cleanup.policy': 'compact' });
    await beside(broker, async () => {
      for (const [key, value, reason] of NONSENSE) {
        const answers = [
          await created(broker, { [key]: value }),
          await altered(broker, TOPIC, 't', { [key]: value }),
        ];
        for (const { errorCode, errorMessage } of answers) {
          expect([key, value, errorCode]).toEqual([key, value, ErrorCode.INVALID_CONFIG]);
          expect(errorMessage).toContain(`${key}=${value}`);
          expect(errorMessage).toContain(reason);
        }
      }
    });
  });

  test('a shortest lag above the longest, wherever the two come from', async () => {
    const broker = await startAttackedBroker({
      config: { 'log.cleaner.max.compaction.lag.ms': '60000' },
    });
    await broker.createTopic('t', { 'cleanup.policy': 'compact' });
    const refused = {
      errorCode: ErrorCode.INVALID_CONFIG,
      errorMessage:
        'min.compaction.lag.ms (60001) must not be greater than max.compaction.lag.ms (60000)',
    };
    const tooLong = { 'min.compaction.lag.ms': '60001' };
    expect(await created(broker, tooLong)).toMatchObject(refused);
    expect(await altered(broker, TOPIC, 't', tooLong)).toMatchObject(refused);
    const brokerTooLong = { 'log.cleaner.min.compaction.lag.ms': '60001' };
    for (const name of ['', '1']) {
      expect(await altered(broker, BROKER, name, brokerTooLong)).toMatchObject(refused);
    }
    const both = { ...tooLong, 'max.compaction.lag.ms': '60001' };
    expect(await altered(broker, TOPIC, 't', both)).toMatchObject({ errorCode: 0 });
  });

  test.each([
    ['log.cleanup.policy=shrink', 'compact, delete'],
    ['log.retention.bytes=-2', 'at least -1'],
    ['log.retention.check.interval.ms=0', 'at least 1'],
    ['log.cleaner.min.cleanable.ratio=1.01', 'from 0 to 1'],
    ['log.cleaner.min.compaction.lag.ms=-1', 'at least 0'],
    ['log.cleaner.max.compaction.lag.ms=0', 'at least 1'],
    ['log.cleaner.delete.retention.ms=-1', 'at least 0'],
    ['log.cleaner.threads=-1', 'from 0 to'],
    ['log.cleaner.backoff.ms=-1', 'at least 0'],
    ['log.cleaner.dedupe.buffer.size=1000', 'at least 1048576'],
    ['log.cleaner.io.buffer.load.factor=0', 'from 0.01 to 1'],
    ['log.cleaner.io.max.bytes.per.second=0', 'at least 1'],
    ['log.cleaner.enable=maybe', 'true or false'],
  ])('at the start: %s', (pair, reason) => {
    expect(() => resolveBrokerSettings({ sets: [pair] })).toThrow(`--set: ${pair}: expected `);
    expect(() => resolveBrokerSettings({ sets: [pair] })).toThrow(reason);
  });

  test('at the start: a shortest lag above the longest', () => {
    const sets = ['log.cleaner.min.compaction.lag.ms=6', 'log.cleaner.max.compaction.lag.ms=5'];
    expect(() => resolveBrokerSettings({ sets })).toThrow(/min\.compaction\.lag\.ms=6 is greater/);
  });
});

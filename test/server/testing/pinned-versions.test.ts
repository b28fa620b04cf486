import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import type { RunningBroker } from '../../../server/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { KAFKA_RELEASES } from '../../../server/testing/kafka-releases.js';
import { narrowTo } from '../../../server/testing/pinned-versions.js';
import { startTestBroker } from '../../support/start-broker.js';
import { WireClient } from '../bad-input/wire-client.js';

async function announcedBy({ bootstrap }: RunningBroker) {
  const client = await Client.connect({ bootstrap });
  onTestFinished(() => client.close());
  const software = { clientSoftwareName: 'test', clientSoftwareVersion: '1' };
  const { apiKeys } = await client.request(APIS.ApiVersions, software);
  return new Map(
    apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]),
  );
}

describe('a broker that announces Kafka 2.8', () => {
  test('names the highest versions of that release, and no API that it has not', async () => {
    const ranges = await announcedBy(await startTestBroker({ versions: '2.8' }));
    expect(ranges.get(APIS.Produce.key)).toEqual([0, 9]);
    expect(ranges.get(APIS.Fetch.key)?.[1]).toBe(12);
    expect(ranges.get(APIS.Metadata.key)?.[1]).toBe(11);
    expect(ranges.get(APIS.ApiVersions.key)?.[1]).toBe(3);
    expect(ranges.has(APIS.DescribeTopicPartitions.key)).toBe(false);
  });

  test('serves kafkajs', async () => {
    const broker = await startTestBroker({ versions: '2.8' });
    const kafka = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING });
    const producer = kafka.producer();
    await producer.connect();
    onTestFinished(() => producer.disconnect());
    await producer.send({ topic: 'orders', messages: [{ value: 'one' }] });
    expect(await broker.records('orders')).toMatchObject([{ value: 'one' }]);
  });

  test('refuses what is above as that Kafka does', async () => {
    const { port } = await startTestBroker({ versions: '2.8' });
    const software = { clientSoftwareName: 't', clientSoftwareVersion: '1' };
    const asking = await WireClient.connect(port);
    onTestFinished(() => asking.close());
    // The answer is in the layout of version 0, and names the versions of ApiVersions.
    asking.send('ApiVersions', 4, { ...software, clusterId: null, nodeId: -1 });
    expect(await asking.next('ApiVersions', 0)).toMatchObject({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: [{ apiKey: APIS.ApiVersions.key, maxVersion: 3 }],
    });
    const client = await WireClient.connect(port);
    client.send('Metadata', 11, { topics: [] });
    expect(await client.next('Metadata', 11)).toMatchObject({ brokers: [{ port }] });
    client.send('Metadata', 12, { topics: [] });
    await client.closed;
  });
});

test('ranges narrow the APIs that they name', async () => {
  const ranges = await announcedBy(
    await startTestBroker({ versions: { Produce: [3, 5], Fetch: [4, 99] } }),
  );
  expect(ranges.get(APIS.Produce.key)).toEqual([3, 5]);
  expect(ranges.get(APIS.Fetch.key)).toEqual([4, APIS.Fetch.max]);
  expect(ranges.get(APIS.Metadata.key)?.[1]).toBe(APIS.Metadata.max);
});

test('every release has versions of what clients need, and the newest has every API', () => {
  for (const release of KAFKA_RELEASES) {
    const narrow = narrowTo(release);
    for (const name of ['Produce', 'Fetch', 'Metadata', 'ApiVersions', 'JoinGroup'] as const) {
      expect(narrow(APIS[name])?.max).toBeGreaterThanOrEqual(APIS[name].min);
    }
  }
  const newest = narrowTo(KAFKA_RELEASES.at(-1)!);
  expect(Object.values(APIS).filter((api) => newest(api) === null)).toEqual([]);
});

test.each([
  ['2.9', 'there is no release "2.9": did you mean'],
  ['9.9.9.9', 'there is no release "9.9.9.9"'],
  [{ Prduce: [0, 9] }, 'there is no API "Prduce": did you mean Produce?'],
  [{ Produce: [0, 1] }, 'versions of Produce are [min, max] with a part of 3 to'],
  [{ Produce: 9 }, 'versions of Produce are [min, max]'],
  [null, 'versions are a release or ranges by API'],
])('%j is refused', (versions, message) => {
  expect(() => narrowTo(versions as never)).toThrow(message);
});

import { expect, test, vi } from 'vitest';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { Partition } from '../../../server/partition/partition.js';
import { batchOf, fetchOf, memoryBroker, produceOf, turns } from '../../support/memory-broker.js';

test('a full fetch answers a partition that it names often once, by the last wish', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t', 2);
  await broker.call('Produce', 7, produceOf('t', batchOf(['a', 'b']), { acks: 1 }));
  const wishes = [
    { partition: 0, fetchOffset: 99 },
    { partition: 1 },
    { partition: 0, fetchOffset: 0 },
    { partition: 1 },
  ];
  const request = fetchOf({ name: 't' }, wishes);
  const { topics } = await broker.call('Fetch', 11, {
    ...request,
    topics: [...request.topics, ...request.topics],
  });
  expect(topics).toHaveLength(1);
  expect(topics[0]!.partitions).toMatchObject([
    { partitionIndex: 0, errorCode: 0, highWatermark: 2 },
    { partitionIndex: 1, errorCode: 0, highWatermark: 0 },
  ]);
});

test('a waiting fetch of many partitions looks at the one that has moved', async () => {
  const count = 2_000;
  const broker = await memoryBroker();
  await broker.createTopic('t', count);
  await broker.createTopic('u');
  const wishes = Array.from({ length: count }, (_, partition) => ({ partition, fetchOffset: 0 }));
  const waiting = broker.call(
    'Fetch',
    11,
    fetchOf({ name: 't' }, wishes, { maxWaitMs: 2 ** 31 - 1, minBytes: 1_000 }),
  );
  while (broker.delayed.keyCount < count + 1) await turns(1);
  const looks = vi.spyOn(Partition.prototype, 'read');
  const checks = vi.spyOn(Partition.prototype, 'checkLeader');
  for (let times = 0; times < 5; times++) {
    await broker.call('Produce', 7, produceOf('t', batchOf(['a']), { acks: 1, partition: 7 }));
    await broker.call('Produce', 7, produceOf('u', batchOf(['a']), { acks: 1 }));
  }
  expect(looks.mock.calls.length).toBeLessThanOrEqual(10);
  // One for each append, one for each look, and the look's read.
  expect(checks.mock.calls.length).toBeLessThanOrEqual(30);
  looks.mockRestore();
  checks.mockRestore();
  await broker.call('Produce', 7, produceOf('t', batchOf(['x'.repeat(1_000)]), { acks: 1 }));
  const { topics } = await waiting;
  expect(topics[0]!.partitions).toHaveLength(count);
  while (broker.delayed.keyCount > 0) await turns(1);
});

test('no fetch waits for longer than the limit', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  const waiting = broker.call(
    'Fetch',
    11,
    fetchOf({ name: 't' }, [{}], { maxWaitMs: 2 ** 31 - 1 }),
  );
  while (broker.delayed.size === 0) await turns(1);
  broker.clock.advance(SERVER_LIMITS.fetchWaitMsMax);
  expect((await waiting).topics[0]!.partitions).toMatchObject([{ errorCode: 0 }]);
});

import { expect, onTestFinished, test } from 'vitest';
import { buildBatchSync } from '../../../../engine/batch/builder.js';
import { MemoryCatalog, openEngine } from '../../../../engine/index.js';
import { memoryBroker, produceOf } from '../../../support/memory-broker.js';
import { temporaryFolder } from '../../../support/temporary-folder.js';
import { TurnMeter } from '../../../support/turn-meter.js';

function batchFrom(producerId: number, baseSequence: number, count: number, epoch = 0): Buffer {
  const record = { key: null, value: 'v', timestamp: Date.now() };
  return buildBatchSync(Array(count).fill(record), {
    producerId,
    producerEpoch: epoch,
    baseSequence,
  });
}

test('names the producers that wrote to a partition, with epoch and last sequence', async () => {
  const engine = await openEngine(temporaryFolder());
  const broker = await memoryBroker({ host: engine, catalog: new MemoryCatalog() });
  try {
    await broker.createTopic('t', 2);
    const before = Date.now();
    for (const batch of [batchFrom(5, 0, 3), batchFrom(5, 3, 2), batchFrom(7, 0, 1, 4)]) {
      const { topics } = await broker.call('Produce', 9, produceOf('t', batch));
      expect(topics[0]!.partitions[0]!.errorCode).toBe(0);
    }
    const { topics } = await broker.call('DescribeProducers', 0, {
      topics: [{ name: 't', partitionIndexes: [0, 0, 1] }],
    });
    const [first, second, ...rest] = topics[0]!.partitions;
    expect(rest).toEqual([]);
    expect(first).toMatchObject({
      partitionIndex: 0,
      errorCode: 0,
      activeProducers: [
        { producerId: 5, producerEpoch: 0, lastSequence: 4, currentTxnStartOffset: -1 },
        { producerId: 7, producerEpoch: 4, lastSequence: 0, coordinatorEpoch: -1 },
      ],
    });
    expect(first!.activeProducers[0]!.lastTimestamp).toBeGreaterThanOrEqual(before);
    expect(second).toMatchObject({ partitionIndex: 1, errorCode: 0, activeProducers: [] });
  } finally {
    await broker.partitions.stop();
    await broker.store.close();
    await engine.close();
  }
});

test('unknown topics and partitions get their code', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t');
  const { topics } = await broker.call('DescribeProducers', 0, {
    topics: [
      { name: 't', partitionIndexes: [1] },
      { name: 'none', partitionIndexes: [0] },
    ],
  });
  expect(topics.map(({ partitions }) => partitions[0]!.errorCode)).toEqual([3, 3]);
});

test('a hundred thousand producers are described in slices', async () => {
  const meter = new TurnMeter();
  onTestFinished(() => meter.stop());
  const broker = await memoryBroker({ meter });
  await broker.createTopic('t');
  broker.engine.log('t').producersKnown = Array.from({ length: 100_000 }, (_, producerId) => ({
    producerId,
    epoch: 0,
    lastSequence: 0,
    lastAppendMs: 1,
  }));
  const { topics } = await broker.call('DescribeProducers', 0, {
    topics: [{ name: 't', partitionIndexes: [0] }],
  });
  expect(topics[0]!.partitions[0]!.activeProducers).toHaveLength(100_000);
  expect(meter.most.elements).toBeLessThanOrEqual(2000);
});

import { expect, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { batchOf, memoryBroker, produceOf } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

const COUNT = 200;
const FIRST = SERVER_LIMITS.produceFirstBatchElements;

test('the first batches of two hundred logs, whose files they make, are appended in slices', async () => {
  const meter = new TurnMeter();
  const broker = await memoryBroker({ meter });
  await broker.createTopic('t', COUNT);
  const produce = async (): Promise<number> => {
    const before = meter.total.elements;
    meter.most.elements = 0;
    const partitions = Array.from({ length: COUNT }, (_, index) => ({
      index,
      records: batchOf(['a'], Date.now()),
    }));
    const answer = await broker.call('Produce', 7, {
      acks: 1,
      timeoutMs: 1000,
      topics: [{ name: 't', partitions }],
    });
    expect(answer.topics[0]!.partitions.every(({ errorCode }) => errorCode === 0)).toBe(true);
    return meter.total.elements - before;
  };
  expect(await produce()).toBeGreaterThanOrEqual(COUNT * FIRST);
  expect(meter.most.elements).toBeLessThanOrEqual(LIMITS.turnElementsMax + FIRST);
  // There are files now.
  expect(await produce()).toBeLessThan(COUNT * FIRST);
  meter.stop();
});

test('what is produced behind such a request on a connection comes behind it', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('t', COUNT);
  const partitions = Array.from({ length: COUNT }, (_, at) => ({
    index: COUNT - 1 - at,
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

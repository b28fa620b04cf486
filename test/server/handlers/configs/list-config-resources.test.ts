import { expect, onTestFinished, test } from 'vitest';
import { ErrorCode } from '../../../../server/protocol/error-codes.js';
import { memoryBroker } from '../../../support/memory-broker.js';
import { TurnMeter } from '../../../support/turn-meter.js';

test('topics and brokers are what has settings: all of them, or the types asked for', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('a');
  await broker.createTopic('b');
  const list = async (resourceTypes: number[]) =>
    (await broker.call('ListConfigResources', 1, { resourceTypes })).configResources;
  const topics = ['a', 'b'].map((resourceName) => ({ resourceName, resourceType: 2 }));
  const brokers = [{ resourceName: '1', resourceType: 4 }];
  expect(await list([])).toEqual([...topics, ...brokers]);
  expect(await list([2, 2])).toEqual(topics);
  expect(await list([4])).toEqual(brokers);
  expect(await list([8, 16, 32])).toEqual([]);
});

test('version 0 asks for client metrics, of which there are none', async () => {
  const broker = await memoryBroker();
  await broker.createTopic('a');
  expect(await broker.call('ListConfigResources', 0, {})).toMatchObject({
    errorCode: 0,
    configResources: [],
  });
});

test('a type that does not exist is UNSUPPORTED_VERSION', async () => {
  const broker = await memoryBroker();
  for (const type of [0, 1, 3, 99, -1]) {
    const answer = await broker.call('ListConfigResources', 1, { resourceTypes: [2, type] });
    expect(answer).toMatchObject({ errorCode: ErrorCode.UNSUPPORTED_VERSION, configResources: [] });
  }
});

test('topics are listed in slices', async () => {
  const meter = new TurnMeter();
  onTestFinished(() => meter.stop());
  const broker = await memoryBroker({ meter });
  for (let at = 0; at < 20; at++) await broker.createTopic(`t${at}`);
  await broker.call('ListConfigResources', 1, { resourceTypes: [2] });
  expect(meter.total.elements).toBeGreaterThanOrEqual(20);
});

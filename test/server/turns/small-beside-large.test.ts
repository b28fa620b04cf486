import { expect, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { memoryBroker } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

const TOPICS = 1_500;
const LARGE = 300;

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Turns of the event loop until `done` has resolved. */
async function turnsUntil(done: Promise<unknown>): Promise<number> {
  let isDone = false;
  void done.then(() => (isDone = true));
  let turns = 0;
  for (; !isDone; turns++) await nextTurn();
  return turns;
}

test('a small request waits for few turns beside 300 that ask for all topics', async () => {
  const meter = new TurnMeter();
  const broker = await memoryBroker({ meter });
  const names = Array.from({ length: TOPICS }, (_, at) => `t${at}`);
  await broker.call('CreateTopics', 7, {
    topics: names.map((name) => ({
      name,
      numPartitions: 1,
      replicationFactor: -1,
      assignments: [],
      configs: [],
    })),
  });
  meter.most.elements = 0;
  const large = Array.from({ length: LARGE }, () => broker.call('Metadata', 12, { topics: null }));
  // At first no request has done more than another; then the large ones are known.
  const beside = broker.call('Metadata', 12, { topics: [{ name: 't7' }] });
  expect(await turnsUntil(beside)).toBeLessThanOrEqual(LARGE / 10);
  for (let each = 0; each < 400; each++) await nextTurn();
  const small = broker.call('Metadata', 12, { topics: [{ name: 't7' }, { name: 't8' }] });
  expect(await turnsUntil(small)).toBeLessThanOrEqual(2);
  const medium = names.slice(0, 60).map((name) => ({ name }));
  const longer = broker.call('Metadata', 12, { topics: medium });
  expect(await turnsUntil(longer)).toBeLessThanOrEqual(6);
  for (const answer of await Promise.all(large)) expect(answer.topics).toHaveLength(TOPICS);
  meter.stop();
  // One element more for each that begins in a turn whose allowance is used up.
  const most = LIMITS.turnElementsMax * (1 + LIMITS.turnShortShareMax);
  expect(meter.most.elements).toBeLessThanOrEqual(most + LARGE + 1);
}, 60_000);

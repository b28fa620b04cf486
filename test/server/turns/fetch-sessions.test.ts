import { expect, onTestFinished, test } from 'vitest';
import { LIMITS } from '../../../engine/limits.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { fetchOf, type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';
import { TurnMeter } from '../../support/turn-meter.js';

const COUNT = 10_000;
const ALL = Array.from({ length: COUNT }, (_, partition) => ({ partition }));
const VERSION = 12;

/** A broker with one topic of many partitions, whose turns are counted. */
async function metered() {
  const meter = new TurnMeter();
  onTestFinished(() => meter.stop());
  let handled = 0;
  const broker = await memoryBroker({ meter, hooks: [{ before: () => void handled++ }] });
  await broker.createTopic('t', COUNT);
  /** Resolves when a request that was sent before is decoded and under way. */
  const underWay = async (): Promise<void> => {
    for (const before = handled; handled === before; ) await turns(1);
    await turns(2);
  };
  return { broker, meter, underWay };
}

async function open(broker: MemoryBroker): Promise<number> {
  const full = fetchOf({ name: 't' }, ALL, { sessionEpoch: 0 });
  return (await broker.call('Fetch', VERSION, full)).sessionId;
}

test('a session of ten thousand partitions is opened, gone on with and emptied in slices', async () => {
  const { broker, meter } = await metered();
  /** Elements that one step looks at, and that no turn looks at too many. */
  const counted = async <T>(step: () => Promise<T>): Promise<[T, number]> => {
    const before = meter.total.elements;
    meter.most.elements = 0;
    const result = await step();
    const most = LIMITS.turnElementsMax + SERVER_LIMITS.fetchPartitionsAtOnceMax + 1;
    expect(meter.most.elements).toBeLessThanOrEqual(most);
    return [result, meter.total.elements - before];
  };

  // Gathered, read, added, told, encoded.
  const [sessionId, opened] = await counted(() => open(broker));
  expect(opened).toBeGreaterThanOrEqual(5 * COUNT);
  expect(broker.fetchSessions.counters).toMatchObject({ sessions: 1, partitions: COUNT });

  // Added, read, compared with what was told.
  const again = fetchOf({ name: 't' }, ALL, { sessionId, sessionEpoch: 1 });
  const [news, added] = await counted(() => broker.call('Fetch', VERSION, again));
  expect(news).toMatchObject({ errorCode: ErrorCode.NONE, topics: [] });
  expect(added).toBeGreaterThanOrEqual(3 * COUNT - SERVER_LIMITS.fetchPartitionsAtOnceMax);

  const [, forgotten] = await counted(() =>
    broker.call('Fetch', VERSION, {
      ...fetchOf({ name: 't' }, [], { sessionId, sessionEpoch: 2 }),
      topics: [],
      forgottenTopicsData: [{ topic: 't', partitions: ALL.map(({ partition }) => partition) }],
    }),
  );
  expect(forgotten).toBeGreaterThanOrEqual(COUNT);
  expect(broker.fetchSessions.counters).toMatchObject({ sessions: 0, partitions: 0 });
});

test('a session that goes on or ends while it takes over what is named answers the later fetch only', async () => {
  const { broker, underWay } = await metered();
  const sessionId = await open(broker);
  const fetch = (sessionEpoch: number, wishes: typeof ALL) =>
    broker.call('Fetch', VERSION, {
      ...fetchOf({ name: 't' }, wishes, { sessionId, sessionEpoch }),
      ...(wishes.length === 0 && { topics: [] }),
    });
  const first = fetch(1, ALL);
  await underWay();
  const second = fetch(2, []);
  expect((await first).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  expect((await second).errorCode).toBe(ErrorCode.NONE);

  const third = fetch(3, ALL);
  await underWay();
  await fetch(-1, []);
  expect((await third).errorCode).toBe(ErrorCode.INVALID_FETCH_SESSION_EPOCH);
  expect(broker.fetchSessions.counters).toMatchObject({ sessions: 0, partitions: 0 });
});

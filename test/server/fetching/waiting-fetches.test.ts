import { expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { fetchOf, memoryBroker } from '../../support/memory-broker.js';

const NAMED = 90_000;

const NAMES: Record<string, (maxWaitMs: number) => ReturnType<typeof fetchOf>> = {
  'one name again and again': (maxWaitMs) =>
    fetchOf(
      { name: 't' },
      Array.from({ length: NAMED }, () => ({})),
      { maxWaitMs },
    ),
  'forgotten names': (maxWaitMs) => ({
    ...fetchOf({ name: 't' }, [{}], { maxWaitMs }),
    forgottenTopicsData: [{ topic: 't', partitions: Array.from({ length: NAMED }, (_, at) => at) }],
  }),
};

test.each(Object.keys(NAMES))(
  'fetches that wait hold a bounded count of names, and those beyond are answered at once: %s',
  async (kind) => {
    const broker = await memoryBroker();
    await broker.createTopic('t');
    const repeated = NAMES[kind]!(500);
    let answered = 0;
    const ask = () => broker.call('Fetch', 12, repeated).then(() => void answered++);
    const all: Promise<void>[] = [];
    const mayWait = Math.floor(SERVER_LIMITS.fetchWaitingNamedMax / NAMED);
    for (let each = 0; each < mayWait; each++) all.push(ask());
    await expect.poll(() => broker.delayed.keyCount).toBe(2 * mayWait);
    await ask();
    expect(answered).toBe(1);
    broker.clock.advance(500);
    await Promise.all(all);
    const again = ask();
    await expect.poll(() => broker.delayed.keyCount).toBe(2);
    broker.clock.advance(500);
    await again;
  },
);

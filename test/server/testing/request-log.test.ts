import { expect, test } from 'vitest';
import { ManualClock } from '../../../engine/manual-clock.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { RequestContext } from '../../../server/request/context.js';
import type { OpenHandler } from '../../../server/request/open-handler.js';
import { Changes } from '../../../server/testing/changes.js';
import { RequestLog } from '../../../server/testing/request-log.js';

/** A log in front of one handler, and a function that sends it a request. */
function testLog(handle: (request: object) => object | null = () => ({})) {
  const clock = new ManualClock();
  const log = new RequestLog(clock, new Changes(clock));
  const [served] = log.around([{ handle: (_, request) => handle(request) } as OpenHandler], (id) =>
    id === 'id' ? 'by-id' : undefined,
  );
  const context = { apiName: 'Fetch', apiVersion: 4, clientId: 'c'.repeat(1000) };
  return {
    log,
    send: (request: object) => served!.handle(context as RequestContext, request as never),
  };
}

test('the oldest requests are forgotten, and what is kept stays bounded', () => {
  const { log, send } = testLog();
  const { trackedRequestsMax } = SERVER_LIMITS;
  for (let sent = 0; sent < 3 * trackedRequestsMax; sent++) send({ topics: [`t${sent}`] });
  const kept = log.find();
  expect(kept.length).toBeLessThan(2 * trackedRequestsMax);
  expect(kept.length + log.forgotten).toBe(3 * trackedRequestsMax);
  expect(kept.at(-1)?.topics).toEqual([`t${3 * trackedRequestsMax - 1}`]);
  log.clear();
  expect(log.find()).toEqual([]);
});

test('names of topics are found wherever requests have them; their number and length is bounded', () => {
  const { log, send } = testLog();
  send({ topics: [{ name: 'a' }, { topic: 'b' }, { topicId: 'id' }, { topicId: 'other' }, 'c'] });
  send({ topics: null });
  send({ topics: Array.from({ length: 5000 }, (_, n) => ({ name: `${n}`.repeat(300) })) });
  const [named, none, many] = log.find();
  expect(named?.topics).toEqual(['a', 'b', 'by-id', 'c']);
  expect(none?.topics).toEqual([]);
  expect(many?.topics.length).toBeLessThanOrEqual(SERVER_LIMITS.trackedNamesMax);
  expect(Math.max(...many!.topics.map(({ length }) => length))).toBeLessThanOrEqual(
    SERVER_LIMITS.trackedNameLengthMax,
  );
  expect(named?.clientId?.length).toBe(SERVER_LIMITS.trackedNameLengthMax);
});

test('what is given out does not change what is kept', () => {
  const { log, send } = testLog(() => null);
  send({ groupId: 'g' });
  const [first] = log.find({ group: 'g' });
  (first as { outcome: string }).outcome = 'changed';
  expect(log.find({ group: 'g' })).toMatchObject([{ outcome: 'silent' }]);
});

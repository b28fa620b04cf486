import { expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/manual-clock.js';
import { seededRandom } from '../../../../engine/random.js';
import { SERVER_LIMITS } from '../../../../server/limits.js';
import type { Dispatcher } from '../../../../server/net/dispatcher.js';
import { openListener, shareResources } from '../../../../server/net/listener.js';
import { ByteBudget } from '../../../../server/net/receiving/byte-budget.js';
import {
  type InProgress,
  RequestsInProgress,
} from '../../../../server/net/receiving/requests-in-progress.js';
import { Turn } from '../../../../server/net/turn.js';
import { FrameClient, runUntil, taggedFrame, tagOf } from '../../../support/net-fixtures.js';
import { SimNetwork } from '../../../support/sim-network.js';
import { TurnClock } from '../../../support/turn-clock.js';

const { elementsInProgressMax, largeRequestElementsMin, bytesInFlightMax } = SERVER_LIMITS;

function open() {
  const clock = new TurnClock();
  const budget = new ByteBudget(bytesInFlightMax);
  return {
    clock,
    budget,
    inProgress: new RequestsInProgress(new Turn(clock), budget, SERVER_LIMITS),
  };
}

test('small requests are not counted, and large ones until their end', () => {
  const { inProgress } = open();
  expect(inProgress.began(largeRequestElementsMin - 1)).toBeNull();
  const one = inProgress.began(largeRequestElementsMin)!;
  expect(inProgress.elements).toBe(largeRequestElementsMin);
  one.end();
  one.end();
  expect(inProgress.elements).toBe(0);
});

test('those that wait begin one each, in turn, while there is room', () => {
  const { clock, inProgress } = open();
  const begun: InProgress[] = [];
  const order: string[] = [];
  const beginner = (name: string) => ({
    start(): void {
      if (inProgress.isFull) {
        inProgress.wait(this, 1);
        return;
      }
      order.push(name);
      begun.push(inProgress.began(elementsInProgressMax)!);
      inProgress.wait(this, 1);
    },
  });
  begun.push(inProgress.began(elementsInProgressMax)!);
  expect(inProgress.isFull).toBe(true);
  for (const name of ['a', 'b', 'c']) beginner(name).start();
  for (let round = 0; round < 5; round++) {
    begun.at(-1)!.end();
    clock.endTurn();
  }
  expect(order).toEqual(['a', 'b', 'c', 'a', 'b']);
});

test('with the byte budget spent large requests begin one after another, so that those who spent it end', () => {
  const { clock, budget, inProgress } = open();
  budget.add(bytesInFlightMax);
  const one = inProgress.began(largeRequestElementsMin)!;
  expect(inProgress.isFull).toBe(true);
  let starts = 0;
  inProgress.wait({ start: () => void starts++ }, 1);
  clock.endTurn();
  expect(starts).toBe(0);
  one.end();
  clock.endTurn();
  expect(starts).toBe(1);
});

test('room in the byte budget lets them begin, too', () => {
  const { clock, budget, inProgress } = open();
  budget.add(bytesInFlightMax);
  inProgress.began(largeRequestElementsMin);
  let starts = 0;
  inProgress.wait({ start: () => void starts++ }, 1);
  budget.add(-1);
  clock.endTurn();
  expect(starts).toBe(1);
});

test('of those that wait the smallest and the oldest begin in turn', () => {
  const { clock, inProgress } = open();
  const all = inProgress.began(elementsInProgressMax)!;
  const order: number[] = [];
  const bytes = [900_000, 800_000, 700_000, 10, 20, 30];
  for (const each of bytes) inProgress.wait({ start: () => void order.push(each) }, each);
  all.end();
  clock.endTurn();
  expect(order).toEqual([900_000, 10, 800_000, 20, 700_000, 30]);
});

test('one that turns out to be large waits, counted when it may go on, and for what it grows to', async () => {
  const { clock, inProgress } = open();
  expect(inProgress.enter(SERVER_LIMITS.largeAnswerElementsMin - 1)).toBeNull();
  const first = inProgress.enter(elementsInProgressMax) as InProgress;
  const second = inProgress.enter(largeRequestElementsMin);
  expect(second).toBeInstanceOf(Promise);
  first.add(-1);
  clock.endTurn();
  const entered = (await second)!;
  expect(inProgress.elements).toBe(elementsInProgressMax - 1 + largeRequestElementsMin);
  entered.add(5);
  first.end();
  first.add(7);
  expect(inProgress.elements).toBe(largeRequestElementsMin + 5);
  entered.end();
  expect(inProgress.elements).toBe(0);
});

test('few of those that turn out to be large go on at a time, first come first', async () => {
  const { clock, inProgress } = open();
  const size = SERVER_LIMITS.largeAnswerElementsMin;
  const some = Array.from({ length: SERVER_LIMITS.largeAnswersAtOnceMax }, () => {
    return inProgress.enter(size) as InProgress;
  });
  const order: number[] = [];
  const waiting = [0, 1, 2].map((each) =>
    (inProgress.enter(size) as Promise<InProgress>).then((entered) => {
      order.push(each);
      return entered;
    }),
  );
  some[0]!.end();
  some[0]!.end();
  clock.endTurn();
  await waiting[0];
  expect(order).toEqual([0]);
  some[1]!.end();
  some[2]!.end();
  clock.endTurn();
  for (const each of await Promise.all(waiting)) each.end();
  for (const each of some) each.end();
  expect([order, inProgress.elements]).toEqual([[0, 1, 2], 0]);
});

test('large requests of clients that leave hold back large ones only, until they end', async () => {
  const clock = new ManualClock();
  const sim = new SimNetwork({ clock, random: seededRandom(3), delayMsMax: 0 });
  const ends: (() => void)[] = [];
  let largeBegun = 0;
  const dispatcher: Dispatcher = {
    mode: (frame) => (tagOf(frame) === 0 ? 'alone' : 'pipelined'),
    isDoneWithFrame: () => false,
    hasElements: (frame, min) => frame.length >= min,
    dispatch: (frame, connection) => {
      const inProgress = connection.didBegin(frame.length);
      if (inProgress === null) return Promise.resolve([taggedFrame(tagOf(frame), 8)]);
      largeBegun += 1;
      return new Promise((resolve) => {
        ends.push(() => {
          inProgress.end();
          resolve([taggedFrame(tagOf(frame), 8)]);
        });
      });
    },
  };
  const shared = shareResources(sim, clock, { ...SERVER_LIMITS, elementsInProgressMax: 100_000 });
  const { addresses } = await openListener({
    name: 'PLAINTEXT',
    bind: [{ host: 'broker', port: 0 }],
    dispatcher,
    shared,
  });
  const address = { host: 'broker', port: addresses[0]!.port };
  const staying: FrameClient[] = [];
  for (let each = 0; each < 50; each++) {
    const client = new FrameClient(await sim.connect(address));
    client.send(taggedFrame(each % 2, 10_000));
    if (each % 3 > 0) staying.push(client);
    else await runUntil(clock, () => client.socket.sentBytes > 10_000);
    if (each % 3 === 0) client.socket.destroy();
  }
  await runUntil(clock, () => largeBegun === 10);
  const small = new FrameClient(await sim.connect(address));
  small.send(taggedFrame(7, 8));
  await runUntil(clock, () => small.frames.length === 1);
  expect(largeBegun).toBe(10);
  await runUntil(clock, () => {
    ends.shift()?.();
    expect(shared.requestTurns.inProgress.elements).toBeLessThanOrEqual(110_000);
    return staying.every(({ frames }) => frames.length === 1);
  });
  expect(shared.requestTurns.inProgress.elements).toBe(0);
});

import { expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/manual-clock.js';
import { seededRandom } from '../../../../engine/random.js';
import { SERVER_LIMITS } from '../../../../server/limits.js';
import type { Dispatcher } from '../../../../server/net/dispatcher.js';
import { openListener, shareResources } from '../../../../server/net/listener.js';
import { ByteBudget } from '../../../../server/net/receiving/byte-budget.js';
import { RequestTurns } from '../../../../server/net/receiving/request-turns.js';
import { Turn } from '../../../../server/net/turn.js';
import { echo, FrameClient, runUntil, taggedFrame, tagOf } from '../../../support/net-fixtures.js';
import { SimNetwork } from '../../../support/sim-network.js';
import { TurnClock } from '../../../support/turn-clock.js';

const { turnBegunElementsMax, requestBeginElements } = SERVER_LIMITS;
/** Half of the allowance may be spent before anybody asks which turn it is. */
const REQUESTS_MAX = (1.5 * turnBegunElementsMax) / requestBeginElements;

/** A connection that has requests to begin. */
class Waiting {
  begun = 0;
  readonly nextBytes: number;
  readonly #turns: RequestTurns;
  readonly #elements: number;
  left: number;

  constructor(turns: RequestTurns, count: number, elements = 0, bytes = 100) {
    this.nextBytes = bytes;
    this.#turns = turns;
    this.left = count;
    this.#elements = elements;
  }

  start(): void {
    while (this.left > 0 && this.#turns.mayBegin(this)) {
      this.left -= 1;
      this.begun += 1;
      this.#turns.did(this.#elements);
    }
  }
}

function turns() {
  const clock = new TurnClock();
  return {
    clock,
    requestTurns: new RequestTurns(new Turn(clock), new ByteBudget(1), SERVER_LIMITS),
  };
}

const begunBy = (all: readonly Waiting[]): number => all.reduce((sum, { begun }) => sum + begun, 0);

test('a turn begins a bounded count of requests, and those who wait begin one each, in turn', () => {
  const { clock, requestTurns } = turns();
  const many = Array.from({ length: 20 }, () => new Waiting(requestTurns, 500));
  for (const each of many) each.start();
  expect(begunBy(many)).toBeLessThanOrEqual(REQUESTS_MAX);
  const small = new Waiting(requestTurns, 1);
  small.start();
  expect(small.begun).toBe(0);
  clock.endTurn();
  expect(small.begun).toBe(1);
  let ended = 1;
  for (let before = begunBy(many); before < 10_000; before = begunBy(many), ended++) {
    const was = many.map(({ begun }) => begun);
    clock.endTurn();
    expect(begunBy(many) - before).toBeLessThanOrEqual(REQUESTS_MAX);
    const shares = many.filter(({ left }) => left > 0).map((each) => each.begun);
    if (shares.length === 20) {
      const grown = many.map(({ begun }, at) => begun - was[at]!);
      expect(Math.max(...grown) - Math.min(...grown)).toBeLessThanOrEqual(1);
    }
  }
  expect(ended).toBeGreaterThan(10_000 / REQUESTS_MAX);
});

test('requests of many elements count for them', () => {
  const { clock, requestTurns } = turns();
  const heavy = new Waiting(requestTurns, 100, 250);
  heavy.start();
  expect(heavy.begun).toBeLessThanOrEqual((1.5 * turnBegunElementsMax) / 250);
  clock.endTurn();
  expect(heavy.left).toBeGreaterThan(0);
});

test('a small request waits for one large one, not for all, and large ones are not held up for good', () => {
  const { clock, requestTurns } = turns();
  const large = Array.from({ length: 50 }, () => new Waiting(requestTurns, 1, 99_000, 400_000));
  for (const each of large) each.start();
  expect(begunBy(large)).toBeLessThanOrEqual(2);
  for (let turn = 0; turn < 200; turn++) {
    const small = new Waiting(requestTurns, 1);
    const batch = new Waiting(requestTurns, 1, 4, 20_000);
    small.start();
    batch.start();
    clock.endTurn();
    expect(small.begun).toBe(1);
    if (batch.begun === 0) clock.endTurn();
    expect(batch.begun).toBe(1);
  }
  expect(begunBy(large)).toBe(50);
});

test('one request a turn costs a callback at the end of one turn in a hundred', () => {
  const { clock, requestTurns } = turns();
  for (let turn = 0; turn < 10_000; turn++) {
    expect(requestTurns.mayBegin(new Waiting(requestTurns, 1))).toBe(true);
    clock.endTurn();
  }
  expect(clock.asked).toBeLessThanOrEqual(100);
});

test('of 20 connections with 500 requests each no turn begins more than it may, and a client with one is served', async () => {
  const clock = new ManualClock();
  const sim = new SimNetwork({ clock, random: seededRandom(3), delayMsMax: 0 });
  let inTurn = 0;
  let most = 0;
  const dispatcher: Dispatcher = {
    ...echo,
    dispatch: (frame, connection) => {
      inTurn += 1;
      most = Math.max(most, inTurn);
      return echo.dispatch(frame, connection);
    },
  };
  const shared = shareResources(sim, clock, SERVER_LIMITS);
  const listener = await openListener({
    name: 'PLAINTEXT',
    bind: [{ host: 'broker', port: 0 }],
    dispatcher,
    shared,
  });
  const address = { host: 'broker', port: listener.addresses[0]!.port };
  const clients: FrameClient[] = [];
  for (let each = 0; each < 20; each++) clients.push(new FrameClient(await sim.connect(address)));
  const small = new FrameClient(await sim.connect(address));
  for (const client of clients) {
    client.send(Buffer.concat(Array.from({ length: 500 }, (_, tag) => taggedFrame(tag, 8))));
  }
  small.send(taggedFrame(7, 8));
  let behindSmall = 0;
  await runUntil(clock, () => {
    inTurn = 0;
    if (small.frames.length === 0) behindSmall = Math.max(...clients.map((c) => c.frames.length));
    return clients.every(({ frames }) => frames.length === 500);
  });
  expect(most).toBeLessThanOrEqual(REQUESTS_MAX);
  expect(behindSmall).toBeLessThan(500);
  for (const { frames } of clients) {
    expect(frames.map(tagOf)).toEqual(Array.from({ length: 500 }, (_, tag) => tag));
  }
});

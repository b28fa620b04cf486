import { afterAll, describe, expect, test, vi } from 'vitest';

import { ManualClock } from '../../../engine/manual-clock.js';
import { seededRandom } from '../../../engine/random.js';
import { SERVER_LIMITS, type ServerLimits } from '../../../server/limits.js';
import { Connection } from '../../../server/net/connection.js';
import {
  CloseConnection,
  type CloseReason,
  type Dispatcher,
  type DispatchMode,
} from '../../../server/net/dispatcher.js';
import { shareResources } from '../../../server/net/listener.js';
import type { ResponsePart } from '../../../server/net/sending/response-writer.js';
import {
  FrameClient,
  runUntil,
  SliceFile,
  taggedFrame,
  tagOf,
} from '../../support/net-fixtures.js';
import { SimNetwork, type SimNetworkOptions, type SimSocket } from '../../support/sim-network.js';

const file = new SliceFile(300_000);
afterAll(() => file.close());

/** A dispatcher that the test answers by hand. */
class HandDispatcher implements Dispatcher {
  readonly started: number[] = [];
  readonly frames: Buffer[] = [];
  modeOf: (tag: number) => DispatchMode = () => 'pipelined';
  readonly #open = new Map<
    number,
    { answer: (parts: readonly ResponsePart[] | null) => void; refuse: (error: Error) => void }
  >();

  mode(frame: Buffer): DispatchMode {
    return this.modeOf(tagOf(frame));
  }

  isDoneWithFrame(): boolean {
    return false;
  }

  hasElements(): boolean {
    return false;
  }

  dispatch(frame: Buffer): Promise<readonly ResponsePart[] | null> {
    this.started.push(tagOf(frame));
    this.frames.push(frame);
    return new Promise((answer, refuse) => this.#open.set(tagOf(frame), { answer, refuse }));
  }

  answer(tag: number, parts: readonly ResponsePart[] | null = [taggedFrame(tag, 8)]): void {
    this.#open.get(tag)!.answer(parts);
  }

  refuse(tag: number, error: Error): void {
    this.#open.get(tag)!.refuse(error);
  }
}

interface Bed {
  clock: ManualClock;
  client: FrameClient;
  connection: Connection;
  serverSocket: SimSocket;
  budget: { readonly usedBytes: number };
  closed: CloseReason[];
  /** Goes on until everything that was sent has arrived and been acted upon. */
  settle(): Promise<void>;
}

async function openBed(
  dispatcher: Dispatcher,
  limits: Partial<ServerLimits> = {},
  network: Partial<SimNetworkOptions> = {},
): Promise<Bed> {
  const clock = new ManualClock();
  const sim = new SimNetwork({ clock, random: seededRandom(7), delayMsMax: 1, ...network });
  const shared = shareResources(sim, clock, { ...SERVER_LIMITS, ...limits });
  const closed: CloseReason[] = [];
  let connection: Connection | undefined;
  let serverSocket: SimSocket | undefined;
  const { host, port } = await sim.listen({
    host: 'broker',
    port: 0,
    onSocket: (socket) => {
      serverSocket = socket as SimSocket;
      connection = new Connection(socket, {
        ...shared,
        id: 1,
        listener: 'PLAINTEXT',
        dispatcher,
        onClosed: (_, reason) => closed.push(reason),
      });
    },
  });
  const client = new FrameClient(await sim.connect({ host, port }));
  const settle = async (): Promise<void> => {
    let steps = 0;
    await runUntil(clock, () => ++steps > 200);
  };
  return {
    clock,
    client,
    connection: connection!,
    serverSocket: serverSocket!,
    budget: shared.budget,
    closed,
    settle,
  };
}

const tags = (frames: readonly Buffer[]): number[] => frames.map(tagOf);

describe('order', () => {
  test('pipelined requests start at once and are answered in the order in which they came', async () => {
    const dispatcher = new HandDispatcher();
    const { client, settle } = await openBed(dispatcher);
    client.send(taggedFrame(1, 8), taggedFrame(2, 8), taggedFrame(3, 8));
    await settle();
    expect(dispatcher.started).toEqual([1, 2, 3]);
    dispatcher.answer(3);
    dispatcher.answer(2);
    await settle();
    expect(client.frames).toEqual([]);
    dispatcher.answer(1);
    await settle();
    expect(tags(client.frames)).toEqual([1, 2, 3]);
  });

  test('a request that runs alone waits for those before it and holds back those after it', async () => {
    const dispatcher = new HandDispatcher();
    dispatcher.modeOf = (tag) => (tag === 2 || tag === 3 ? 'alone' : 'pipelined');
    const { client, settle } = await openBed(dispatcher);
    client.send(...[1, 2, 3, 4, 5].map((tag) => taggedFrame(tag, 8)));
    await settle();
    expect(dispatcher.started).toEqual([1]);
    dispatcher.answer(1);
    await settle();
    expect(dispatcher.started).toEqual([1, 2]);
    dispatcher.answer(2);
    await settle();
    expect(dispatcher.started).toEqual([1, 2, 3]);
    dispatcher.answer(3);
    await settle();
    expect(dispatcher.started).toEqual([1, 2, 3, 4, 5]);
  });

  test('a request without a response leaves no gap', async () => {
    const dispatcher = new HandDispatcher();
    const { client, settle } = await openBed(dispatcher);
    client.send(taggedFrame(1, 8), taggedFrame(2, 8));
    await settle();
    dispatcher.answer(1, null);
    dispatcher.answer(2);
    await settle();
    expect(tags(client.frames)).toEqual([2]);
  });

  test('answers that become ready together leave in one write', async () => {
    const dispatcher = new HandDispatcher();
    const { client, serverSocket, settle } = await openBed(dispatcher);
    const writes: number[] = [];
    const write = serverSocket.write.bind(serverSocket);
    serverSocket.write = (buffers) => {
      writes.push(buffers.length);
      return write(buffers);
    };
    client.send(...[1, 2, 3, 4].map((tag) => taggedFrame(tag, 8)));
    await settle();
    for (const tag of [4, 2, 1, 3]) dispatcher.answer(tag);
    await settle();
    expect(tags(client.frames)).toEqual([1, 2, 3, 4]);
    expect(writes).toEqual([4]);
  });

  test('a small request costs no callback at the end of its turn', async () => {
    const dispatcher = new HandDispatcher();
    const { client, clock, settle } = await openBed(dispatcher);
    const afterTurn = vi.spyOn(clock, 'afterTurn');
    for (let tag = 1; tag <= 100; tag++) {
      client.send(taggedFrame(tag, 80));
      await settle();
      dispatcher.answer(tag);
      await settle();
    }
    expect(client.frames).toHaveLength(100);
    expect(afterTurn).not.toHaveBeenCalled();
  });

  test('what was received before the client hung up is still handled and answered', async () => {
    const dispatcher = new HandDispatcher();
    dispatcher.modeOf = () => 'alone';
    const { client, closed, settle } = await openBed(dispatcher);
    client.send(taggedFrame(1, 8), taggedFrame(2, 8), Buffer.from([0, 0]));
    client.socket.end();
    await settle();
    dispatcher.answer(1);
    await settle();
    dispatcher.answer(2);
    await settle();
    expect(tags(client.frames)).toEqual([1, 2]);
    expect([client.closed, client.error, closed.map(({ code }) => code)]).toEqual([
      true,
      null,
      ['client'],
    ]);
  });
});

describe('ends', () => {
  test('a refused request ends the connection after the answers before it', async () => {
    const dispatcher = new HandDispatcher();
    const { client, closed, budget, settle } = await openBed(dispatcher);
    client.send(...[1, 2, 3].map((tag) => taggedFrame(tag, 8)));
    await settle();
    const late = file.slice(0, 50_000);
    dispatcher.answer(3, [taggedFrame(3, 8), late]);
    dispatcher.refuse(2, new CloseConnection('no such version'));
    await settle();
    expect(client.closed).toBe(false);
    client.send(taggedFrame(4, 8));
    await settle();
    dispatcher.answer(1);
    await settle();
    expect(tags(client.frames)).toEqual([1]);
    expect(dispatcher.started).toEqual([1, 2, 3]);
    expect(closed).toEqual([{ code: 'refused', message: 'no such version' }]);
    expect([file.open, budget.usedBytes]).toEqual([0, 0]);
  });

  test('a handler that fails ends the connection and is reported', async () => {
    const dispatcher = new HandDispatcher();
    const { client, closed, settle } = await openBed(dispatcher);
    client.send(taggedFrame(1, 8));
    await settle();
    const cause = new Error('a bug');
    dispatcher.refuse(1, cause);
    await settle();
    expect(client.closed).toBe(true);
    expect(closed[0]).toMatchObject({ code: 'failed', cause });
  });

  test('a bad frame size ends the connection after the answers before it', async () => {
    const dispatcher = new HandDispatcher();
    const { client, closed, settle } = await openBed(dispatcher);
    const bad = Buffer.alloc(4);
    bad.writeInt32BE(-1);
    client.send(taggedFrame(1, 8), bad);
    await settle();
    dispatcher.answer(1);
    await settle();
    expect(tags(client.frames)).toEqual([1]);
    expect(closed.map(({ code }) => code)).toEqual(['framing']);
  });

  test('a request that waits for the client is told when it hangs up, once, or at once if it already has', async () => {
    const dispatcher = new HandDispatcher();
    const { client, connection, settle } = await openBed(dispatcher);
    const told: string[] = [];
    connection.onClose(() => told.push('first'));
    const forget = connection.onClose(() => told.push('forgotten'));
    forget();
    client.send(taggedFrame(1, 8));
    client.socket.end();
    await settle();
    expect(told).toEqual(['first']);
    connection.onClose(() => told.push('late'));
    dispatcher.answer(1);
    await settle();
    expect(told).toEqual(['first', 'late']);
    expect(tags(client.frames)).toEqual([1]);
  });

  test('slices are released when the client vanishes, whether they were queued or answered late', async () => {
    const dispatcher = new HandDispatcher();
    const { client, budget, closed, settle } = await openBed(dispatcher, {}, { windowBytes: 1000 });
    client.socket.pause();
    client.send(taggedFrame(1, 8), taggedFrame(2, 8), taggedFrame(3, 8));
    await settle();
    dispatcher.answer(1, [taggedFrame(1, 8), file.slice(0, 100_000)]);
    dispatcher.answer(2, [taggedFrame(2, 8), file.slice(0, 100_000)]);
    await settle();
    (client.socket as SimSocket).destroy();
    await settle();
    dispatcher.answer(3, [taggedFrame(3, 8), file.slice(0, 100_000)]);
    await settle();
    expect([file.open, budget.usedBytes, closed.length]).toEqual([0, 0, 1]);
  });
});

describe('a muted connection', () => {
  test('goes on with what is under way, and begins what comes when the time is over', async () => {
    const dispatcher = new HandDispatcher();
    const { client, clock, connection, settle } = await openBed(dispatcher);
    client.send(taggedFrame(1, 8));
    await settle();
    connection.mute(60_000);
    client.send(taggedFrame(2, 8));
    dispatcher.answer(1);
    await settle();
    expect(tags(client.frames)).toEqual([1]);
    expect(dispatcher.started).toEqual([1]);
    clock.advance(60_000);
    await settle();
    expect(dispatcher.started).toEqual([1, 2]);
  });

  test('is muted for the longest of several times', async () => {
    const dispatcher = new HandDispatcher();
    const { client, clock, connection, settle } = await openBed(dispatcher);
    connection.mute(60_000);
    connection.mute(90_000);
    connection.mute(10_000);
    client.send(taggedFrame(1, 8));
    clock.advance(80_000);
    await settle();
    expect(dispatcher.started).toEqual([]);
    clock.advance(10_000);
    await settle();
    expect(dispatcher.started).toEqual([1]);
  });

  test.each<[string, (bed: Bed) => void]>([
    ['the client hangs up', ({ client }) => client.socket.end()],
    ['the broker stops', ({ connection }) => connection.end({ code: 'shutdown', message: '' })],
  ])('answers what it has received as soon as %s', async (_, end) => {
    const dispatcher = new HandDispatcher();
    const bed = await openBed(dispatcher);
    bed.connection.mute(60_000);
    bed.client.send(taggedFrame(1, 8));
    await bed.settle();
    expect(dispatcher.started).toEqual([]);
    end(bed);
    await bed.settle();
    expect(dispatcher.started).toEqual([1]);
    dispatcher.answer(1);
    await bed.settle();
    expect(tags(bed.client.frames)).toEqual([1]);
  });
});

describe('limits', () => {
  test('reading stops while a connection holds too much, and goes on as answers leave', async () => {
    const dispatcher = new HandDispatcher();
    const { client, budget, settle } = await openBed(dispatcher, {
      bytesInFlightPerConnection: 4000,
      bytesInFlightFloor: 1000,
    });
    for (let tag = 1; tag <= 100; tag++) client.send(taggedFrame(tag, 500));
    await settle();
    expect(dispatcher.started.length).toBeLessThan(12);
    expect(budget.usedBytes).toBeLessThan(6000);
    for (let tag = 1; tag <= 100; tag++) {
      await settle();
      dispatcher.answer(tag);
    }
    await settle();
    expect(client.frames.length).toBe(100);
    expect(budget.usedBytes).toBe(0);
  });

  test('requests in flight are bounded', async () => {
    const dispatcher = new HandDispatcher();
    const { client, settle } = await openBed(dispatcher, { requestsInFlightPerConnection: 3 });
    for (let tag = 1; tag <= 10; tag++) client.send(taggedFrame(tag, 8));
    await settle();
    expect(dispatcher.started).toEqual([1, 2, 3]);
    dispatcher.answer(1);
    await settle();
    expect(dispatcher.started).toEqual([1, 2, 3, 4]);
  });

  test('a frame larger than what a connection may hold is let through alone', async () => {
    const dispatcher = new HandDispatcher();
    const { client, settle } = await openBed(dispatcher, {
      bytesInFlightPerConnection: 4000,
      bytesInFlightFloor: 1000,
      bytesInFlightMax: 5000,
    });
    client.send(taggedFrame(1, 20_000), taggedFrame(2, 8));
    await settle();
    dispatcher.answer(1);
    await settle();
    dispatcher.answer(2);
    await settle();
    expect(tags(client.frames)).toEqual([1, 2]);
  });

  test('each turn starts about as many bytes as one connection may have, and the rest follows', async () => {
    const dispatcher = new HandDispatcher();
    const startedPerTurn: number[] = [];
    const { client, clock } = await openBed(
      dispatcher,
      { turnBytesMax: 2000 },
      { pieceBytesMax: 1e6, windowBytes: 1e6 },
    );
    for (let tag = 1; tag <= 20; tag++) client.send(taggedFrame(tag, 500));
    await runUntil(clock, () => {
      startedPerTurn.push(dispatcher.started.length);
      return dispatcher.started.length === 20;
    });
    const steps = startedPerTurn.map((count, at) => count - (startedPerTurn[at - 1] ?? 0));
    expect(Math.max(...steps)).toBeLessThanOrEqual(8);
  });
});

describe('deadlines', () => {
  const seconds = async (bed: Bed, count: number, each?: () => void): Promise<void> => {
    for (let second = 0; second < count; second++) {
      await runUntil(bed.clock, onceAfter(3));
      bed.clock.advance(997);
      each?.();
      bed.connection.sweep(bed.clock.monotonicMs());
    }
  };
  const onceAfter = (steps: number): (() => boolean) => {
    let left = steps;
    return () => left-- === 0;
  };

  test('a client that sends a byte a second loses its connection', async () => {
    const slow = await openBed(new HandDispatcher());
    slow.client.send(taggedFrame(1, 1000).subarray(0, 4));
    await seconds(slow, 29, () => slow.client.send(Buffer.from([1])));
    expect(slow.closed).toEqual([]);
    await seconds(slow, 5, () => slow.client.send(Buffer.from([1])));
    expect(slow.closed.map(({ code }) => code)).toEqual(['frameDeadline']);
  });

  test('a slow link may take as long as it needs for a large frame', async () => {
    const dispatcher = new HandDispatcher();
    const bed = await openBed(dispatcher);
    const frame = taggedFrame(1, 100 * 20_000 - 4);
    let at = 0;
    await seconds(bed, 101, () => {
      bed.client.send(frame.subarray(at, at + 20_000));
      at += 20_000;
    });
    expect(dispatcher.started).toEqual([1]);
    expect(bed.closed).toEqual([]);
  });

  test('a client that never reads loses its connection, and what waited for it is released', async () => {
    const dispatcher = new HandDispatcher();
    const bed = await openBed(dispatcher, {}, { windowBytes: 1000 });
    bed.client.socket.pause();
    bed.client.send(taggedFrame(1, 8));
    await bed.settle();
    dispatcher.answer(1, [taggedFrame(1, 8), file.slice(0, 100_000)]);
    await seconds(bed, 58);
    expect(bed.closed).toEqual([]);
    await seconds(bed, 5);
    expect(bed.closed.map(({ code }) => code)).toEqual(['writeDeadline']);
    expect([file.open, bed.budget.usedBytes]).toEqual([0, 0]);
  });

  test('while all that may be held is held, a frame that does not come has less time', async () => {
    for (const [bytesInFlightMax, closedAfter] of [
      [1_000_000, 30],
      [500, 10],
    ] as const) {
      const bed = await openBed(new HandDispatcher(), { bytesInFlightMax });
      bed.client.send(taggedFrame(1, 10_000).subarray(0, 1_000));
      await seconds(bed, closedAfter - 2);
      expect(bed.closed).toEqual([]);
      await seconds(bed, 5);
      expect(bed.closed.map(({ code }) => code)).toEqual(['frameDeadline']);
    }
  });

  test('while all that answers may take is taken, who reads nothing, or too slowly, is closed sooner', async () => {
    for (const windowBytes of [20_000, 40_000]) {
      const dispatcher = new HandDispatcher();
      const bed = await openBed(dispatcher, { bytesInFlightMax: 50_000 }, { windowBytes });
      bed.client.socket.pause();
      bed.client.send(taggedFrame(1, 8));
      await bed.settle();
      dispatcher.answer(1, [taggedFrame(1, 8), Buffer.alloc(150_000)]);
      await seconds(bed, 8);
      expect(bed.closed).toEqual([]);
      await seconds(bed, 6);
      expect(bed.closed.map(({ code }) => code)).toEqual(['writeDeadline']);
      expect(bed.budget.usedBytes).toBe(0);
    }
  });

  test('a silent connection is closed after the idle time, not while a request is open', async () => {
    const dispatcher = new HandDispatcher();
    const bed = await openBed(dispatcher, {
      idleMs: 60_000,
      writeDeadlineMs: 60_000,
    });
    bed.client.send(taggedFrame(1, 8));
    await seconds(bed, 100);
    expect(bed.closed).toEqual([]);
    dispatcher.answer(1);
    await seconds(bed, 55);
    expect(bed.closed).toEqual([]);
    await seconds(bed, 10);
    expect(bed.closed.map(({ code }) => code)).toEqual(['idle']);
    expect(bed.client.error).toBeNull();
  });

  test('a client that asks for more than is taken at a time, and goes, is noticed after the idle time', async () => {
    const bed = await openBed(new HandDispatcher(), {
      idleMs: 60_000,
      writeDeadlineMs: 60_000,
      requestsInFlightPerConnection: 4,
    });
    for (let tag = 1; tag <= 10; tag++) bed.client.send(taggedFrame(tag, 8));
    await seconds(bed, 55);
    expect(bed.closed).toEqual([]);
    await seconds(bed, 15);
    expect(bed.closed.map(({ code }) => code)).toEqual(['idle']);
    expect(bed.budget.usedBytes).toBe(0);
  });
});

test('answers that wait for one before them are counted, and keep others from beginning', async () => {
  const dispatcher = new HandDispatcher();
  const bed = await openBed(dispatcher, { bytesInFlightPerConnection: 1_000_000 });
  for (let tag = 1; tag <= 30; tag++) bed.client.send(taggedFrame(tag, 8));
  await bed.settle();
  expect(dispatcher.started).toHaveLength(30);
  for (let tag = 2; tag <= 10; tag++) dispatcher.answer(tag, [Buffer.alloc(200_000)]);
  await bed.settle();
  expect(bed.budget.usedBytes).toBeGreaterThan(9 * 200_000);
  for (let tag = 31; tag <= 40; tag++) bed.client.send(taggedFrame(tag, 8));
  await bed.settle();
  expect(dispatcher.started).toHaveLength(30);
  dispatcher.answer(1);
  await bed.settle();
  await bed.client.receive(1);
  for (let tag = 11; tag <= 30; tag++) dispatcher.answer(tag);
  await bed.settle();
  expect(dispatcher.started).toHaveLength(40);
});

describe('simulation', () => {
  /**
   * Random requests from several clients over a bad network; checks order, bytes, modes, and that
   * nothing is left.
   */
  async function simulate(seed: number): Promise<void> {
    const random = seededRandom(seed);
    const upTo = (limit: number): number => Math.floor(random.next() * limit);
    const clock = new ManualClock();
    const sim = new SimNetwork({
      clock,
      random,
      pieceBytesMax: 1 + upTo(20_000),
      delayMsMax: upTo(20),
      windowBytes: 2000 + upTo(60_000),
    });
    const shared = shareResources(sim, clock, {
      ...SERVER_LIMITS,
      bytesInFlightPerConnection: 20_000,
      bytesInFlightFloor: 2000,
      bytesInFlightMax: 40_000,
      requestsInFlightPerConnection: 1 + upTo(20),
      turnBytesMax: 10_000,
      frameMemoryBytesMax: 1 + upTo(1_000_000),
    });
    const useSendfile = random.next() < 0.5;
    const running = new Map<number, Set<number>>();
    const alone = new Set<number>();
    const sentFrames = new Map<number, Buffer>();
    const kept = new Map<number, Buffer>();
    const expected = new Map<number, Buffer>();
    const dispatcher: Dispatcher = {
      mode: (frame) => (frame[7]! === 1 ? 'alone' : 'pipelined'),
      isDoneWithFrame: (frame) => tagOf(frame) % 2 === 0,
      hasElements: () => false,
      dispatch(frame, connection) {
        const tag = tagOf(frame);
        expect(frame.equals(sentFrames.get(tag)!)).toBe(true);
        const mine = running.get(connection.id) ?? new Set();
        running.set(connection.id, mine);
        if (frame[7] === 1) expect(mine.size).toBe(0);
        expect(alone.has(connection.id)).toBe(false);
        mine.add(tag);
        if (frame[7] === 1) alone.add(connection.id);
        return new Promise((resolve) => {
          clock.schedule(upTo(30), () => {
            mine.delete(tag);
            // Until it is answered no other connection receives into it; into a kept one never.
            kept.set(tag, frame);
            for (const [other, held] of kept)
              expect(held.equals(sentFrames.get(other)!)).toBe(true);
            if (tag % 2 === 0) kept.delete(tag);
            if (frame[7] === 1) alone.delete(connection.id);
            if (frame[6] === 1) return resolve(null);
            const size = upTo(4) === 0 ? upTo(100_000) : upTo(300);
            const position = upTo(file.content.length - size);
            const head = taggedFrame(tag, 8);
            head.writeInt32BE(8 + size, 0);
            const content = file.content.subarray(position, position + size);
            expected.set(tag, Buffer.concat([head.subarray(4), content]));
            const parts: ResponsePart[] = [head, file.slice(position, size)];
            return resolve(parts);
          });
        });
      },
    };
    const closed: CloseReason[] = [];
    const { host, port } = await sim.listen({
      host: 'broker',
      port: 0,
      onSocket: (socket) => {
        if (useSendfile) {
          (socket as SimSocket).readFile = (_, at, count) => file.content.subarray(at, at + count);
        }
        new Connection(socket, {
          ...shared,
          id: shared.nextConnectionId(),
          listener: 'PLAINTEXT',
          dispatcher,
          onClosed: (_, reason) => closed.push(reason),
        });
      },
    });
    let nextTag = 1;
    const clients: { client: FrameClient; sent: number[]; cut: boolean }[] = [];
    for (let count = 1 + upTo(4); count > 0; count--) {
      const client = new FrameClient(await sim.connect({ host, port }));
      const sent: number[] = [];
      for (let requests = upTo(40); requests > 0; requests--) {
        const tag = nextTag++;
        const frame = taggedFrame(tag, 8 + (upTo(5) === 0 ? upTo(30_000) : upTo(100)));
        frame[4 + 7] = upTo(5) === 0 ? 1 : 0;
        frame[4 + 6] = upTo(10) === 0 ? 1 : 0;
        frame.fill(tag, 12);
        sentFrames.set(tag, frame.subarray(4));
        if (frame[4 + 6] === 0) sent.push(tag);
        client.send(frame);
      }
      const cut = upTo(4) === 0;
      if (cut) clock.schedule(upTo(100), () => client.socket.destroy());
      else if (upTo(2) === 0) client.socket.end();
      clients.push({ client, sent, cut });
    }
    const done = (): boolean =>
      clients.every(({ client, sent, cut }) => cut || client.frames.length === sent.length);
    await runUntil(clock, done);
    for (const { client, sent, cut } of clients) {
      if (!cut) expect(tags(client.frames)).toEqual(sent);
      for (const frame of client.frames)
        expect(frame.equals(expected.get(tagOf(frame))!)).toBe(true);
      client.socket.end();
    }
    const noneRuns = (): boolean => [...running.values()].every((mine) => mine.size === 0);
    await runUntil(clock, () => closed.length === clients.length && file.open === 0 && noneRuns());
    expect([shared.budget.usedBytes, shared.memory.usedBytes]).toEqual([0, 0]);
  }

  test('whatever the network does, answers come whole and in order and nothing is left behind', async () => {
    for (let seed = 1; seed <= 60; seed++) {
      await simulate(seed).catch((error: unknown) => {
        throw new Error(`seed ${seed}`, { cause: error });
      });
    }
  });
});

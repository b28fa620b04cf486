import { describe, expect, test } from 'vitest';
import { ManualClock } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import { batchOf, beside, fetchOf, produceOf, startAttackedBroker } from './attacked-broker.js';
import { expectHeldBelow, memoryHeld } from './memory.js';
import { WatchedNetwork } from './watched-network.js';
import { int32, requestOf } from './wire-client.js';

const MIB = 1024 * 1024;

describe('clients that announce and do not send', () => {
  test('200 connections that each announce 100 MB cost next to nothing, and are cut off at the deadline', async () => {
    const clock = new ManualClock();
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({ clock, network });
    await beside(broker, async () => {
      const before = memoryHeld();
      const clients = await Promise.all(Array.from({ length: 200 }, () => broker.connect()));
      for (const client of clients) await client.write(int32(100 * MIB));
      const heard = (): number =>
        network.sockets.filter(({ receivedBytes }) => receivedBytes === 4).length;
      await network.until(() => heard() === 200);
      await expectHeldBelow(before, {
        bufferBytes: 4 * MIB,
        heapBytes: 16 * MIB,
        residentBytes: 64 * MIB,
      });
      for (let passedMs = 0; passedMs <= SERVER_LIMITS.frameDeadlineMs; passedMs += 1000) {
        clock.advance(1000);
      }
      clock.advance(1000);
      await Promise.all(clients.map(({ closed }) => closed));
    });
    await network.until(() => network.openCount === 0);
  });

  test('200 connections that announce 20 MB and send a quarter of one each are held to what they sent', async () => {
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({
      network,
      config: {
        'queued.max.request.bytes': String(20 * MIB),
        'socket.request.max.bytes': String(20 * MIB),
      },
    });
    await beside(broker, async () => {
      const before = memoryHeld();
      const clients = await Promise.all(Array.from({ length: 200 }, () => broker.connect()));
      const part = Buffer.alloc(MIB / 4);
      for (const client of clients) {
        await client.write(int32(20 * MIB));
        client.socket.write(part);
      }
      // All of it, or as much as the budget allows, with a floor for each.
      const floor = SERVER_LIMITS.bytesInFlightFloor;
      await network.until(() =>
        clients.every((client) => {
          const socket = network.from(client.socket.localPort!);
          return socket !== undefined && socket.receivedBytes >= floor;
        }),
      );
      await expectHeldBelow(before, { bufferBytes: 100 * MIB });
      for (const client of clients) client.close();
      await network.until(() => network.openCount <= 2);
    });
  });
});

test('a client that sends one byte a second is cut off at the frame deadline', async () => {
  const clock = new ManualClock();
  const network = new WatchedNetwork();
  const broker = await startAttackedBroker({ clock, network });
  const sent = await beside(broker, async () => {
    const client = await broker.connect();
    const request = requestOf('Metadata', 9, {
      topics: Array.from({ length: 20 }, () => ({ name: 'abc' })),
    });
    const port = client.socket.localPort!;
    let sentBytes = 0;
    await network.until(() => network.from(port) !== undefined);
    const watched = network.from(port)!;
    while (!watched.closed && sentBytes < request.length - 1) {
      await client.write(request.subarray(sentBytes, ++sentBytes));
      await network.until(() => watched.closed || watched.receivedBytes === sentBytes);
      clock.advance(1000);
    }
    expect(await client.nextFrame()).toBeNull();
    return sentBytes;
  });
  const seconds = SERVER_LIMITS.frameDeadlineMs / 1000;
  expect(sent).toBeGreaterThanOrEqual(seconds);
  expect(sent).toBeLessThanOrEqual(seconds + 3);
  expect(broker.lines.join()).toContain('a request was not complete after 3');
});

describe('clients that do not read', () => {
  test.each([
    ['asks for a hundred times 1 MB', 100],
    ['asks for a thousand times 1 MB', 1000],
  ])(
    'one that %s holds no memory, and is cut off at the write deadline',
    async (_what, fetches) => {
      const clock = new ManualClock();
      const network = new WatchedNetwork();
      const broker = await startAttackedBroker({ clock, network });
      await broker.createTopic('t');
      const producer = await broker.connect();
      const value = 'v'.repeat(MIB - 1000);
      for (let round = 0; round < 4; round++) {
        const { topics } = await producer.call('Produce', 9, produceOf('t', batchOf([value])));
        expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
      }
      producer.close();
      await beside(broker, async () => {
        const client = await broker.connect();
        client.socket.pause();
        const before = memoryHeld();
        const requests = Array.from({ length: fetches }, (_, at) =>
          requestOf('Fetch', 12, fetchOf('t', at % 4)),
        );
        const bytes = Buffer.concat(requests);
        await client.write(bytes);
        const watched = network.from(client.socket.localPort!)!;
        await network.until(() => watched.receivedBytes === bytes.length);
        await settled(() => watched.socket.sentBytes);
        expect(watched.socket.queuedBytes).toBeGreaterThan(0);
        await expectHeldBelow(before, { bufferBytes: 8 * MIB, residentBytes: 64 * MIB });
        // Nothing was cut off while the client was merely slow.
        clock.advance(SERVER_LIMITS.writeDeadlineMs / 2);
        expect(watched.closed).toBe(false);
        for (let passed = 0; passed <= SERVER_LIMITS.writeDeadlineMs; passed += 1000) {
          clock.advance(1000);
        }
        await network.until(() => watched.closed);
        client.socket.resume();
        await client.closed;
      });
      expect(broker.lines.join()).toContain('the client has read nothing for');
    },
  );

  test('one that asks for large metadata again and again is not read from any more', async () => {
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({ network });
    await broker.createTopic('wide', {}, 1000);
    await beside(broker, async () => {
      const client = await broker.connect();
      client.socket.pause();
      const before = memoryHeld();
      const request = requestOf('Metadata', 9, { topics: [{ name: 'wide' }] });
      const flood = Buffer.concat(Array.from({ length: 20_000 }, () => request));
      client.socket.write(flood);
      const watched = network.from(client.socket.localPort!)!;
      // The kernel of a loopback holds some megabytes; then answers pile up here until reading
      // stops.
      const limit = SERVER_LIMITS.bytesInFlightPerConnection;
      await network.until(() => watched.socket.queuedBytes > 0);
      await settled(() => watched.socket.sentBytes + watched.receivedBytes);
      await expectHeldBelow(before, { bufferBytes: limit + 16 * MIB });
      client.close();
      await network.until(() => watched.closed);
    });
  });
});

test('a connection on which nothing is ever asked is closed when its idle time is over, and no other', async () => {
  const clock = new ManualClock();
  const broker = await startAttackedBroker({
    clock,
    config: { 'connections.max.idle.ms': '90000' },
  });
  await beside(broker, async () => {
    const silent = await broker.connect();
    const once = await broker.connect();
    await once.call('Metadata', 9, { topics: [] });
    let isClosed = false;
    const closed = Promise.all([silent.closed, once.closed]).then(() => {
      isClosed = true;
    });
    const alive = await broker.connect();
    for (let second = 0; second < 200 && !isClosed; second++) {
      await alive.call('Metadata', 9, { topics: [] });
      clock.advance(1000);
    }
    await closed;
    await alive.call('Metadata', 9, { topics: [] });
  });
});

/** Resolves when a figure has stood still for many turns of the event loop. */
async function settled(figure: () => number): Promise<void> {
  for (let still = 0, last = figure(); still < 200; still++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    const now = figure();
    if (now !== last) still = 0;
    last = now;
  }
}

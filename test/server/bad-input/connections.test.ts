import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  beside,
  fetchOf,
  produceOf,
  startAttackedBroker,
  valuesIn,
} from './attacked-broker.js';
import { expectHeldBelow, memoryHeld } from './memory.js';
import { WatchedNetwork } from './watched-network.js';
import { requestOf, WireClient } from './wire-client.js';

const MIB = 1024 * 1024;
const CONNECTIONS = 10_000;
const AT_A_TIME = 100;
const isLinux = process.platform === 'linux';

/** Descriptors that this process has open; 0 where the system does not tell. */
function descriptorCount(): number {
  return isLinux ? readdirSync('/proc/self/fd').length : 0;
}

test('ten thousand connections that come and go, politely or not, leave nothing behind', async () => {
  const network = new WatchedNetwork();
  const broker = await startAttackedBroker({ network });
  const request = requestOf('Metadata', 9, { topics: [] });
  const oneOf = async (number: number): Promise<void> => {
    const socket = connect({ port: broker.port, host: '127.0.0.1' });
    socket.on('error', () => {});
    await once(socket, 'connect');
    if (number % 4 === 1) socket.write(request);
    if (number % 4 === 2) socket.write(request.subarray(0, 10));
    if (number % 4 === 3) socket.destroy();
    else socket.resetAndDestroy();
  };
  const wave = async (from: number): Promise<void> => {
    await Promise.all(Array.from({ length: AT_A_TIME }, (_, at) => oneOf(from + at)));
    // Connections are accepted in the order in which they came: when this one is served, so were
    // all before it.
    const last = await WireClient.connect(broker.port);
    await last.call('Metadata', 9, { topics: [] });
    last.close();
    network.forgetClosed();
  };
  await beside(broker, async () => {
    await wave(0);
    await network.until(() => network.openCount === 1);
    const before = memoryHeld();
    const descriptors = descriptorCount();
    for (let done = AT_A_TIME; done < CONNECTIONS; done += AT_A_TIME) await wave(done);
    await network.until(() => network.openCount === 1);
    expect(descriptorCount()).toBeLessThanOrEqual(descriptors + 8);
    await expectHeldBelow(before, { heapBytes: 16 * MIB, bufferBytes: 8 * MIB });
  });
});

test('connections over the limit are closed on arrival, and a free place is given to the next', async () => {
  const network = new WatchedNetwork();
  const broker = await startAttackedBroker({ network, config: { 'max.connections': '5' } });
  await beside(broker, async () => {
    const inside = await Promise.all(Array.from({ length: 4 }, () => broker.connect()));
    for (const client of inside) await client.call('Metadata', 9, { topics: [] });
    const outside = await broker.connect();
    expect(await outside.nextFrame()).toBeNull();
    const port = inside[0]!.socket.localPort!;
    inside[0]!.close();
    await network.until(() => network.from(port)!.closed);
    const next = await broker.connect();
    await next.call('Metadata', 9, { topics: [] });
  });
});

describe('a client that goes away at a bad moment', () => {
  test('after its end of the connection is closed, it still gets the answers to what it asked', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    await beside(broker, async () => {
      const socket = connect({ port: broker.port, host: '127.0.0.1', allowHalfOpen: true });
      await once(socket, 'connect');
      socket.end(
        Buffer.concat([
          requestOf('Produce', 9, produceOf('t', batchOf(['x']))),
          requestOf('Metadata', 9, { topics: [] }),
        ]),
      );
      const chunks: Buffer[] = [];
      for await (const chunk of socket) chunks.push(chunk as Buffer);
      const bytes = Buffer.concat(chunks);
      const first = bytes.readInt32BE(0);
      const second = bytes.readInt32BE(4 + first);
      expect(4 + first + 4 + second).toBe(bytes.length);
    });
  });

  test('half a request and then the end is a closed connection', async () => {
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({ network });
    await beside(broker, async () => {
      const client = await broker.connect();
      client.socket.end(requestOf('Metadata', 9, { topics: [] }).subarray(0, 12));
      await client.closed;
      await network.until(() => network.openCount === 1);
    });
  });

  test('a reset in the middle of a large answer lets go of the file, again and again', async () => {
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({ network });
    await broker.createTopic('t');
    const producer = await broker.connect();
    const values = Array.from({ length: 24 }, (_, at) =>
      String(at)
        .repeat(500_000)
        .slice(0, MIB - 1000),
    );
    for (const value of values) {
      const { topics } = await producer.call('Produce', 9, produceOf('t', batchOf([value])));
      expect(topics[0]!.partitions[0]!.errorCode).toBe(ErrorCode.NONE);
    }
    producer.close();
    await beside(broker, async () => {
      await network.until(() => network.openCount === 1);
      const descriptors = descriptorCount();
      const before = memoryHeld();
      for (let round = 0; round < 20; round++) {
        const client = await broker.connect();
        client.send('Fetch', 12, fetchOf('t', 0, { maxBytes: 32 * MIB }));
        client.send('Fetch', 12, fetchOf('t', 0, { maxBytes: 32 * MIB }));
        await once(client.socket, 'data');
        client.socket.resetAndDestroy();
        await network.until(() => network.openCount === 1);
      }
      expect(descriptorCount()).toBeLessThanOrEqual(descriptors);
      await expectHeldBelow(before, { bufferBytes: 8 * MIB });
      const client = await broker.connect();
      const answer = await client.call('Fetch', 12, fetchOf('t', 0, { maxBytes: 32 * MIB }));
      const { records } = answer.topics[0]!.partitions[0]!;
      expect(await valuesIn(records as Buffer)).toEqual(values);
      client.close();
      // Nothing keeps the files of a topic that is gone.
      const admin = await broker.connect();
      const deleted = await admin.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
      expect(deleted.responses[0]!.errorCode).toBe(ErrorCode.NONE);
    });
  });
});

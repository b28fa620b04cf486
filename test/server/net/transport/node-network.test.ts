import { connect as rawConnect } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../../../engine/clock.js';
import { acceptNow, sendFile, sendFileAvailable, sendNow } from '../../../../engine/disk/native.js';
import { SERVER_LIMITS, type ServerLimits } from '../../../../server/limits.js';
import type { CloseReason, Dispatcher } from '../../../../server/net/dispatcher.js';
import {
  type Listener,
  openListener,
  type SharedResources,
  shareResources,
} from '../../../../server/net/listener.js';
import {
  type NodeNetworkOptions,
  nodeNetwork,
} from '../../../../server/net/transport/node-network.js';
import type { SendFile, SendNow } from '../../../../server/net/transport/node-socket.js';
import { echo, FrameClient, SliceFile, taggedFrame } from '../../../support/net-fixtures.js';

const HOST = '127.0.0.1';
const scratchBytes = SERVER_LIMITS.receiveScratchBytes;
const clientNetwork = nodeNetwork({ sendFile: null, scratchBytes });
const realSendFile: SendFile | null = sendFileAvailable() ? sendFile : null;
const file = new SliceFile(9_000_000);
afterAll(() => file.close());

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close({ drainMs: 0 })));
});

interface Server {
  readonly port: number;
  readonly shared: SharedResources;
  readonly listener: Listener;
  readonly closed: CloseReason[];
}

async function serve(
  dispatcher: Dispatcher,
  network: Partial<NodeNetworkOptions> = {},
  limits: Partial<ServerLimits> = {},
): Promise<Server> {
  const closed: CloseReason[] = [];
  const shared = shareResources(
    nodeNetwork({ sendFile: null, scratchBytes, ...network }),
    systemClock,
    { ...SERVER_LIMITS, ...limits },
  );
  const listener = await openListener({
    name: 'PLAINTEXT',
    bind: [{ host: HOST, port: 0 }],
    dispatcher,
    shared,
    events: { onClosed: (_, reason) => closed.push(reason) },
  });
  listeners.push(listener);
  return { port: listener.addresses[0]!.port, shared, listener, closed };
}

async function client(port: number): Promise<FrameClient> {
  return new FrameClient(await clientNetwork.connect({ host: HOST, port }));
}

async function until(reached: () => boolean): Promise<void> {
  while (!reached()) await nextTurn();
}

const waysOfReceiving: [string, Partial<NodeNetworkOptions>][] = [
  ['direct', { receive: 'direct' }],
  [
    'direct, accepting all that wait',
    { receive: 'direct', acceptNow: sendFileAvailable() ? acceptNow : null },
  ],
  ['stream', { receive: 'stream' }],
];

describe.each(waysOfReceiving)('receiving by %s', (_, network) => {
  test('frames of all sizes come back whole', async () => {
    const { port, shared } = await serve(echo, network);
    const one = await client(port);
    const sizes = [8, 9, 1000, 65_536, 300_000, 1_048_576, 5_000_000, 8];
    const sent = sizes.map((size, at) => taggedFrame(at, size));
    one.send(...sent);
    const frames = await one.receive(sizes.length);
    frames.forEach((frame, at) => {
      expect(frame.equals(sent[at]!.subarray(4))).toBe(true);
    });
    await until(() => shared.budget.usedBytes === 0);
  });

  test('closing the listener completes with connections in every state', async () => {
    const { port, listener, shared } = await serve(echo, network);
    const polite = await client(port);
    polite.send(taggedFrame(1, 8));
    await polite.receive(1);
    polite.socket.end();
    await polite.whenClosed();
    const rude = rawConnect({ host: HOST, port });
    await new Promise<void>((resolve) => rude.once('connect', () => resolve()));
    rude.write(taggedFrame(2, 8).subarray(0, 6));
    rude.resetAndDestroy();
    const silent = await client(port);
    silent.send(taggedFrame(3, 8));
    await silent.receive(1);
    listeners.splice(0);
    await listener.close({ drainMs: 10_000 });
    expect([listener.connections.size, shared.slots.total]).toEqual([0, 0]);
    await silent.whenClosed();
    expect(silent.error).toBeNull();
  });

  test.each([-1, 0, 7, SERVER_LIMITS.requestBytesMax + 1])(
    'a frame size of %i closes the connection, and other clients go on',
    async (size) => {
      const { port, closed } = await serve(echo, network);
      const other = await client(port);
      const bad = await client(port);
      const prefix = Buffer.alloc(4);
      prefix.writeInt32BE(size);
      bad.send(prefix, Buffer.alloc(100_000));
      await bad.whenClosed();
      await until(() => closed.length === 1);
      expect(closed.map(({ code }) => code)).toEqual(['framing']);
      other.send(taggedFrame(1, 8));
      await other.receive(1);
    },
  );

  test('connections that announce 100 MB and send nothing, or little, cost nothing', async () => {
    const { port, listener, shared } = await serve(echo, network);
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(100_000_000);
    const before = process.memoryUsage();
    const many = await Promise.all(Array.from({ length: 200 }, () => client(port)));
    for (const one of many) one.send(prefix);
    await until(() => shared.budget.usedBytes === 200 * 4);
    const other = await client(port);
    other.send(taggedFrame(1, 8));
    await other.receive(1);
    const after = process.memoryUsage();
    expect(listener.connections.size).toBe(201);
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(20_000_000);
  });

  test('frames that together exceed the budget all arrive, and small clients are served meanwhile', async () => {
    const { port, shared } = await serve(echo, network, {
      bytesInFlightPerConnection: 1_048_576,
      bytesInFlightMax: 2_000_000,
    });
    const many = await Promise.all(Array.from({ length: 10 }, () => client(port)));
    const frame = taggedFrame(1, 3_000_000);
    for (const one of many) one.send(frame.subarray(0, 2_999_000));
    await until(() => shared.budget.usedBytes >= 2_000_000);
    const other = await client(port);
    other.send(taggedFrame(1, 8));
    await other.receive(1);
    for (const one of many) one.send(frame.subarray(2_999_000));
    const answers = await Promise.all(many.map((one) => one.receive(1)));
    for (const [answer] of answers) expect(answer!.equals(frame.subarray(4))).toBe(true);
    for (const one of many) one.socket.end();
    await until(() => shared.budget.usedBytes === 0);
  });
});

describe('file slices', () => {
  const sizes = [0, 1, 16_384, 16_385, 100_000, 1_048_576, 3_000_000];

  /** Answers request `tag` with a head and the slices of the sizes above, shifted by the tag. */
  const slicing: Dispatcher = {
    mode: () => 'pipelined',
    isDoneWithFrame: () => true,
    hasElements: () => false,
    dispatch: async (frame) => {
      const tag = frame.readInt32BE(0);
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const head = taggedFrame(tag, 8);
      head.writeInt32BE(8 + total + 5, 0);
      return [head, ...sizes.map((size) => file.slice(tag, size)), Buffer.from('after')];
    },
  };
  const expected = (tag: number): Buffer =>
    Buffer.concat([
      taggedFrame(tag, 8).subarray(4),
      ...sizes.map((size) => file.content.subarray(tag, tag + size)),
      Buffer.from('after'),
    ]);

  /** Reads slowly, by pausing now and then, so that the socket fills up; returns the frames. */
  async function fetchSlowly(port: number, count: number): Promise<Buffer[]> {
    const one = await client(port);
    one.socket.pause();
    for (let tag = 0; tag < count; tag++) one.send(taggedFrame(tag, 8));
    let turns = 0;
    while (one.frames.length < count) {
      await nextTurn();
      turns += 1;
      if (turns % 50 === 0) one.socket.resume();
      else if (turns % 50 === 2) one.socket.pause();
    }
    one.socket.resume();
    one.socket.end();
    await one.whenClosed();
    return one.frames;
  }

  test.each([
    ['sendfile', realSendFile, null],
    ['sendfile and send', realSendFile, sendNow],
    ['sendfile and a send that takes half', realSendFile, halfOf(sendNow)],
    ['copying', null, null],
    ['copying and a send that takes half', null, halfOf(sendNow)],
  ])('by %s the same bytes arrive, also at a slow reader', async (_, how, send) => {
    const { port, shared } = await serve(slicing, { sendFile: how, sendNow: send });
    for (const frames of await Promise.all([fetchSlowly(port, 8), fetchSlowly(port, 8)])) {
      frames.forEach((frame, tag) => {
        expect(frame.equals(expected(tag))).toBe(true);
      });
    }
    await until(() => shared.budget.usedBytes === 0);
    expect(file.open).toBe(0);
  });

  test.runIf(realSendFile !== null)(
    'sendfile is tried again after the socket was full',
    async () => {
      let full = 0;
      let sentAfterFull = 0;
      const counting: SendFile = (...call) => {
        const sent = realSendFile!(...call);
        if (sent < 0) full += 1;
        else if (full > 0) sentAfterFull += sent;
        return sent;
      };
      const { port } = await serve(slicing, { sendFile: counting });
      const frames = await fetchSlowly(port, 8);
      expect(full).toBeGreaterThan(0);
      expect(sentAfterFull).toBeGreaterThan(0);
      frames.forEach((frame, tag) => {
        expect(frame.equals(expected(tag))).toBe(true);
      });
    },
  );

  test.each([
    ['the end of the file', 0],
    ['an error', -22],
  ])('%s in the middle of a slice destroys the connection', async (_, result) => {
    let calls = 0;
    const failing: SendFile = (...call) =>
      ++calls < 2 || !realSendFile ? (realSendFile?.(...call) ?? result) : result;
    const { port, closed } = await serve(slicing, { sendFile: failing }, { turnBytesMax: 300_000 });
    const one = await client(port);
    one.send(taggedFrame(0, 8));
    await one.whenClosed();
    await until(() => closed.length === 1);
    expect(closed[0]!.code).toBe('failed');
    expect([one.frames.length, file.open]).toEqual([0, 0]);
  });

  test('a client that resets the connection in the middle of a slice leaves nothing behind', async () => {
    const { port, closed, shared } = await serve(slicing, { sendFile: realSendFile });
    for (let round = 0; round < 20; round++) {
      const one = rawConnect({ host: HOST, port });
      one.on('error', () => {});
      one.write(Buffer.concat([0, 1, 2, 3].map((tag) => taggedFrame(tag, 8))));
      await new Promise<void>((resolve) => one.once('data', () => resolve()));
      one.resetAndDestroy();
    }
    await until(() => closed.length === 20 && file.open === 0);
    expect(closed.map(({ code }) => code)).not.toContain('failed');
    expect(shared.budget.usedBytes).toBe(0);
  });

  test('a client that never reads is cut off, and another is served meanwhile', async () => {
    const { port, closed } = await serve(
      slicing,
      { sendFile: realSendFile },
      { sweepMs: 20, writeDeadlineMs: 200 },
    );
    const deaf = await client(port);
    deaf.socket.pause();
    for (let tag = 0; tag < 40; tag++) deaf.send(taggedFrame(tag, 8));
    const other = await client(port);
    other.send(taggedFrame(1, 8));
    await other.receive(1);
    await until(() => closed.length === 1);
    expect(closed[0]!.code).toBe('writeDeadline');
    await until(() => file.open === 0);
  });
});

test('connecting to a closed port is refused', async () => {
  const { port, listener } = await serve(echo);
  listeners.splice(0);
  await listener.close({ drainMs: 0 });
  await expect(clientNetwork.connect({ host: HOST, port })).rejects.toMatchObject({
    code: 'ECONNREFUSED',
  });
});

function halfOf(send: SendNow): SendNow {
  return (fd, bytes) => send(fd, bytes.subarray(0, Math.ceil(bytes.length / 2)));
}

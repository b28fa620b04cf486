import type { Server } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../../../engine/clock.js';
import { acceptNow, sendFileAvailable } from '../../../../engine/disk/native.js';
import { SERVER_LIMITS } from '../../../../server/limits.js';
import { type Listener, openListener, shareResources } from '../../../../server/net/listener.js';
import { acceptWaiting } from '../../../../server/net/transport/accept-waiting.js';
import { nodeNetwork } from '../../../../server/net/transport/node-network.js';
import { echo, FrameClient, taggedFrame } from '../../../support/net-fixtures.js';

const HOST = '127.0.0.1';
const scratchBytes = SERVER_LIMITS.receiveScratchBytes;
const clientNetwork = nodeNetwork({ sendFile: null, scratchBytes });

describe('taking what waits', () => {
  const server = { _handle: { fd: 3 }, _connections: 0 } as unknown as Server;

  test('one after another until none waits', () => {
    const waiting = [10, 11, 12];
    const taken: number[] = [];
    acceptWaiting(server, () => waiting.shift() ?? -11, taken.push.bind(taken));
    expect(taken).toEqual([10, 11, 12]);
  });

  test('no more than a turn allows, however many wait', () => {
    let next = 10;
    const taken: number[] = [];
    acceptWaiting(server, () => next++, taken.push.bind(taken));
    expect(taken).toHaveLength(SERVER_LIMITS.acceptsPerTurnMax);
  });

  test('nothing of a server that was closed meanwhile', () => {
    const closed = { _handle: null } as unknown as Server;
    acceptWaiting(
      closed,
      () => expect.unreachable(),
      () => expect.unreachable(),
    );
  });
});

describe.runIf(sendFileAvailable())('connections that come together', () => {
  const listeners: Listener[] = [];
  afterEach(async () => {
    await Promise.all(listeners.splice(0).map((listener) => listener.close({ drainMs: 0 })));
  });

  /**
   * All connect before the event loop looks at the listener; resolves with the number of turns in
   * which they were accepted.
   */
  async function turnsOf(count: number, accept: typeof acceptNow | null): Promise<number> {
    let turn = 0;
    let isOver = false;
    const counting = (async () => {
      for (; !isOver; turn++) await nextTurn();
    })();
    const openedIn: number[] = [];
    const listener = await openListener({
      name: 'PLAINTEXT',
      bind: [{ host: HOST, port: 0 }],
      dispatcher: echo,
      shared: shareResources(
        nodeNetwork({ sendFile: null, acceptNow: accept, scratchBytes }),
        systemClock,
        SERVER_LIMITS,
      ),
      events: { onOpened: () => openedIn.push(turn) },
    });
    listeners.push(listener);
    const { port } = listener.addresses[0]!;
    const sockets = await Promise.all(
      Array.from({ length: count }, () => clientNetwork.connect({ host: HOST, port })),
    );
    await Promise.all(
      sockets.map(async (socket, at) => {
        const client = new FrameClient(socket);
        client.send(taggedFrame(at, 100));
        const [frame] = await client.receive(1);
        expect(frame!.equals(taggedFrame(at, 100).subarray(4))).toBe(true);
      }),
    );
    isOver = true;
    await counting;
    expect(openedIn).toHaveLength(count);
    return new Set(openedIn).size;
  }

  test('are accepted in a few turns, however many they are', async () => {
    // One, where the kernel has them all ready; it may need a little longer for some.
    expect(await turnsOf(SERVER_LIMITS.acceptsPerTurnMax + 1, acceptNow)).toBeLessThan(10);
  });

  test('are accepted and served all where the call fails, in as many turns as libuv takes', async () => {
    expect(await turnsOf(40, () => -24)).toBeLessThanOrEqual(40);
  });
});

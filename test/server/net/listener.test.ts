import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';

import { systemClock } from '../../../engine/clock.js';
import { ManualClock } from '../../../engine/manual-clock.js';
import { seededRandom } from '../../../engine/random.js';
import { SERVER_LIMITS, type ServerLimits } from '../../../server/limits.js';
import type { CloseReason, Dispatcher } from '../../../server/net/dispatcher.js';
import {
  type BindAddress,
  ListenError,
  type Listener,
  openListener,
  shareResources,
} from '../../../server/net/listener.js';
import type { ResponsePart } from '../../../server/net/sending/response-writer.js';
import { nodeNetwork } from '../../../server/net/transport/node-network.js';
import { listeningInodes } from '../../../server/net/transport/port-owner.js';
import { FrameClient, runUntil, taggedFrame } from '../../support/net-fixtures.js';
import { SimNetwork } from '../../support/sim-network.js';

const silent: Dispatcher = {
  mode: () => 'pipelined',
  isDoneWithFrame: () => true,
  hasElements: () => false,
  dispatch: async () => null,
};
const network = nodeNetwork({ sendFile: null, scratchBytes: 65_536 });

const listeners: Listener[] = [];
afterEach(async () => {
  await Promise.all(listeners.splice(0).map((listener) => listener.close({ drainMs: 0 })));
});

async function open(
  bind: readonly BindAddress[],
  limits: Partial<ServerLimits> = {},
  onRefused: (address: string, refusal: unknown) => void = () => {},
): Promise<Listener> {
  const shared = shareResources(network, systemClock, { ...SERVER_LIMITS, ...limits });
  const events = { onRefused };
  const listener = await openListener({
    name: 'PLAINTEXT',
    bind,
    dispatcher: silent,
    shared,
    events,
  });
  listeners.push(listener);
  return listener;
}

/** Whether the machine has ::1. */
async function hasIpv6(): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(0, '::1', () => server.close(() => resolve(true)));
  });
}

describe('binding', () => {
  test('localhost is 127.0.0.1 and, where present, ::1, on the same port', async () => {
    const { addresses } = await open([{ host: 'localhost', port: 0 }]);
    const port = addresses[0]!.port;
    expect(port).toBeGreaterThan(0);
    const both = [
      { host: '127.0.0.1', port },
      { host: '::1', port },
    ];
    expect(addresses).toEqual((await hasIpv6()) ? both : both.slice(0, 1));
  });

  test('a port in use is told with its address and, where it can be known, its owner', async () => {
    const { addresses } = await open([{ host: 'localhost', port: 0 }]);
    const port = addresses[0]!.port;
    const error = await open([{ host: '127.0.0.1', port }]).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ListenError);
    expect(error).toMatchObject({ code: 'EADDRINUSE', host: '127.0.0.1', port });
    if (process.platform === 'linux') {
      expect((error as ListenError).ownerPid).toBe(process.pid);
      expect((error as ListenError).message).toBe(
        `127.0.0.1:${port} is in use by process ${process.pid}`,
      );
    }
  });

  test('a plan that fails in the middle leaves nothing bound', async () => {
    const taken = await open([{ host: '127.0.0.1', port: 0 }]);
    const free = await open([{ host: '127.0.0.1', port: 0 }]);
    const port = free.addresses[0]!.port;
    listeners.splice(listeners.indexOf(free), 1);
    await free.close({ drainMs: 0 });
    const plan = [{ host: '127.0.0.1', port }, taken.addresses[0]!];
    await expect(open(plan)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const again = await open([{ host: '127.0.0.1', port }]);
    expect(again.addresses).toEqual([{ host: '127.0.0.1', port }]);
  });

  test('an address that is not of this machine is named in the error', async () => {
    await expect(open([{ host: '192.0.2.1', port: 0 }])).rejects.toMatchObject({
      code: 'EADDRNOTAVAIL',
      host: '192.0.2.1',
    });
  });
});

describe('limits of connections', () => {
  test.each([
    ['connectionsMax', 'max.connections'],
    ['connectionsPerIpMax', 'max.connections.per.ip'],
  ])(
    'with %s reached, another is closed on arrival until one leaves, and the setting is named',
    async (name, setting) => {
      const refused: unknown[] = [];
      const { addresses, connections } = await open(
        [{ host: '127.0.0.1', port: 0 }],
        { [name]: 2 },
        (address, refusal) => refused.push([address, refusal]),
      );
      const connect = async (): Promise<FrameClient> =>
        new FrameClient(await network.connect(addresses[0]!));
      const first = await connect();
      await connect();
      const third = await connect();
      await third.whenClosed();
      expect(refused).toEqual([['127.0.0.1', { setting, limit: 2 }]]);
      first.socket.destroy();
      await first.whenClosed();
      while (connections.size > 1) await new Promise((resume) => setImmediate(resume));
      const fourth = await connect();
      while (connections.size < 2) await new Promise((resume) => setImmediate(resume));
      expect([fourth.closed, refused.length]).toEqual([false, 1]);
    },
  );
});

describe('stopping', () => {
  async function draining(answerAfterMs: number): Promise<{
    client: FrameClient;
    idle: FrameClient;
    reasons: CloseReason[];
    closeMs: number;
  }> {
    const clock = new ManualClock();
    const sim = new SimNetwork({ clock, random: seededRandom(3) });
    const reasons: CloseReason[] = [];
    let started = 0;
    const slow: Dispatcher = {
      mode: () => 'pipelined',
      isDoneWithFrame: () => true,
      hasElements: () => false,
      dispatch: () => {
        started += 1;
        return new Promise<ResponsePart[]>((resolve) => {
          clock.schedule(answerAfterMs, () => resolve([taggedFrame(1, 8)]));
        });
      },
    };
    const listener = await openListener({
      name: 'PLAINTEXT',
      bind: [{ host: 'broker', port: 9092 }],
      dispatcher: slow,
      shared: shareResources(sim, clock, SERVER_LIMITS),
      events: { onClosed: (_, reason) => reasons.push(reason) },
    });
    const connect = async (): Promise<FrameClient> =>
      new FrameClient(await sim.connect({ host: 'broker', port: 9092 }));
    const client = await connect();
    const idle = await connect();
    client.send(taggedFrame(1, 8));
    await runUntil(clock, () => started === 1);
    let closed = false;
    const startedMs = clock.monotonicMs();
    const closing = listener.close({ drainMs: 10_000 }).then(() => {
      closed = true;
    });
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await runUntil(clock, () => closed, 10);
    await closing;
    return { client, idle, reasons, closeMs: clock.monotonicMs() - startedMs };
  }

  test('requests in flight are answered within the drain time', async () => {
    const { client, idle, reasons, closeMs } = await draining(3000);
    expect([client.frames.length, client.error, idle.error]).toEqual([1, null, null]);
    expect(reasons.map(({ code }) => code)).toEqual(['shutdown', 'shutdown']);
    expect(closeMs).toBeLessThan(4000);
  });

  test('what is not answered by then is cut off', async () => {
    const { client, closeMs } = await draining(60_000);
    expect(client.frames.length).toBe(0);
    expect(closeMs).toBeGreaterThanOrEqual(10_000);
    expect(closeMs).toBeLessThan(11_000);
  });
});

test('the owner of a port is found by the inode of its listening socket only', () => {
  const table = [
    '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode',
    '   0: 0100007F:2384 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1',
    '   1: 0100007F:2384 0100007F:9C40 01 00000000:00000000 00:00000000 00000000  1000        0 4712 1',
    '   2: 0100007F:2385 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4713 1',
  ].join('\n');
  expect(listeningInodes(table, 9092)).toEqual(['4711']);
});

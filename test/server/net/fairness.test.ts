import { afterAll, expect, test } from 'vitest';
import { ManualClock } from '../../../engine/manual-clock.js';
import { seededRandom } from '../../../engine/random.js';
import { SERVER_LIMITS } from '../../../server/limits.js';
import type { Dispatcher } from '../../../server/net/dispatcher.js';
import { openListener, shareResources } from '../../../server/net/listener.js';
import {
  FrameClient,
  runUntil,
  SliceFile,
  taggedFrame,
  tagOf,
} from '../../support/net-fixtures.js';
import { SimNetwork } from '../../support/sim-network.js';

const MIB = 1024 ** 2;
const SCANNERS = 4;
const SLICES_EACH = 12;
const SMALL_REQUESTS = 25;
const SMALL_TAG = 1_000_000;

const file = new SliceFile(4 * MIB);
afterAll(() => file.close());

/**
 * Answers tags below `SMALL_TAG` with a slice that follows from the tag, others with a few bytes.
 */
function sliceOf(tag: number): { position: number; size: number } {
  const random = seededRandom(tag);
  const size = 500_000 + Math.floor(random.next() * 2 * MIB);
  return { position: Math.floor(random.next() * (file.content.length - size)), size };
}

const dispatcher: Dispatcher = {
  mode: () => 'pipelined',
  isDoneWithFrame: () => true,
  hasElements: () => false,
  async dispatch(frame) {
    const tag = tagOf(frame);
    if (tag >= SMALL_TAG) return [taggedFrame(tag, 8)];
    const { position, size } = sliceOf(tag);
    const head = Buffer.alloc(8);
    head.writeInt32BE(4 + size, 0);
    head.writeInt32BE(tag, 4);
    return [head, file.slice(position, size)];
  },
};

async function bed(seed: number, way: 'sendfile' | 'copy') {
  const clock = new ManualClock();
  const sim = new SimNetwork({
    clock,
    random: seededRandom(seed),
    delayMsMax: 2,
    pieceBytesMax: 4 * MIB,
    windowBytes: 64 * MIB,
  });
  const shared = shareResources(sim, clock, SERVER_LIMITS);
  const listener = await openListener({
    name: 'PLAINTEXT',
    bind: [{ host: 'broker', port: 0 }],
    dispatcher,
    shared,
  });
  const { port } = listener.addresses[0]!;
  const client = async (): Promise<FrameClient> => {
    const known = new Set(sim.sockets);
    const socket = await sim.connect({ host: 'broker', port });
    for (const other of sim.sockets) {
      if (known.has(other) || other === socket || way === 'copy') continue;
      other.readFile = (_fd, position, count) => file.content.subarray(position, position + count);
    }
    return new FrameClient(socket);
  };
  /** Of file bytes, and of the little around them. */
  const sentBytes = (): number => {
    let sum = 0;
    for (const socket of sim.sockets) if (socket.localPort === port) sum += socket.sentBytes;
    return sum;
  };
  return { clock, client, sentBytes };
}

for (const way of ['sendfile', 'copy'] as const) {
  test(`while one client has small answers, no turn holds it up by more than a share of what ${SCANNERS} others read by ${way}, and every byte arrives`, async () => {
    for (let seed = 1; seed <= 3; seed++) {
      const { clock, client, sentBytes } = await bed(seed, way);
      const scanners: FrameClient[] = [];
      for (let at = 0; at < SCANNERS; at++) scanners.push(await client());
      const small = await client();
      for (const [at, scanner] of scanners.entries()) {
        for (let nth = 0; nth < SLICES_EACH; nth++) {
          scanner.send(taggedFrame(1 + at * SLICES_EACH + nth, 8));
        }
      }
      let before = 0;
      const turns: number[] = [];
      let asked = 0;
      await runUntil(clock, () => {
        if (small.frames.length === asked && asked < SMALL_REQUESTS) {
          small.send(taggedFrame(SMALL_TAG + asked++, 8));
        }
        const after = sentBytes();
        if (small.frames.length > 0 && small.frames.length < SMALL_REQUESTS) {
          turns.push(after - before);
        }
        before = after;
        return scanners.every(({ frames }) => frames.length === SLICES_EACH);
      });
      const heads = 1000;
      expect(turns.length).toBeGreaterThan(SMALL_REQUESTS);
      expect(Math.max(...turns)).toBeLessThanOrEqual(SERVER_LIMITS.pacedTurnBytesMax + heads);
      for (const [at, { frames }] of scanners.entries()) {
        for (const [nth, frame] of frames.entries()) {
          const tag = 1 + at * SLICES_EACH + nth;
          const { position, size } = sliceOf(tag);
          expect(tagOf(frame)).toBe(tag);
          expect(frame.subarray(4).equals(file.content.subarray(position, position + size))).toBe(
            true,
          );
        }
      }
    }
  });

  test(`a reader that is alone, and one whose neighbours read as much, get whole turns by ${way}`, async () => {
    for (const count of [1, 2]) {
      const { clock, client, sentBytes } = await bed(9, way);
      const scanners: FrameClient[] = [];
      for (let at = 0; at < count; at++) scanners.push(await client());
      // The first request of a connection says nothing of its answers yet.
      const tags = Array.from({ length: 30 }, (_, tag) => tag + 1);
      for (const scanner of scanners) scanner.send(taggedFrame(tags[0]!, 8));
      await runUntil(clock, () => scanners.every(({ frames }) => frames.length === 1));
      for (const tag of tags.slice(1)) for (const one of scanners) one.send(taggedFrame(tag, 8));
      let before = sentBytes();
      const turns: number[] = [];
      await runUntil(clock, () => {
        const after = sentBytes();
        turns.push(after - before);
        before = after;
        return scanners.every(({ frames }) => frames.length === tags.length);
      });
      expect(Math.max(...turns)).toBeGreaterThan(count * SERVER_LIMITS.turnBytesMax * 0.9);
    }
  });
}

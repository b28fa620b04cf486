import { constants } from 'node:os';
import { expect, test } from 'vitest';
import { ManualClock } from '../../../../engine/manual-clock.js';
import { seededRandom } from '../../../../engine/random.js';
import { SERVER_LIMITS } from '../../../../server/limits.js';
import { FileTurns } from '../../../../server/net/sending/file-turns.js';
import { type FilePart, ResponseWriter } from '../../../../server/net/sending/response-writer.js';
import type { Socket } from '../../../../server/net/transport/network.js';
import { Turn } from '../../../../server/net/turn.js';

const MIB = 1024 ** 2;
const { EAGAIN, EIO } = constants.errno;

/** Bytes of which the test says which are in memory, and when a warm-up ends. */
class TestPart implements FilePart {
  readonly position = 0;
  readonly file = { fd: 7 };
  readonly content: Buffer;
  resident: (at: number, count: number) => boolean = () => false;
  readError: Error | null = null;
  readonly calls: string[] = [];
  readonly warming: { isWanted: () => boolean; settle(error?: Error): void }[] = [];
  releases = 0;

  constructor(size: number) {
    this.content = seededRandom(size).fill(Buffer.alloc(size));
  }

  get size(): number {
    return this.content.length;
  }

  readSync(into: Buffer, at: number): number {
    this.calls.push(`readSync ${at} ${into.length}`);
    if (this.readError) throw this.readError;
    return this.content.copy(into, 0, at);
  }

  async read(into: Buffer, at: number): Promise<number> {
    this.calls.push(`read ${at} ${into.length}`);
    if (this.readError) throw this.readError;
    return this.content.copy(into, 0, at);
  }

  isResident(at: number, count: number): boolean {
    return this.resident(at, count);
  }

  warm(at: number, count: number, isWanted: () => boolean): Promise<void> {
    this.calls.push(`warm ${at} ${count}`);
    return new Promise((resolve, reject) => {
      this.warming.push({ isWanted, settle: (error) => (error ? reject(error) : resolve()) });
    });
  }

  cutShortAt(at: number): Error {
    return new Error(`cut short at ${at}`);
  }

  release(): void {
    this.releases++;
  }
}

function bed(part: TestPart, sendFile: Socket['sendFile'] | 'real' = 'real') {
  const received: Buffer[] = [];
  const failures: string[] = [];
  const sent = { calls: 0 };
  const send = (_fd: number, position: number, count: number): number => {
    sent.calls++;
    received.push(part.content.subarray(position, position + count));
    return count;
  };
  const socket = {
    queuedBytes: 0,
    write: (buffers: readonly Buffer[]) => {
      for (const buffer of buffers) received.push(Buffer.from(buffer));
      return true;
    },
    sendFile: sendFile === 'real' ? send : sendFile,
  } as unknown as Socket;
  const clock = new ManualClock();
  const turn = new Turn(clock);
  const files = new FileTurns(turn, SERVER_LIMITS);
  const writer = new ResponseWriter(
    socket,
    SERVER_LIMITS,
    { turn, files },
    {
      onProgress: () => {},
      onFailed: ({ message }) => failures.push(message),
      onGone: () => failures.push('gone'),
    },
  );
  writer.push([part]);
  writer.run();
  /** Lets promises settle and turns begin. */
  const settle = async (): Promise<void> => {
    for (let step = 0; step < 20; step++) {
      await new Promise(setImmediate);
      clock.advance(1);
    }
  };
  return { writer, files, failures, sent, settle, received: () => Buffer.concat(received) };
}

test('what is not in memory is warmed first, a turn at a time, and nothing is read here', async () => {
  const part = new TestPart(2 * MIB + 500_000);
  const { settle, sent, received } = bed(part);
  await settle();
  expect([part.calls, sent.calls]).toEqual([[`warm 0 ${MIB}`], 0]);
  for (let at = 0; at < 3; at++) {
    part.warming[at]!.settle();
    await settle();
  }
  expect(part.calls).toEqual([`warm 0 ${MIB}`, `warm ${MIB} ${MIB}`, `warm ${2 * MIB} 500000`]);
  expect(received().equals(part.content)).toBe(true);
  expect([sent.calls, part.releases]).toEqual([3, 1]);
});

test('a range that was warmed leaves in small pieces while others are about, and is neither warmed nor asked for again', async () => {
  const part = new TestPart(2 * MIB);
  const asked: string[] = [];
  part.resident = (at, count) => {
    asked.push(`${at} ${count}`);
    return false;
  };
  const { files, settle, sent, received } = bed(part);
  files.brisk();
  for (let at = 0; at < 2; at++) {
    part.warming[at]!.settle();
    await settle();
  }
  expect(part.calls).toEqual([`warm 0 ${MIB}`, `warm ${MIB} ${MIB}`]);
  expect(asked).toEqual([`0 ${MIB}`, `${MIB} ${MIB}`]);
  expect(sent.calls).toBe((2 * MIB) / SERVER_LIMITS.pacedTurnBytesMax);
  expect(received().equals(part.content)).toBe(true);
});

test('what is in memory is sent at once', async () => {
  const part = new TestPart(2 * MIB);
  part.resident = () => true;
  const { settle, received } = bed(part);
  await settle();
  expect(part.calls).toEqual([]);
  expect(received().equals(part.content)).toBe(true);
});

test('a small slice is warmed too, rather than read', async () => {
  const part = new TestPart(1000);
  const { settle, received } = bed(part);
  await settle();
  expect(part.calls).toEqual(['warm 0 1000']);
  part.warming[0]!.settle();
  await settle();
  expect(received().equals(part.content)).toBe(true);
});

test('a client that vanishes during a warm-up leaves a slice that is released when it has settled, and an unwanted warm-up', async () => {
  const part = new TestPart(MIB);
  const { writer, settle, sent } = bed(part);
  expect(part.warming[0]!.isWanted()).toBe(true);
  writer.dispose();
  expect([part.warming[0]!.isWanted(), part.releases]).toEqual([false, 0]);
  part.warming[0]!.settle();
  await settle();
  expect([sent.calls, part.releases]).toEqual([0, 1]);
});

test('a file that cannot be opened for a look ends the connection', async () => {
  for (const size of [1000, MIB]) {
    const part = new TestPart(size);
    part.resident = () => {
      throw new Error('no descriptor');
    };
    const { settle, failures, received } = bed(part);
    await settle();
    expect([failures, part.releases, received().length]).toEqual([['no descriptor'], 1, 0]);
  }
});

test('a warm-up that fails ends the connection', async () => {
  const part = new TestPart(MIB);
  const { settle, failures } = bed(part);
  part.warming[0]!.settle(new Error('the disk'));
  await settle();
  expect([failures, part.releases]).toEqual([['the disk'], 1]);
});

test('an error of the disk under sendfile is looked at by reading', async () => {
  const part = new TestPart(200_000);
  part.resident = () => true;
  part.readError = new Error('bad sector');
  const { settle, failures } = bed(part, () => -EIO);
  await settle();
  expect([failures, part.releases]).toEqual([['bad sector'], 1]);
});

test.each(['ENOTCONN', 'EPIPE', 'ECONNRESET'] as const)(
  '%s under sendfile is a client that has left, and no failure',
  async (name) => {
    const part = new TestPart(200_000);
    part.resident = () => true;
    const { settle, failures } = bed(part, () => -constants.errno[name]);
    await settle();
    expect([failures, part.releases]).toEqual([['gone'], 1]);
  },
);

test('without sendfile, cold ranges are read on a thread and hot ones here, and the bytes are the same', async () => {
  for (let seed = 0; seed < 20; seed++) {
    const random = seededRandom(seed);
    const part = new TestPart(1 + Math.floor(random.next() * 3 * MIB));
    part.resident = () => random.next() < 0.5;
    const full = (): number => -EAGAIN;
    const { settle, received, failures } = bed(part, seed % 2 === 0 ? null : full);
    await settle();
    while (part.releases === 0) {
      for (const { settle: end } of part.warming.splice(0)) end();
      await settle();
    }
    expect(failures).toEqual([]);
    expect(received().equals(part.content), `seed ${seed}`).toBe(true);
  }
});

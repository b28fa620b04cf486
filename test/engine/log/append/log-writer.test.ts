import { describe, expect, test } from 'vitest';
import { LIMITS } from '../../../../engine/limits.js';
import { LogWriter } from '../../../../engine/log/append/log-writer.js';
import type { WriteGroup } from '../../../../engine/log/append/write-group.js';
import { ManualClock } from '../../../../engine/manual-clock.js';

const KIB = 1024;

/** A writer over a file that notes what comes to it, and answers when it is told to. */
function newWriter() {
  const writes: string[] = [];
  const pending: { resolve(): void; reject(error: Error): void }[] = [];
  const file = {
    isDirty: true,
    writevSync: (buffers: readonly Uint8Array[]) => void writes.push(`at once ${text(buffers)}`),
    writev: (buffers: readonly Uint8Array[]) => {
      writes.push(`on a thread ${text(buffers)}`);
      return new Promise<void>((resolve, reject) => pending.push({ resolve, reject }));
    },
  };
  const directory = { writesAsynchronously: false, assertOnline: () => {}, noteWrite: () => {} };
  const room = { hasRoom: true, freed: () => {} };
  const outcomes: string[] = [];
  const named = (group: WriteGroup) => text(group.buffers);
  const context = {
    directory,
    clock: new ManualClock(),
    counters: { writes: 0 },
    files: {
      get hasRoom() {
        return room.hasRoom;
      },
      whenRoom: () => new Promise<void>((resolve) => (room.freed = resolve)),
    },
    gatherWrites: () => {},
  };
  const writer = new LogWriter(context as never, {
    wrote: (group) => void outcomes.push(`wrote ${named(group)}`),
    writeFailed: (groups, error) => {
      outcomes.push(`lost ${groups.map(named).join(' and ')}`);
      return error as never;
    },
  });
  const stage = (bytes: string): void => {
    const begin = { segment: { file }, mark: { size: 0 }, startOffset: 0, epochs: [] };
    const buffer = Buffer.from(bytes);
    const begins = writer.hasStaged ? null : (begin as never);
    void writer.stage(buffer, { lastOffset: 0 } as never, begins);
  };
  return { writer, stage, directory, file, room, writes, outcomes, pending };
}

function text(buffers: readonly Uint8Array[]): string {
  return Buffer.concat(buffers).toString();
}

/** Resolves behind all microtasks: what follows from a write that has ended has happened. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('what is staged together leaves in one write, at once', () => {
  const { writer, stage, writes, outcomes } = newWriter();
  stage('a');
  stage('b');
  expect(writer.flush()).toBeNull();
  expect(writes).toEqual(['at once ab']);
  expect(outcomes).toEqual(['wrote ab']);
  expect(writer.isIdle).toBe(true);
});

describe('while a write is on a thread', () => {
  async function stalled() {
    const world = newWriter();
    world.directory.writesAsynchronously = true;
    world.stage('a');
    world.writer.flush();
    world.directory.writesAsynchronously = false;
    return world;
  }

  test('the next one waits for it, although the stall is over', async () => {
    const { writer, stage, writes, outcomes, pending } = await stalled();
    stage('b');
    writer.flush();
    expect(writes).toEqual(['on a thread a']);
    pending[0]!.resolve();
    await settled();
    expect(writes).toEqual(['on a thread a', 'on a thread b']);
    pending[1]!.resolve();
    await writer.settled();
    expect(outcomes).toEqual(['wrote a', 'wrote b']);
  });

  test('its failure takes all that has come behind it: what waits, and what is staged', async () => {
    const { writer, stage, outcomes, pending } = await stalled();
    stage('b');
    writer.flush();
    stage('c');
    pending[0]!.reject(new Error('the disk is full'));
    await settled();
    expect(outcomes).toEqual(['lost a and b and c']);
    expect(writer.isIdle).toBe(true);
    expect(writer.flush()).toBeNull();
  });
});

test('a write to a file without unsynced bytes waits while too many files have some', async () => {
  const { writer, stage, file, room, writes } = newWriter();
  file.isDirty = false;
  room.hasRoom = false;
  stage('a');
  writer.flush();
  expect(writes).toEqual([]);
  room.hasRoom = true;
  room.freed();
  await settled();
  expect(writes).toEqual(['on a thread a']);
});

test('many bytes do not wait for the end of the turn, and a megabyte takes no more', async () => {
  const { writer, stage, writes } = newWriter();
  stage('x'.repeat(LIMITS.writeWaitingBytes - 1));
  await settled();
  expect(writes).toEqual([]);
  stage('x');
  expect(writes).toEqual([]);
  await settled();
  expect(writes).toHaveLength(1);
  for (let bytes = 0; bytes < LIMITS.writeGroupBytes; bytes += 8 * KIB) {
    expect(writer.isFull).toBe(false);
    stage('x'.repeat(8 * KIB));
  }
  expect(writer.isFull).toBe(true);
});

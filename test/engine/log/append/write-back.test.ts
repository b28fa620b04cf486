import { describe, expect, test } from 'vitest';
import type { LogFile } from '../../../../engine/disk/log-file.js';
import { Gate } from '../../../../engine/gate.js';
import { LIMITS } from '../../../../engine/limits.js';
import { WriteBack } from '../../../../engine/log/append/write-back.js';
import { newCounters } from '../../../../engine/metrics.js';

const PIECE = LIMITS.writeBackBytes;

/** A file that remembers what was sent, and answers when it is told to. */
function fileOf() {
  const sent: [position: number, size: number][] = [];
  const answers: ((works: boolean) => void)[] = [];
  const file = {
    startWriteBack: (position: number, size: number) => {
      sent.push([position, size]);
      return new Promise<boolean>((resolve) => answers.push(resolve));
    },
  } as unknown as LogFile;
  const answer = async (works: boolean): Promise<void> => {
    answers.shift()!(works);
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { file, sent, answer };
}

describe('write-back', () => {
  test('sends each piece once, and what came meanwhile with the next', async () => {
    const counters = newCounters();
    const writeBack = new WriteBack(counters, new Gate(1));
    const { file, sent, answer } = fileOf();
    writeBack.wrote(file, 100, PIECE);
    expect(writeBack.begin()).toBe(true);
    expect(sent).toEqual([]);
    writeBack.wrote(file, PIECE, PIECE + 100);
    writeBack.begin();
    expect(sent).toEqual([[100, PIECE]]);
    writeBack.wrote(file, PIECE + 100, 3 * PIECE);
    writeBack.begin();
    expect(sent).toHaveLength(1);
    await answer(true);
    writeBack.wrote(file, 3 * PIECE, 3 * PIECE + 5);
    writeBack.begin();
    expect(sent.at(-1)).toEqual([PIECE + 100, 2 * PIECE - 95]);
    expect(counters.writeBacks).toBe(2);
  });

  test('begins again with a new file, and behind a truncation', async () => {
    const writeBack = new WriteBack(newCounters(), new Gate(1));
    const first = fileOf();
    const second = fileOf();
    writeBack.wrote(first.file, 0, PIECE - 1);
    writeBack.wrote(second.file, 0, PIECE);
    writeBack.begin();
    expect(first.sent).toEqual([]);
    expect(second.sent).toEqual([[0, PIECE]]);
    await second.answer(true);
    writeBack.wrote(second.file, 10, PIECE + 10);
    writeBack.begin();
    expect(second.sent.at(-1)).toEqual([10, PIECE]);
  });

  test('says when this disk cannot, so that a sync does it', async () => {
    const writeBack = new WriteBack(newCounters(), new Gate(1));
    const { file, sent, answer } = fileOf();
    writeBack.wrote(file, 0, PIECE);
    expect(writeBack.begin()).toBe(true);
    await answer(false);
    writeBack.wrote(file, PIECE, 3 * PIECE);
    expect(writeBack.begin()).toBe(false);
    expect(sent).toHaveLength(1);
  });

  test('of many logs, as many as the gate admits are under way; the others wait, and lose nothing', async () => {
    const gate = new Gate(1);
    const counters = newCounters();
    const first = fileOf();
    const second = fileOf();
    const one = new WriteBack(counters, gate);
    const other = new WriteBack(counters, gate);
    one.wrote(first.file, 0, PIECE);
    other.wrote(second.file, 0, PIECE);
    expect(one.begin()).toBe(true);
    expect(other.begin()).toBe(true);
    expect(second.sent).toEqual([]);
    await first.answer(true);
    expect(second.sent).toEqual([[0, PIECE]]);
    expect(counters.writeBacks).toBe(2);
  });

  test('a file that is gone when its turn comes does not end the write-back of the next', async () => {
    const writeBack = new WriteBack(newCounters(), new Gate(1));
    const gone = { startWriteBack: () => Promise.reject(new Error('ENOENT')) };
    writeBack.wrote(gone as unknown as LogFile, 0, PIECE);
    writeBack.begin();
    await new Promise((resolve) => setImmediate(resolve));
    const next = fileOf();
    writeBack.wrote(next.file, 0, PIECE);
    expect(writeBack.begin()).toBe(true);
    expect(next.sent).toEqual([[0, PIECE]]);
  });
});

import { describe, expect, test } from 'vitest';
import { batchSize, lastOffset } from '../../../../engine/batch/header.js';
import { writeInt64 } from '../../../../engine/batch/int64.js';
import {
  holdsBatch,
  type Readable,
  showsDamage,
} from '../../../../engine/log/recovery/tail-evidence.js';
import { batchOf } from '../../../support/batches.js';

const MIB = 1024 * 1024;

/** A file in memory that counts what is read of it. */
class CountedBytes implements Readable {
  readonly bytes: Buffer;
  bytesRead = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    const count = this.bytes.copy(into, 0, position, position + into.length);
    this.bytesRead += count;
    return count;
  }
}

function stamped(offset: number, value: Buffer | string): Buffer {
  const batch = batchOf(value);
  writeInt64(batch, 0, offset);
  return batch;
}

function isDamage(bytes: Buffer, from: number, offset: number): Promise<boolean> {
  return showsDamage(new CountedBytes(bytes), from, bytes.length, offset);
}

/**
 * Whole batches, as in a mirrored segment: those of later offsets, of earlier ones, and of offsets
 * beyond 2^31.
 */
const COPIED = Buffer.concat([0, 8, 9, 2 ** 40].map((offset) => stamped(offset, `at ${offset}`)));

describe('a torn batch whose value holds whole batches', () => {
  const carrier = stamped(7, Buffer.concat([Buffer.alloc(30), COPIED, COPIED]));

  test('is torn wherever it was cut', async () => {
    for (let size = 1; size < carrier.length; size++) {
      expect(await isDamage(carrier.subarray(0, size), 0, 7), `cut at ${size}`).toBe(false);
    }
  });

  test('is torn behind other torn batches, whole in length', async () => {
    const lost = stamped(7, 'lost');
    lost.fill(0, 70);
    const bytes = Buffer.concat([lost, stamped(8, COPIED).subarray(0, -1)]);
    expect(await isDamage(bytes, 0, 7)).toBe(false);
  });

  test('is whole, and so damaged, under any other length', async () => {
    const behind = stamped(8, 'behind');
    for (const follows of [Buffer.alloc(0), behind, behind.subarray(0, 40), behind.subarray(0, 9)])
      for (const length of [-1, 0, 48, 49, 200, carrier.length - 13, 100_000, 2 ** 31 - 1]) {
        const bytes = Buffer.concat([carrier, follows]);
        bytes.writeInt32BE(length, 8);
        const where = `length ${length} before ${follows.length} bytes`;
        expect(await isDamage(bytes, 0, 7), where).toBe(true);
      }
  });
});

describe('a whole batch', () => {
  test('is damaged where its base offset or its magic does not fit', async () => {
    const batch = stamped(7, 'value');
    expect(await isDamage(batch, 0, 8)).toBe(true);
    for (let at = 0; at < 8 * 8; at++) {
      const flipped = Buffer.from(batch);
      flipped[at >> 3]! ^= 1 << (at & 7);
      expect(await isDamage(flipped, 0, 8), `bit ${at} of the base offset`).toBe(true);
    }
    batch[16] = 3;
    expect(await isDamage(batch, 0, 7)).toBe(true);
  });

  test('is found behind a bad one of any length in bytes, whatever its offset is', async () => {
    for (const value of ['short', 'x'.repeat(MIB - 80), 'x'.repeat(3 * MIB)]) {
      for (const offset of [8, 2 ** 31 + 9, 2 ** 52]) {
        const bad = stamped(7, value);
        bad[bad.length - 2]! ^= 1;
        const bytes = Buffer.concat([bad, stamped(offset, 'later')]);
        expect(await isDamage(bytes, 0, 7), `${value.length} bytes, then ${offset}`).toBe(true);
      }
    }
  });

  test('is found under another length across the edges of what is read at a time', async () => {
    for (const more of [-1, 17, MIB - 17]) {
      const batch = stamped(7, Buffer.alloc(MIB - 80 + more, 1));
      batch.writeInt32BE(batch.length + 5, 8);
      const where = `of ${batch.length} bytes`;
      expect(await isDamage(batch, 0, 7), where).toBe(true);
      expect(await isDamage(Buffer.concat([batch, stamped(8, 'b')]), 0, 7), where).toBe(true);
      expect(await isDamage(batch.subarray(0, -1), 0, 7), where).toBe(false);
    }
  });
});

describe('bytes that are no header', () => {
  test('say nothing about those behind: a whole batch is found at any distance', async () => {
    for (const gap of [0, 1, MIB - 30, MIB, MIB + 30]) {
      const bytes = Buffer.concat([Buffer.alloc(gap), stamped(9, 'far')]);
      const file = new CountedBytes(bytes);
      expect(await holdsBatch(file, 0, bytes.length, 5)).toBe(true);
      expect(await holdsBatch(file, 0, bytes.length, 10)).toBe(false);
      expect(await holdsBatch(file, gap + 1, bytes.length, 5)).toBe(false);
      expect(await isDamage(bytes, 0, 5)).toBe(true);
    }
  });

  test('are no damage where nothing whole follows', async () => {
    expect(await isDamage(Buffer.alloc(0), 0, 0)).toBe(false);
    expect(await isDamage(Buffer.alloc(5000), 0, 0)).toBe(false);
    expect(await isDamage(Buffer.alloc(5000, 2), 0, 0)).toBe(false);
  });

  test('cost no more than a number of readings, whatever headers they imitate', async () => {
    const header = stamped(9, 'x').subarray(0, 61);
    const bytes = Buffer.concat(Array.from({ length: 20_000 }, () => header));
    for (let at = 0; at < bytes.length; at += 61)
      bytes.writeInt32BE(bytes.length - at - 12, at + 8);
    const hidden = Buffer.concat([Buffer.alloc(61), bytes]);
    const file = new CountedBytes(hidden);
    // Nothing is cut where it cannot be told.
    expect(await showsDamage(file, 0, hidden.length, 5)).toBe(true);
    expect(file.bytesRead).toBeLessThan(hidden.length * 20);
  });
});

test('a header that claims to the end is read for a number of times, whatever its value imitates', async () => {
  const head = stamped(8, 'x').subarray(0, 17);
  const value = Buffer.concat(Array.from({ length: 60_000 }, () => head));
  const torn = stamped(7, value).subarray(0, -1);
  expect(lastOffset(torn)).toBe(7);
  expect(batchSize(torn)).toBe(torn.length + 1);
  const file = new CountedBytes(torn);
  expect(await showsDamage(file, 0, torn.length, 7)).toBe(false);
  expect(file.bytesRead).toBeLessThan(torn.length * 3);
});

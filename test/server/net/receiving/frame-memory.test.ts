import { describe, expect, test } from 'vitest';
import { FrameMemory } from '../../../../server/net/receiving/frame-memory.js';

const KIB = 1024;

describe('frame memory', () => {
  test('what was given back by its last holder is lent again, the latest first', () => {
    const memory = new FrameMemory(1024 * KIB);
    const first = memory.take(100 * KIB);
    const second = memory.take(100 * KIB);
    expect(second.bytes.buffer).not.toBe(first.bytes.buffer);
    second.retain();
    second.release();
    expect(memory.take(100 * KIB).bytes.buffer).not.toBe(second.bytes.buffer);
    first.release();
    second.release();
    expect(memory.take(100 * KIB).bytes.buffer).toBe(second.bytes.buffer);
  });

  test('it knows what is lent, and whether a slab has one holder', () => {
    const memory = new FrameMemory(300 * KIB);
    const slab = memory.take(200 * KIB);
    expect([memory.usedBytes, memory.mayBeKept, slab.isAlone]).toEqual([256 * KIB, true, true]);
    slab.retain();
    expect(slab.isAlone).toBe(false);
    const large = memory.take(1000 * KIB);
    expect([large.bytes.length, memory.mayBeKept]).toEqual([1088 * KIB, false]);
    for (const held of [slab, slab, large]) held.release();
    expect(memory.usedBytes).toBe(0);
  });

  test('beyond its limit, and for what is larger than all it keeps, frames get memory of their own size', () => {
    const memory = new FrameMemory(1);
    const lent = memory.take(1);
    const own = memory.take(5000);
    const huge = new FrameMemory(1024 * KIB).take(2048 * KIB);
    expect([own.bytes.length, huge.bytes.length]).toEqual([5000, 2048 * KIB]);
    expect(memory.usedBytes).toBe(lent.bytes.length);
    own.release();
    expect(memory.take(5000).bytes.buffer).not.toBe(own.bytes.buffer);
  });

  test('a frame gets the smallest memory that holds it, so that many may wait at a time', () => {
    const memory = new FrameMemory(1024 * KIB);
    const sizes = [1, 17, 33, 100, 300, 600].map((kib) => memory.take(kib * KIB).bytes.length);
    expect(sizes).toEqual([32, 32, 64, 256, 512, 1088].map((kib) => kib * KIB));
  });

  test('only while little is lent may streams keep some', () => {
    const memory = new FrameMemory(64 * 1024 * KIB);
    const slabs = Array.from({ length: 63 }, () => memory.take(256 * KIB));
    expect(memory.mayBeKept).toBe(true);
    slabs.push(memory.take(256 * KIB));
    expect(memory.mayBeKept).toBe(false);
    slabs.pop()!.release();
    expect(memory.mayBeKept).toBe(true);
  });

  test('giving back twice is a broken program', () => {
    const slab = new FrameMemory(1024 * KIB).take(1);
    slab.release();
    expect(() => slab.release()).toThrow('given back once');
  });
});

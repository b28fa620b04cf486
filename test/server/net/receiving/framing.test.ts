import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FrameMemory, type Slab } from '../../../../server/net/receiving/frame-memory.js';
import {
  FrameParser,
  FramingError,
  type FramingLimits,
} from '../../../../server/net/receiving/framing.js';

const LIMITS: FramingLimits = { sizeMin: 1, sizeMax: 4_000_000, allocateAtOnceBytes: 100_000 };

/** A frame whose bytes tell where they belong. */
function body(size: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + seed * 17) & 0xff;
  return bytes;
}

function prefixed(frame: Buffer): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeInt32BE(frame.length);
  return Buffer.concat([prefix, frame]);
}

/**
 * Feeds the stream as a socket would: into the parser's own buffer where it offers one, else into a
 * scratch that is spoilt after each read. `sizes` says how much each read brings, over and over.
 */
function feed(parser: FrameParser, stream: Buffer, sizes: number[], direct: boolean): Buffer[] {
  const frames: Buffer[] = [];
  const scratch = Buffer.alloc(300_000);
  for (let at = 0, turn = 0; at < stream.length; turn++) {
    const into = (direct ? parser.receiveInto() : null) ?? scratch;
    const count = Math.min(sizes[turn % sizes.length]!, into.length, stream.length - at);
    stream.copy(into, 0, at, at + count);
    parser.push(into.subarray(0, count), (frame) => frames.push(frame));
    scratch.fill(0xee);
    at += count;
  }
  return frames;
}

describe('frame parser', () => {
  test('any cutting of any frames gives the same frames, which stay intact', () => {
    const frameSizes = fc.array(
      fc.oneof(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40_000 }),
        fc.integer({ min: 99_990, max: 600_000 }),
      ),
      { minLength: 1, maxLength: 8 },
    );
    const reads = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 300_000 })),
      { minLength: 1, maxLength: 5 },
    );
    const lent = fc.constantFrom(0, 300_000, 50_000_000);
    fc.assert(
      fc.property(frameSizes, reads, fc.boolean(), lent, (sizes, readSizes, direct, limitBytes) => {
        // A stream of large frames in tiny reads takes too long to be worth it.
        const large = sizes.reduce((sum, size) => sum + size, 0) > 50_000;
        const usable = large ? readSizes.map((size) => Math.max(size, 500)) : readSizes;
        const expected = sizes.map((size, at) => body(size, at));
        const parser = new FrameParser(LIMITS, new FrameMemory(limitBytes));
        const frames = feed(parser, Buffer.concat(expected.map(prefixed)), usable, direct);
        expect(frames.length).toBe(expected.length);
        frames.forEach((frame, at) => {
          expect(frame.equals(expected[at]!)).toBe(true);
        });
        expect(parser.partialBytes).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  test.each([-1, -(2 ** 31), 0, 7, 1001])('a frame of size %i ends the stream', (size) => {
    const parser = new FrameParser({ ...LIMITS, sizeMin: 8, sizeMax: 1000 });
    const good = body(8, 1);
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(size);
    const frames: Buffer[] = [];
    const push = (): void =>
      parser.push(Buffer.concat([prefixed(good), prefix]), (frame) => frames.push(frame));
    expect(push).toThrow(FramingError);
    expect(frames).toEqual([good]);
  });

  test('a bad size is noticed as soon as its last byte has come', () => {
    const parser = new FrameParser(LIMITS);
    const none = (): void => {};
    parser.push(Buffer.from([0xff]), none);
    parser.push(Buffer.from([0xff, 0xff]), none);
    expect(() => parser.push(Buffer.from([0xff]), none)).toThrow('frame size -1');
  });

  test('an announced size costs nothing until bytes come, and then no more than twice those', () => {
    const parser = new FrameParser({ ...LIMITS, sizeMax: 2 ** 31 - 1 });
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(100_000_000);
    parser.push(prefix, () => {});
    expect(parser.receiveInto()).toBeNull();
    expect(parser.partialBytes).toBe(4);
    let received = 1;
    parser.push(Buffer.alloc(1), () => {});
    while (received < 5_000_000) {
      const into = parser.receiveInto()!;
      expect(into.buffer.byteLength).toBeLessThanOrEqual(Math.max(2 * (received + 4), 256 * 1024));
      parser.push(into, () => {});
      received += into.length;
    }
  });

  test('the rest of a larger frame is received in place, without a copy', () => {
    const parser = new FrameParser(LIMITS);
    const frame = body(90_000, 3);
    const stream = prefixed(frame);
    const frames: Buffer[] = [];
    parser.push(stream.subarray(0, 1000), (whole) => frames.push(whole));
    const into = parser.receiveInto()!;
    expect(into.length).toBe(90_004 - 1000);
    stream.copy(into, 0, 1000);
    parser.push(into, (whole) => frames.push(whole));
    expect(frames[0]!.equals(frame)).toBe(true);
    expect(frames[0]!.buffer).toBe(into.buffer);
  });

  test('while much comes, frames stay where they arrived, and memory goes round', () => {
    const memory = new FrameMemory(4 * 1024 * 1024);
    const parser = new FrameParser({ ...LIMITS, allocateAtOnceBytes: 1024 * 1024 }, memory);
    const wanted = Array.from({ length: 400 }, (_, at) => body(64_000 + at, at));
    const stream = Buffer.concat(wanted.map(prefixed));
    const scratch = Buffer.alloc(256 * 1024);
    const memories = new Set<unknown>();
    let next = 0;
    let inPlace = 0;
    for (let at = 0; at < stream.length; ) {
      const into = parser.receiveInto() ?? scratch;
      const count = Math.min(into.length, 150_000, stream.length - at);
      stream.copy(into, 0, at, at + count);
      at += count;
      const taken: (Slab | null)[] = [];
      parser.push(into.subarray(0, count), (frame, slab) => {
        expect(frame.equals(wanted[next++]!)).toBe(true);
        if (frame.buffer === into.buffer) inPlace += 1;
        memories.add(frame.buffer);
        taken.push(slab);
      });
      for (const slab of taken) slab!.release();
    }
    parser.close();
    expect(next).toBe(400);
    expect(inPlace).toBeGreaterThan(250);
    expect(memories.size).toBeLessThan(5);
    expect(memory.usedBytes).toBe(0);
  });

  test('a thousand streams keep no more memory between their frames than a few', () => {
    const memory = new FrameMemory(64 * 1024 * 1024);
    const streams = Array.from({ length: 1000 }, () => new FrameParser(LIMITS, memory));
    const frame = prefixed(body(16_500, 1));
    for (let round = 0; round < 3; round++) {
      for (const parser of streams) {
        const into = parser.receiveInto() ?? Buffer.alloc(256 * 1024);
        frame.copy(into);
        parser.push(into.subarray(0, frame.length), (whole, slab) => {
          expect(whole.equals(frame.subarray(4))).toBe(true);
          slab!.release();
        });
      }
      expect(memory.usedBytes).toBeLessThanOrEqual(16 * 1024 * 1024);
    }
    for (const parser of streams) parser.close();
    expect(memory.usedBytes).toBe(0);
  });

  test('a stream that goes quiet gives its memory back with the next small read', () => {
    const memory = new FrameMemory(1024 * 1024);
    const parser = new FrameParser(LIMITS, memory);
    const release = (_: Buffer, slab: Slab | null): void => slab?.release();
    parser.push(prefixed(body(50_000, 1)), release);
    const into = parser.receiveInto()!;
    expect(memory.usedBytes).toBeGreaterThan(0);
    const small = prefixed(body(100, 2));
    small.copy(into);
    parser.push(into.subarray(0, small.length), release);
    expect([parser.receiveInto(), memory.usedBytes]).toEqual([null, 0]);
  });
});

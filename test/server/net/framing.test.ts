import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { FrameParser, FramingError, type FramingLimits } from '../../../server/net/framing.js';

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
    fc.assert(
      fc.property(frameSizes, reads, fc.boolean(), (sizes, readSizes, direct) => {
        // A stream of large frames in tiny reads takes too long to be worth it.
        const large = sizes.reduce((sum, size) => sum + size, 0) > 50_000;
        const usable = large ? readSizes.map((size) => Math.max(size, 500)) : readSizes;
        const expected = sizes.map((size, at) => body(size, at));
        const parser = new FrameParser(LIMITS);
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
});

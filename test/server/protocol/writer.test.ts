import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Reader } from '../../../server/protocol/reader.js';
import { COPY_MAX, type Part, Writer } from '../../../server/protocol/writer.js';

interface Step {
  readonly write: (writer: Writer) => void;
  readonly read: (reader: Reader) => unknown;
  readonly value: unknown;
}

function steps<T>(
  values: fc.Arbitrary<T>,
  write: (writer: Writer, value: T) => void,
  read: (reader: Reader) => unknown,
): fc.Arbitrary<Step> {
  return values.map((value) => ({ value, read, write: (writer) => write(writer, value) }));
}

const text = fc.string({ unit: 'binary', maxLength: 60 });
const raw = fc.integer({ min: 0, max: 3 * COPY_MAX }).map((size) => Buffer.alloc(size, size));
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  steps(
    fc.boolean(),
    (w, v) => w.bool(v),
    (r) => r.bool(),
  ),
  steps(
    fc.integer({ min: -128, max: 127 }),
    (w, v) => w.int8(v),
    (r) => r.int8(),
  ),
  steps(
    fc.integer({ min: -32768, max: 32767 }),
    (w, v) => w.int16(v),
    (r) => r.int16(),
  ),
  steps(
    fc.integer({ min: 0, max: 65535 }),
    (w, v) => w.uint16(v),
    (r) => r.uint16(),
  ),
  steps(
    fc.integer(),
    (w, v) => w.int32(v),
    (r) => r.int32(),
  ),
  steps(
    fc.integer({ min: 0, max: 0xffffffff }),
    (w, v) => w.uint32(v),
    (r) => r.uint32(),
  ),
  steps(
    fc.maxSafeInteger(),
    (w, v) => w.int64(v),
    (r) => r.int64(),
  ),
  steps(
    fc.double(),
    (w, v) => w.float64(v),
    (r) => r.float64(),
  ),
  steps(
    fc.integer({ min: 0, max: 0xffffffff }),
    (w, v) => w.uvarint(v),
    (r) => r.uvarint(),
  ),
  steps(
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((b) => Buffer.from(b).toString('base64url')),
    (w, v) => w.uuid(v),
    (r) => r.uuid(),
  ),
  steps(
    text,
    (w, v) => w.string(v),
    (r) => r.string(),
  ),
  steps(
    fc.option(text),
    (w, v) => w.nullableString(v),
    (r) => r.nullableString(),
  ),
  steps(
    text,
    (w, v) => w.compactString(v),
    (r) => r.compactString(),
  ),
  steps(
    fc.option(text),
    (w, v) => w.compactNullableString(v),
    (r) => r.compactNullableString(),
  ),
  steps(
    fc.option(raw),
    (w, v) => w.bytes(v),
    (r) => r.nullableBytes(),
  ),
  steps(
    fc.option(raw),
    (w, v) => w.compactBytes(v),
    (r) => r.compactNullableBytes(),
  ),
);

function joined(parts: readonly Part[]): Buffer {
  return Buffer.concat(parts.map((part) => part as Buffer));
}

test('what is written is read back, whatever the order and however small the first buffer', () => {
  fc.assert(
    fc.property(
      fc.array(anyStep, { maxLength: 40 }),
      fc.integer({ min: 1, max: 64 }),
      (list, size) => {
        const writer = new Writer(size);
        for (const step of list) step.write(writer);
        const { size: announced } = writer;
        const reader = new Reader(joined(writer.finish()));
        expect(announced).toBe(reader.remaining);
        for (const step of list) expect(step.read(reader)).toEqual(step.value);
        expect(reader.remaining).toBe(0);
      },
    ),
    { numRuns: 500 },
  );
});

test('frames that are written at the same time, or after one was given up, do not share bytes', () => {
  const frames: { parts: readonly Part[]; expected: Buffer }[] = [];
  for (let round = 0; round < 200; round++) {
    const outer = new Writer();
    const inner = new Writer();
    expect(() => new Writer().int8(1000)).toThrow(RangeError);
    for (let index = 0; index < 100; index++) {
      outer.int8(round % 100);
      inner.int8(-(round % 100));
    }
    const size = 100;
    frames.push({ parts: inner.finish(), expected: Buffer.alloc(size, -(round % 100)) });
    frames.push({ parts: outer.finish(), expected: Buffer.alloc(size, round % 100) });
  }
  for (const { parts, expected } of frames) expect(joined(parts).equals(expected)).toBe(true);
});

describe('parts', () => {
  test('bytes above the copy limit are passed on, smaller ones are copied', () => {
    const large = Buffer.alloc(COPY_MAX + 1, 1);
    const small = Buffer.alloc(COPY_MAX, 2);
    const writer = new Writer();
    writer.int8(1);
    writer.bytes(large);
    writer.bytes(small);
    const parts = writer.finish();
    expect(parts).toHaveLength(3);
    expect(parts[1]).toBe(large);
    small.fill(9);
    expect((parts[2] as Buffer).subarray(4)).toEqual(Buffer.alloc(COPY_MAX, 2));
  });

  test('a slice is passed on by identity, and its size is counted', () => {
    const slice = { size: 1_000_000 };
    const writer = new Writer();
    writer.int32(0);
    writer.bytes(slice);
    writer.int8(7);
    const parts = writer.finishFrame();
    expect(parts).toEqual([Buffer.from('000f4245000f4240', 'hex'), slice, Buffer.from([7])]);
    expect(parts[1]).toBe(slice);
  });

  test('an empty slice leaves only its length', () => {
    const writer = new Writer();
    writer.compactBytes({ size: 0 });
    expect(writer.finish()).toEqual([Buffer.from([1])]);
  });

  test('any Uint8Array is accepted', () => {
    const writer = new Writer();
    writer.bytes(new Uint8Array([1, 2]));
    writer.bytes(new Uint8Array(COPY_MAX + 1));
    expect(joined(writer.finish())).toHaveLength(4 + 2 + 4 + COPY_MAX + 1);
  });
});

describe('tagged fields', () => {
  test('get their size in front, however many bytes it takes', () => {
    for (const size of [0, 1, 127, 128, 129, 20_000]) {
      for (const hint of [1, 128, 30_000]) {
        const writer = new Writer(hint);
        writer.bytes(Buffer.alloc(2000, 3));
        const begin = writer.beginTag();
        for (let i = 0; i < size; i++) writer.int8(i % 100);
        writer.endTag(begin);
        writer.int8(-1);
        const reader = new Reader(joined(writer.finish()));
        reader.bytes();
        expect(reader.uvarint()).toBe(size);
        let equal = true;
        for (let i = 0; i < size; i++) equal &&= reader.int8() === i % 100;
        expect(equal).toBe(true);
        expect(reader.int8()).toBe(-1);
        expect(reader.remaining).toBe(0);
      }
    }
  });

  test('hold bytes of any size, but no slice', () => {
    const writer = new Writer();
    const begin = writer.beginTag();
    writer.compactBytes(Buffer.alloc(5000, 4));
    writer.endTag(begin);
    expect(writer.finish()).toHaveLength(1);
    const other = new Writer();
    other.beginTag();
    expect(() => other.compactBytes({ size: 1 })).toThrow(RangeError);
  });
});

test('a value outside its type is refused, not cut', () => {
  const bad: ((writer: Writer) => void)[] = [
    (w) => w.int8(128),
    (w) => w.int16(-32769),
    (w) => w.uint16(-1),
    (w) => w.int32(2 ** 31),
    (w) => w.int32(1.5),
    (w) => w.uint32(-1),
    (w) => w.int64(2 ** 53),
    (w) => w.int64(Number.NaN),
    (w) => w.uvarint(2 ** 32),
    (w) => w.uuid('too short'),
    (w) => w.uuid('!'.repeat(22)),
    (w) => w.string('x'.repeat(32768)),
    (w) => w.bytes({ size: 2 ** 31 }),
  ];
  for (const write of bad) expect(() => write(new Writer())).toThrow(RangeError);
});

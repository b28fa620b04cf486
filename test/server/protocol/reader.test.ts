import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProtocolError, type ProtocolErrorCode } from '../../../server/protocol/protocol-error.js';
import { Reader } from '../../../server/protocol/reader.js';
import { ZERO_UUID } from '../../../server/protocol/schema.js';

function hex(text: string): Reader {
  return new Reader(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

function codeOf(read: () => unknown): ProtocolErrorCode | 'no error' {
  try {
    read();
    return 'no error';
  } catch (error) {
    if (error instanceof ProtocolError) return error.code;
    throw error;
  }
}

describe('numbers', () => {
  test('are big-endian and signed unless named otherwise', () => {
    expect(hex('ff').int8()).toBe(-1);
    expect(hex('8000').int16()).toBe(-32768);
    expect(hex('8000').uint16()).toBe(32768);
    expect(hex('80000000').int32()).toBe(-2147483648);
    expect(hex('80000000').uint32()).toBe(2147483648);
    expect(hex('fffffffffffffffe').int64()).toBe(-2);
    expect(hex('3ff8000000000000').float64()).toBe(1.5);
    expect(hex('02').bool()).toBe(true);
  });

  test('of 64 bits are exact up to 2^53 - 1 on both sides', () => {
    expect(hex('001fffffffffffff').int64()).toBe(Number.MAX_SAFE_INTEGER);
    expect(hex('ffe0000000000001').int64()).toBe(Number.MIN_SAFE_INTEGER);
  });

  test('of 64 bits beyond that are refused, never rounded', () => {
    for (const bytes of ['0020000000000000', '0020000000000001', 'ffe0000000000000']) {
      expect(codeOf(() => hex(bytes).int64())).toBe('INT64_RANGE');
    }
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        const buffer = Buffer.alloc(8);
        buffer.writeBigInt64BE(value);
        const safe = Number.isSafeInteger(Number(value));
        if (safe) expect(new Reader(buffer).int64()).toBe(Number(value));
        else expect(codeOf(() => new Reader(buffer).int64())).toBe('INT64_RANGE');
      }),
    );
  });

  test('of 64 bits can be clamped instead', () => {
    expect(hex('7fffffffffffffff').int64Clamped()).toBe(Number.MAX_SAFE_INTEGER);
    expect(hex('8000000000000000').int64Clamped()).toBe(Number.MIN_SAFE_INTEGER);
    expect(hex('0020000000000000').int64Clamped()).toBe(Number.MAX_SAFE_INTEGER);
    expect(hex('ffe0000000000000').int64Clamped()).toBe(Number.MIN_SAFE_INTEGER);
    expect(hex('fffffffffffffffb').int64Clamped()).toBe(-5);
  });

  test('of variable length hold 32 bits at most', () => {
    expect(hex('00').uvarint()).toBe(0);
    expect(hex('ac02').uvarint()).toBe(300);
    expect(hex('ffffffff0f').uvarint()).toBe(0xffffffff);
    expect(codeOf(() => hex('ffffffff1f').uvarint())).toBe('BAD_VARINT');
    expect(codeOf(() => hex('808080808001').uvarint())).toBe('BAD_VARINT');
    expect(codeOf(() => hex('8080').uvarint())).toBe('TRUNCATED');
  });
});

describe('strings and bytes', () => {
  test('have an int16 or int32 length before flexible versions, a varint of length + 1 after', () => {
    expect(hex('0002 6869').string()).toBe('hi');
    expect(hex('03 6869').compactString()).toBe('hi');
    expect(hex('00000002 6869').bytes()).toEqual(Buffer.from('hi'));
    expect(hex('03 6869').compactBytes()).toEqual(Buffer.from('hi'));
  });

  test('are null at length -1, which only the nullable forms accept', () => {
    expect(hex('ffff').nullableString()).toBeNull();
    expect(hex('00').compactNullableString()).toBeNull();
    expect(hex('ffffffff').nullableBytes()).toBeNull();
    expect(hex('00').compactNullableBytes()).toBeNull();
    expect(codeOf(() => hex('ffff').string())).toBe('UNEXPECTED_NULL');
    expect(codeOf(() => hex('00').compactString())).toBe('UNEXPECTED_NULL');
    expect(codeOf(() => hex('ffffffff').bytes())).toBe('UNEXPECTED_NULL');
    expect(codeOf(() => hex('00').compactBytes())).toBe('UNEXPECTED_NULL');
  });

  test('of any other negative length are refused', () => {
    expect(codeOf(() => hex('fffe').nullableString())).toBe('BAD_LENGTH');
    expect(codeOf(() => hex('80000000').nullableBytes())).toBe('BAD_LENGTH');
  });

  test('longer than the frame are refused', () => {
    expect(codeOf(() => hex('0003 6869').string())).toBe('TRUNCATED');
    expect(codeOf(() => hex('7fffffff 6869').bytes())).toBe('TRUNCATED');
    expect(codeOf(() => hex('ffffffff0f 6869').compactNullableBytes())).toBe('TRUNCATED');
  });

  test('short or long, ASCII or not, read as UTF-8', () => {
    for (const text of ['', 'a', 'ä', 'topic-ä-😀', 'x'.repeat(200), 'ü'.repeat(100)]) {
      const bytes = Buffer.from(text);
      expect(new Reader(Buffer.concat([Buffer.from([0, bytes.length]), bytes])).string()).toBe(
        text,
      );
    }
    expect(hex('0001 ff').string()).toBe('\ufffd');
  });

  test('of bytes are views on the frame', () => {
    const frame = Buffer.from('0000000161', 'hex');
    const view = new Reader(frame).bytes();
    frame[4] = 0x62;
    expect(view.toString()).toBe('b');
  });
});

test('a string is not longer than Kafka lets it be, in compact encodings neither', () => {
  const compact = (size: number): Reader => {
    const length = size + 1;
    const prefix = [(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14];
    return new Reader(Buffer.concat([Buffer.from(prefix), Buffer.alloc(size, 'a')]));
  };
  expect(compact(32_767).compactString()).toHaveLength(32_767);
  expect(codeOf(() => compact(32_768).compactString())).toBe('BAD_LENGTH');
  expect(codeOf(() => compact(32_768).compactNullableString())).toBe('BAD_LENGTH');
});

test('long strings count as elements, one in each 64 bytes, and short ones do not', () => {
  const read = (size: number, elementsMax: number): string => {
    const bytes = Buffer.alloc(2 + size, 'a');
    bytes.writeInt16BE(size);
    return new Reader(bytes, 0, elementsMax).string();
  };
  expect(read(63, 0)).toHaveLength(63);
  expect(read(32_767, 511)).toHaveLength(32_767);
  expect(codeOf(() => read(64, 0))).toBe('TOO_MANY_ELEMENTS');
  expect(codeOf(() => read(32_767, 510))).toBe('TOO_MANY_ELEMENTS');
});

test('a uuid reads as its base64url text', () => {
  expect(hex('00'.repeat(16)).uuid()).toBe(ZERO_UUID);
  expect(hex('ffefbe00000000000000000000000000').uuid()).toBe('_---AAAAAAAAAAAAAAAAAA');
});

describe('counts', () => {
  test('that the rest of the frame cannot hold are refused', () => {
    expect(codeOf(() => hex('00000000').count(0x7fffffff, 1))).toBe('TRUNCATED');
    expect(codeOf(() => hex('00000000').count(3, 2))).toBe('TRUNCATED');
    expect(hex('00000000').count(2, 2)).toBe(2);
  });

  test('below zero are refused', () => {
    expect(codeOf(() => hex('00').count(-1, 1))).toBe('UNEXPECTED_NULL');
    expect(codeOf(() => hex('00').count(-2, 1))).toBe('BAD_LENGTH');
  });

  test('are bounded over the whole frame', () => {
    const reader = new Reader(Buffer.alloc(100), 0, 10);
    reader.count(6, 1);
    reader.count(4, 1);
    expect(codeOf(() => reader.count(1, 1))).toBe('TOO_MANY_ELEMENTS');
  });
});

test('unknown tags count as array elements do, and as many must fit into the frame', () => {
  const tags = (count: number): Buffer =>
    Buffer.concat([Buffer.of(count), Buffer.alloc(2 * count, Buffer.of(99, 0))]);
  new Reader(tags(10), 0, 10).skipTags();
  expect(codeOf(() => new Reader(tags(11), 0, 10).skipTags())).toBe('TOO_MANY_ELEMENTS');
  expect(codeOf(() => new Reader(Buffer.of(3, 99, 0)).skipTags())).toBe('TRUNCATED');
});

test('a tagged section of unknown tags is passed over, within the frame', () => {
  const reader = hex('02 00 02 aabb 07 00 55');
  reader.skipTags();
  expect(reader.remaining).toBe(1);
  expect(codeOf(() => hex('01 00 05 aabb').skipTags())).toBe('TRUNCATED');
  expect(codeOf(() => hex('ffffffff0f 00 00').skipTags())).toBe('TRUNCATED');
});

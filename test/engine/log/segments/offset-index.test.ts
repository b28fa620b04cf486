import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { OffsetIndex } from '../../../../engine/log/segments/offset-index.js';

const entries = fc
  .uniqueArray(
    fc.tuple(fc.integer({ min: 0, max: 2 ** 31 - 1 }), fc.integer({ min: 1, max: 2 ** 31 - 1 })),
    {
      maxLength: 60,
    },
  )
  .map((pairs) => {
    const offsets = [...new Set(pairs.map(([offset]) => offset))].sort((a, b) => a - b);
    const positions = [...new Set(pairs.map(([, position]) => position))].sort((a, b) => a - b);
    return offsets
      .slice(0, Math.min(offsets.length, positions.length))
      .map((offset, at) => ({ offset, position: positions[at]! }));
  });

function indexOf(list: readonly { offset: number; position: number }[]): OffsetIndex {
  const index = OffsetIndex.empty();
  for (const { offset, position } of list) index.append(offset, position);
  return index;
}

test('an entry is two big-endian int32: relative offset, position', () => {
  const index = indexOf([
    { offset: 5, position: 4100 },
    { offset: 2 ** 31 - 1, position: 2 ** 31 - 1 },
  ]);
  expect(index.encode().toString('hex')).toBe('00000005000010047fffffff7fffffff');
});

test('a lookup finds the last entry at or below, as a search through all of them does', () => {
  fc.assert(
    fc.property(entries, fc.integer({ min: -1, max: 2 ** 31 - 1 }), (list, wanted) => {
      const index = indexOf(list);
      expect(index.floorByOffset(wanted)).toBe(list.findLastIndex((e) => e.offset <= wanted));
      expect(index.floorByPosition(wanted)).toBe(list.findLastIndex((e) => e.position <= wanted));
    }),
  );
});

test('what was encoded is decoded, whole or from some entry on', () => {
  fc.assert(
    fc.property(entries, fc.nat(60), (list, from) => {
      const index = indexOf(list);
      const decoded = OffsetIndex.decode(index.encode());
      expect(decoded?.encode()).toEqual(index.encode());
      const start = Math.min(from, list.length);
      expect(index.encode(start)).toEqual(index.encode().subarray(start * 8));
      expect(index.encode(0, start)).toEqual(index.encode().subarray(0, start * 8));
    }),
  );
});

test('a truncated index goes on from its last entry', () => {
  const index = indexOf([
    { offset: 1, position: 10 },
    { offset: 2, position: 20 },
    { offset: 3, position: 30 },
  ]);
  index.truncate(1);
  index.append(7, 25);
  expect(index.count).toBe(2);
  expect(index.relativeOffsetAt(1)).toBe(7);
  expect(index.positionAt(1)).toBe(25);
});

describe('bytes that are no index', () => {
  test.each([
    ['a part of an entry', '0000000500001004ff'],
    ['an offset that does not rise', '00000005000000100000000500000020'],
    ['a position that does not rise', '00000005000000100000000600000010'],
    ['a negative offset', 'ffffffff00000010'],
    ['zeros, as a lost page leaves them', '00'.repeat(16)],
    ['zeros of one entry', '00'.repeat(8)],
  ])('%s', (_what, hex) => {
    expect(OffsetIndex.decode(Buffer.from(hex, 'hex'))).toBeNull();
  });
});

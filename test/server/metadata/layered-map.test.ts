import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SERVER_LIMITS } from '../../../server/limits.js';
import { LayeredMap } from '../../../server/metadata/layered-map.js';

test('agrees with a map that is copied for every change, and old copies stay as they are', () => {
  const keys = fc.nat({ max: 1_500 }).map(String);
  const changes = fc.array(fc.tuple(keys, fc.option(fc.record({ v: fc.nat() }))), { maxLength: 8 });
  fc.assert(
    fc.property(fc.array(changes, { maxLength: 40 }), (steps) => {
      const expected = new Map<string, { v: number }>();
      for (let at = 0; at < SERVER_LIMITS.imageLayeredTopicsMin + 200; at++) {
        expected.set(String(at), { v: at });
      }
      let map = LayeredMap.empty<{ v: number }>().with(expected);
      const copies: [LayeredMap<{ v: number }>, Map<string, { v: number }>][] = [];
      for (const step of steps) {
        for (const [key, value] of step) {
          if (value === null) expected.delete(key);
          else expected.set(key, value);
        }
        map = map.with(step);
        copies.push([map, new Map(expected)]);
      }
      for (const [copy, then] of copies) {
        expect(copy.size).toBe(then.size);
        expect(new Set(copy.keys())).toEqual(new Set(then.keys()));
        expect([...copy.values()]).toHaveLength(then.size);
        for (const [key, value] of then) expect(copy.get(key)).toBe(value);
        for (const [key] of steps.flat()) expect(copy.get(key)).toBe(then.get(key));
      }
    }),
    { numRuns: 8 },
  );
});

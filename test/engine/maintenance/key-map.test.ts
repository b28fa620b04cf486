import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KEY_MAP_ENTRY_BYTES, KeyMap } from '../../../engine/maintenance/key-map.js';

const bytes = (text: string): Buffer => Buffer.from(text);

test('knows the last offset of every key, as a map does, and others not', () => {
  const keys = fc.array(fc.string({ maxLength: 3 }), { maxLength: 300 });
  fc.assert(
    fc.property(keys, (list) => {
      const memory = new SharedArrayBuffer(KeyMap.bytesFor(300, 0.9, 1e9));
      const map = new KeyMap(memory, 0.9);
      const oracle = new Map<string, number>();
      for (const [offset, key] of list.entries()) {
        expect(map.put(bytes(key), offset)).toBe(true);
        oracle.set(key, offset);
      }
      expect(map.count).toBe(oracle.size);
      for (const [key, offset] of oracle) expect(map.offsetOf(bytes(key))).toBe(offset);
      expect(map.offsetOf(bytes('none of these'))).toBe(-1);
    }),
  );
});

test('refuses a new key when it is full, and goes on taking those that it has', () => {
  const map = new KeyMap(new SharedArrayBuffer(10 * KEY_MAP_ENTRY_BYTES), 0.9);
  for (let at = 0; at < 9; at++) expect(map.put(bytes(`${at}`), at)).toBe(true);
  expect(map.put(bytes('one more'), 9)).toBe(false);
  expect(map.put(bytes('3'), 10)).toBe(true);
  expect([map.count, map.offsetOf(bytes('3')), map.offsetOf(bytes('one more'))]).toEqual([
    9, 10, -1,
  ]);
});

test('finds its way also when every slot but one is taken', () => {
  const map = new KeyMap(new SharedArrayBuffer(5 * KEY_MAP_ENTRY_BYTES), 1);
  for (let at = 0; at < 4; at++) expect(map.put(bytes(`${at}`), at)).toBe(true);
  expect(map.put(bytes('4'), 4)).toBe(false);
  for (let at = 0; at < 4; at++) expect(map.offsetOf(bytes(`${at}`))).toBe(at);
});

test('another map on the same memory knows the same', () => {
  const memory = new SharedArrayBuffer(100 * KEY_MAP_ENTRY_BYTES);
  new KeyMap(memory, 0.9).put(bytes('key'), 2 ** 53 - 2);
  expect(new KeyMap(memory, 0.9).offsetOf(bytes('key'))).toBe(2 ** 53 - 2);
});

test('takes 24 bytes a key and no more than it may', () => {
  expect(KeyMap.bytesFor(1000, 1, 1e9)).toBe(1001 * 24);
  expect(KeyMap.bytesFor(1e9, 0.9, 1024 * 1024)).toBe(1024 * 1024);
});

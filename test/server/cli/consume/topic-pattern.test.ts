import { expect, test } from 'vitest';
import { topicPattern } from '../../../../server/cli/consume/topic-pattern.js';

function matching(patterns: readonly string[], ...names: string[]): string[] {
  return topicPattern(patterns)!.matching(names);
}

test('a pattern matches whole names, as with consumers of Kafka', () => {
  expect(matching(['orders'], 'orders', 'orders-eu', 'old-orders')).toEqual(['orders']);
  expect(matching(['orders-.*'], 'orders', 'orders-eu', 'old-orders-eu')).toEqual(['orders-eu']);
  expect(matching(['a|b'], 'a', 'b', 'ab', 'ac')).toEqual(['a', 'b']);
  expect(matching(['^orders-.*'], 'orders-eu', 'old-orders-eu')).toEqual(['orders-eu']);
});

test('several patterns match what any of them does', () => {
  expect(matching(['a.*', 'b'], 'a1', 'b', 'b1')).toEqual(['a1', 'b']);
});

test('without any there is none', () => {
  expect(topicPattern([])).toBeNull();
});

test.each([
  ['(', 'Unterminated group'],
  ['a)|(b', 'Unmatched'],
  ['*', 'Nothing to repeat'],
  ['x'.repeat(1001), 'a pattern of 1001 characters: 1000 at most'],
])('%j is refused', (text, why) => {
  const read = () => topicPattern(['ok', text]);
  expect(read).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(read).toThrow(why);
});

test('a pattern that would take for ever is interrupted', () => {
  const match = () => matching(['(a+)+b'], 'a'.repeat(200));
  expect(match).toThrow(expect.objectContaining({ exitCode: 2 }));
  expect(match).toThrow('without nested repetitions');
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  type Assignment,
  decodeAssignment,
  decodeSubscription,
  encodeAssignment,
  encodeSubscription,
} from '../../../server/cli/consumer-protocol.js';
import { assignRanges } from '../../../server/cli/range-assignment.js';

test('the first members get one more, as with the range assignor of Kafka', () => {
  const subscribers = ['b', 'c', 'a'].map((memberId) => ({ memberId, topics: ['t'] }));
  expect(assignRanges(subscribers, new Map([['t', [0, 1, 2, 3, 4, 5, 6]]]))).toEqual(
    new Map([
      ['a', new Map([['t', [0, 1, 2]]])],
      ['b', new Map([['t', [3, 4]]])],
      ['c', new Map([['t', [5, 6]]])],
    ]),
  );
});

test('every partition has one owner among the subscribers, and none gets two more than another', () => {
  const topics = fc.uniqueArray(fc.constantFrom('t', 'u'), { minLength: 1 });
  const members = fc.uniqueArray(fc.record({ memberId: fc.string(), topics }), {
    selector: ({ memberId }) => memberId,
  });
  fc.assert(
    fc.property(members, fc.nat(20), (subscribers, count) => {
      const partitions = Array.from({ length: count }, (_, partition) => partition);
      const assigned = assignRanges(subscribers, new Map([['t', partitions]]));
      const readers = subscribers.filter((each) => each.topics.includes('t'));
      const shares = readers.map(({ memberId }) => assigned.get(memberId)?.get('t') ?? []);
      if (readers.length === 0) return;
      expect(shares.flat().sort((a, b) => a - b)).toEqual(partitions);
      const sizes = shares.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      expect([...assigned.keys()].sort()).toEqual(subscribers.map((each) => each.memberId).sort());
    }),
  );
});

test('subscriptions and assignments are read back; what is neither reads as empty', () => {
  const assignment: Assignment = new Map([
    ['t', [0, 2]],
    ['ü', []],
  ]);
  expect(decodeAssignment(encodeAssignment(assignment))).toEqual(assignment);
  expect(decodeSubscription(encodeSubscription(['t', 'ü']))).toEqual(['t', 'ü']);
  for (const bytes of [Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(3)]) {
    expect(decodeAssignment(bytes)).toEqual(new Map());
    expect(decodeSubscription(bytes)).toEqual([]);
  }
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ManualClock } from '../../../engine/manual-clock.js';
import { DelayedOperations } from '../../../server/request/delayed.js';

interface Counted {
  tries: number;
  completions: number;
  expiries: number;
}

describe('delayed operations', () => {
  test('an operation that can complete at once never waits', () => {
    const delayed = new DelayedOperations<string>(new ManualClock());
    let expired = 0;
    delayed.add({
      keys: ['a'],
      deadlineMs: 100,
      tryComplete: () => true,
      onExpire: () => expired++,
    });
    expect([delayed.size, delayed.check('a'), expired]).toEqual([0, 0, 0]);
  });

  test('an operation whose deadline has passed expires at once', () => {
    const delayed = new DelayedOperations<string>(new ManualClock());
    let expired = 0;
    const operation = {
      keys: ['a'],
      deadlineMs: 0,
      tryComplete: () => false,
      onExpire: () => expired++,
    };
    delayed.add(operation);
    expect([delayed.size, expired]).toEqual([0, 1]);
  });

  test('a check from within tryComplete completes the operation once', () => {
    const delayed = new DelayedOperations<string>(new ManualClock());
    let ready = false;
    let completions = 0;
    delayed.add({
      keys: ['a'],
      deadlineMs: 100,
      tryComplete: () => {
        if (!ready) return false;
        completions += 1;
        delayed.check('a');
        return true;
      },
      onExpire: () => {},
    });
    ready = true;
    expect(delayed.check('a')).toBe(1);
    expect([completions, delayed.size]).toEqual([1, 0]);
  });

  test('a stop expires everything that waits', () => {
    const clock = new ManualClock();
    const delayed = new DelayedOperations<string>(clock);
    const expired: number[] = [];
    for (const deadlineMs of [30, 10, 20]) {
      delayed.add({
        keys: ['a', 'b'],
        deadlineMs,
        tryComplete: () => false,
        onExpire: () => expired.push(deadlineMs),
      });
    }
    delayed.expireAll();
    clock.advance(1000);
    expect([expired, delayed.size, delayed.check('a')]).toEqual([[10, 20, 30], 0, 0]);
  });

  test('agrees with a naive list over random operations', () => {
    const command = fc.oneof(
      fc.record({
        do: fc.constant('add' as const),
        keys: fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
        forMs: fc.integer({ min: 1, max: 200 }),
        needs: fc.integer({ min: 1, max: 6 }),
      }),
      fc.record({ do: fc.constant('move' as const), key: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('expire' as const), key: fc.integer({ min: 0, max: 4 }) }),
      fc.record({ do: fc.constant('advance' as const), byMs: fc.integer({ min: 1, max: 90 }) }),
      fc.record({ do: fc.constant('cancel' as const), which: fc.nat(30) }),
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 120 }), (commands) => {
        const clock = new ManualClock();
        const delayed = new DelayedOperations<number>(clock);
        const moved = [0, 0, 0, 0, 0];
        const all: {
          counted: Counted;
          expected: 'waiting' | 'completed' | 'expired' | 'cancelled';
          keys: number[];
          deadlineMs: number;
          goal: number;
          cancel: () => void;
        }[] = [];
        const sum = (keys: number[]): number => keys.reduce((total, key) => total + moved[key]!, 0);
        for (const step of commands) {
          if (step.do === 'add') {
            const counted: Counted = { tries: 0, completions: 0, expiries: 0 };
            const goal = sum(step.keys) + step.needs;
            const deadlineMs = clock.monotonicMs() + step.forMs;
            const handle = delayed.add({
              keys: step.keys,
              deadlineMs,
              tryComplete: () => {
                counted.tries += 1;
                if (sum(step.keys) < goal) return false;
                counted.completions += 1;
                return true;
              },
              onExpire: () => {
                counted.expiries += 1;
              },
            });
            const { keys } = step;
            const cancel = (): void => handle.cancel();
            all.push({ counted, expected: 'waiting', keys, deadlineMs, goal, cancel });
          } else if (step.do === 'move') {
            moved[step.key]! += 1;
            const before = all.map(({ counted }) => counted.tries);
            delayed.check(step.key);
            all.forEach((entry, at) => {
              const concerned = entry.expected === 'waiting' && entry.keys.includes(step.key);
              expect(entry.counted.tries - before[at]!).toBe(concerned ? 1 : 0);
              if (concerned && sum(entry.keys) >= entry.goal) entry.expected = 'completed';
            });
          } else if (step.do === 'expire') {
            delayed.expire(step.key);
            for (const entry of all) {
              const concerned = entry.expected === 'waiting' && entry.keys.includes(step.key);
              if (concerned) entry.expected = 'expired';
            }
          } else if (step.do === 'advance') {
            clock.advance(step.byMs);
            for (const entry of all) {
              const due = entry.deadlineMs <= clock.monotonicMs();
              if (entry.expected === 'waiting' && due) entry.expected = 'expired';
            }
          } else {
            const entry = all[step.which];
            entry?.cancel();
            if (entry?.expected === 'waiting') entry.expected = 'cancelled';
          }
          for (const { counted, expected } of all) {
            expect(counted.completions).toBe(expected === 'completed' ? 1 : 0);
            expect(counted.expiries).toBe(expected === 'expired' ? 1 : 0);
          }
          const waiting = all.filter(({ expected }) => expected === 'waiting');
          expect(delayed.size).toBe(waiting.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});

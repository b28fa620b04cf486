import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Pacing } from '../../../../server/cli/perf/pacing.js';

test('without a rate every batch is full but the last', () => {
  const pacing = new Pacing({ records: 5, rate: null, recordsPerBatch: 2, lingerMs: 1000 });
  expect([0, 0, 0, 0].map((ms) => pacing.take(ms))).toEqual([
    { kind: 'send', first: 0, count: 2 },
    { kind: 'send', first: 2, count: 2 },
    { kind: 'send', first: 4, count: 1 },
    { kind: 'done' },
  ]);
});

test('with a rate a batch waits until it is full, or its first record has waited enough', () => {
  const pacing = new Pacing({ records: 8, rate: 100, recordsPerBatch: 3, lingerMs: 15 });
  expect(pacing.take(0)).toEqual({ kind: 'wait', ms: 15 });
  expect(pacing.take(15)).toEqual({ kind: 'send', first: 0, count: 2 });
  expect(pacing.take(15)).toEqual({ kind: 'wait', ms: 20 });
  // A sender that comes late finds a full batch.
  expect(pacing.take(60)).toEqual({ kind: 'send', first: 2, count: 3 });
  expect(pacing.take(60)).toEqual({ kind: 'wait', ms: 5 });
  expect(pacing.take(65)).toEqual({ kind: 'send', first: 5, count: 2 });
  expect(pacing.take(70)).toEqual({ kind: 'send', first: 7, count: 1 });
  expect(pacing.take(70)).toEqual({ kind: 'done' });
});

test('a record is due by its number, whenever it is sent', () => {
  const pacing = new Pacing({ records: 8, rate: 100, recordsPerBatch: 3, lingerMs: 0 });
  expect([pacing.dueMs(0), pacing.dueMs(7)]).toEqual([0, 70]);
});

test('every record goes out once, in order, none before it is due', () => {
  fc.assert(
    fc.property(
      fc.record({
        records: fc.integer({ min: 1, max: 300 }),
        rate: fc.oneof(fc.constant(null), fc.double({ min: 0.5, max: 1e6, noNaN: true })),
        recordsPerBatch: fc.integer({ min: 1, max: 50 }),
        lingerMs: fc.integer({ min: 0, max: 100 }),
      }),
      (options) => {
        const pacing = new Pacing(options);
        let next = 0;
        let nowMs = 0;
        for (;;) {
          const turn = pacing.take(nowMs);
          if (turn.kind === 'done') break;
          if (turn.kind === 'wait') {
            expect(turn.ms).toBeGreaterThan(0);
            nowMs += turn.ms;
            continue;
          }
          expect(turn.first).toBe(next);
          expect(turn.count).toBeLessThanOrEqual(options.recordsPerBatch);
          next += turn.count;
          expect(pacing.dueMs(next - 1) ?? 0).toBeLessThanOrEqual(nowMs + 1e-6);
        }
        expect(next).toBe(options.records);
      },
    ),
  );
});

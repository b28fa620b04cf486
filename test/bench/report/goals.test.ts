import { expect, test } from 'vitest';
import type { RunRecord } from '../../../bench/lib/results.js';
import { measuredRow } from '../../../bench/lib/row.js';
import { formatGoals, GOALS } from '../../../bench/report/goals.js';
import { SUITES } from '../../../bench/suites.js';

function runWith(ours: number): Pick<RunRecord, 'rows'> {
  const row = measuredRow(
    { id: 'kafka/start', title: 'start', conditions: {} },
    {
      sides: [
        { name: 'Odradek', samples: Array.from({ length: 6 }, () => ({ startMs: ours })) },
        { name: 'Apache Kafka', samples: Array.from({ length: 6 }, () => ({ startMs: 2000 })) },
      ],
      comparisons: [{ metric: 'startMs', ours: 'Odradek', theirs: 'Apache Kafka' }],
    },
  );
  return { rows: [{ ...row, seconds: 0, date: '', commit: '' }] };
}

const startGoal = GOALS.filter(({ row }) => row === 'kafka/start');

test('a goal is judged by the ratio that its row measured', () => {
  const lastLine = (ours: number) =>
    formatGoals([runWith(ours) as RunRecord], startGoal)
      .split('\n')
      .at(-1)!;
  expect(lastLine(90)).toMatch(/ pass \|$/);
  expect(lastLine(120)).toMatch(/ \*\*fail\*\* \|$/);
});

test('a goal whose row was not measured has no figure', () => {
  expect(formatGoals([], startGoal)).toContain('| - | **no figure** |');
});

test('every goal is about a row that a suite has', () => {
  const ids = new Set(Object.values(SUITES).flatMap((rows) => rows.map(({ id }) => id)));
  expect(GOALS.filter(({ row }) => !ids.has(row))).toEqual([]);
});

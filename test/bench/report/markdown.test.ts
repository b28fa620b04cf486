import { describe, expect, test } from 'vitest';
import { voided } from '../../../bench/lib/outcome.js';
import type { RunRecord } from '../../../bench/lib/results.js';
import { emptyRow, measuredRow, type RowHead, type RowResult } from '../../../bench/lib/row.js';
import { BEGIN, END, formatVerdicts, replaceFigures } from '../../../bench/report/markdown.js';

import { formatSummary } from '../../../bench/report/summary.js';

describe('replaceFigures', () => {
  test('keeps what stands around the marks, however often it runs', () => {
    const page = `before\n${BEGIN}\nold\n${END}\nafter\n`;
    const once = replaceFigures(page, 'new');
    expect(once).toBe(`before\n${BEGIN}\n\nnew\n\n${END}\nafter\n`);
    expect(replaceFigures(once, 'new')).toBe(once);
  });

  test('refuses a page without marks', () => {
    expect(() => replaceFigures('page', 'new')).toThrow('figures: begin');
  });
});

function rowWith(id: string, ours: number): RowResult {
  const head: RowHead = { id, title: id, conditions: {} };
  const samples = (startMs: number) => Array.from({ length: 6 }, () => ({ startMs }));
  return measuredRow(head, {
    sides: [
      { name: 'ours', samples: samples(ours) },
      { name: 'theirs', samples: samples(100) },
    ],
    comparisons: [
      {
        metric: 'startMs',
        ours: 'ours',
        theirs: 'theirs',
        threshold: { direction: 'at-most', value: 0.5 },
      },
    ],
  });
}

test('the rows that fall short come first, and a void row has no figure', () => {
  const head: RowHead = { id: 'lost', title: 'lost', conditions: {} };
  const rows = [
    rowWith('good', 10),
    emptyRow(head, voided('the broker ended')),
    rowWith('bad', 90),
  ];
  const lines = formatVerdicts(rows).split('\n').slice(2);
  expect(lines.map((line) => line.split(' | ')[0])).toEqual(['| bad', '| lost', '| good']);
  expect(lines[1]).toBe('| lost | void |  |  | **no figure** |');
});

test('the summary has a line a row that something is asked of, with the worst verdict', () => {
  const head: RowHead = { id: 'lost', title: 'lost', conditions: {} };
  const unasked = measuredRow(head, {
    sides: [{ name: 'ours', samples: [{ startMs: 1 }] }],
    comparisons: [],
  });
  const rows = [rowWith('good', 10), unasked, rowWith('bad', 90)];
  const lines = formatSummary([{ rows } as unknown as RunRecord])
    .split('\n')
    .slice(2);
  expect(lines).toEqual([
    '| good | start ms beside theirs 0.10 (0.10-0.10), ≤ 0.5 | pass |',
    '| bad | start ms beside theirs 0.90 (0.90-0.90), ≤ 0.5 | **fail** |',
  ]);
});

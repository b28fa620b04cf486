import { describe, expect, test } from 'vitest';
import { NoFigure, skipped, voided } from '../../../bench/lib/outcome.js';
import { emptyRow, measuredRow, type RowHead, type Side } from '../../../bench/lib/row.js';
import { formatRow } from '../../../bench/lib/table.js';

const head: RowHead = { id: 'wire/x', title: 'X', conditions: { partitions: 1 } };

function side(name: string, ...rates: number[]): Side {
  return { name, samples: rates.map((throughputMBs) => ({ throughputMBs })) };
}

describe('a measured row', () => {
  const sides = [side('ours', 6, 6, 6, 6, 6, 6), side('theirs', 2, 2, 2, 2, 2, 2)];
  const comparison = {
    metric: 'throughputMBs',
    ours: 'ours',
    theirs: 'theirs',
    threshold: { direction: 'at-least', value: 3 },
  } as const;

  test('carries the ratio and its verdict', () => {
    const row = measuredRow(head, { sides, comparisons: [comparison] });
    expect(row.status).toBe('measured');
    expect(row.status === 'measured' && row.compared[0]).toMatchObject({
      verdict: 'pass',
      ratio: { pairs: 6 },
    });
    expect(formatRow(row)).toContain(
      'MB/s, ours / theirs: 3.00 (3.00-3.00, 6 pairs), wanted ≥ 3: pass',
    );
  });

  test('has no ratio and no verdict for a metric that a slice lacks', () => {
    const gap = { name: 'theirs', samples: [{ throughputMBs: 2 }, {}] };
    const row = measuredRow(head, { sides: [side('ours', 6, 6), gap], comparisons: [comparison] });
    expect(row.status === 'measured' && row.compared[0]).toMatchObject({
      ratio: null,
      verdict: null,
    });
    expect(formatRow(row)).toContain('no ratio');
  });

  test('judges a bound by every slice', () => {
    const bound = {
      metric: 'throughputMBs',
      side: 'ours',
      threshold: { direction: 'at-most', value: 6 },
    } as const;
    const verdictOf = (...rates: number[]): unknown => {
      const row = measuredRow(head, { sides: [side('ours', ...rates)], bounds: [bound] });
      return row.status === 'measured' && row.bounds[0]!.verdict;
    };
    expect(verdictOf(5, 6, 6)).toBe('pass');
    expect(verdictOf(5, 6, 7)).toBe('median-only');
    expect(verdictOf(5, 7, 7)).toBe('fail');
  });

  test('is void when a figure is not finite, or a side has no slice', () => {
    const broken = measuredRow(head, { sides: [side('ours', 6, Number.NaN)] });
    expect(broken).toMatchObject({
      status: 'void',
      reason: 'ours: throughputMBs of slice 2 is NaN',
    });
    expect(measuredRow(head, { sides: [side('ours')] })).toMatchObject({ status: 'void' });
  });
});

describe('a row without figures', () => {
  test('is void after errors and skipped when something is missing, with one line of reason', () => {
    expect(emptyRow(head, voided('12 answers were errors'))).toMatchObject({ status: 'void' });
    expect(emptyRow(head, skipped('java is missing'))).toMatchObject({
      status: 'skipped',
      reason: 'java is missing',
    });
    expect(emptyRow(head, new Error('first line\nstack'))).toMatchObject({
      status: 'void',
      reason: 'first line',
    });
  });

  test('never shows a figure', () => {
    const text = formatRow(emptyRow(head, new NoFigure('void', 'the broker ended')));
    expect(text).toContain('void: the broker ended');
    expect(text).not.toMatch(/MB\/s|pairs/);
  });
});

import { expect, test } from 'vitest';
import { type MeasuredRow, measuredRow } from '../../../bench/lib/row.js';
import { barPicture, ratioPicture } from '../../../bench/report/pictures.js';
import { element, escapeXml, logScale, logTicks } from '../../../bench/report/svg.js';

const side = (name: string, value: number) => ({
  name,
  samples: Array.from({ length: 6 }, () => ({ throughputMBs: value })),
});

const row = measuredRow(
  { id: 'wire/<x>', title: 'X', conditions: {} },
  {
    sides: [side('ours', 300), side('theirs & others', 100)],
    comparisons: [
      {
        metric: 'throughputMBs',
        ours: 'ours',
        theirs: 'theirs & others',
        threshold: { direction: 'at-least', value: 2 },
      },
    ],
  },
) as MeasuredRow;

test('text and attributes cannot break out of the markup', () => {
  expect(escapeXml('a < b & "c"')).toBe('a &#60; b &#38; &#34;c&#34;');
  expect(element('a', { b: '"', c: 1.234 })).toBe('<a b="&#34;" c="1.2"/>');
});

test('a log axis gives equal room to equal ratios', () => {
  const x = logScale([1, 100], [0, 200]);
  expect(x(1)).toBeCloseTo(0);
  expect(x(10)).toBeCloseTo(100);
  expect(x(100)).toBeCloseTo(200);
  expect(logTicks([0.4, 6])).toEqual([0.5, 1, 2, 5]);
});

test('the ratio picture shows row, ratio and threshold', () => {
  const svg = ratioPicture('ratios', [row])!;
  expect(svg).toContain('wire/&#60;x&#62;, MB/s / theirs &#38; others');
  expect(svg).toContain('3.00 (3.00-3.00)');
  expect(svg).toContain('stroke-dasharray');
});

test('the bar picture shows every side, and there is none without figures', () => {
  const svg = barPicture('MB/s', 'throughputMBs', [row])!;
  expect(svg.match(/<rect/g)).toHaveLength(3);
  expect(barPicture('p50', 'p50Us', [row])).toBeNull();
  expect(ratioPicture('none', [])).toBeNull();
});

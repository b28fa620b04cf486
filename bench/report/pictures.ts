import { formatMetric, labelOf } from '../lib/metrics.js';
import type { Compared, MeasuredRow } from '../lib/row.js';
import { median } from '../lib/statistics.js';
import { formatRatio } from '../lib/table.js';
import { ratioAxis } from './axis.js';
import { element, logScale, picture, text } from './svg.js';

const WIDTH = 1000;
const LABELS = 420;
const RIGHT = 160;
const LINE = 20;
const TOP = 50;
const BOTTOM = 20;
const GREY = '#6e7781';
const COLOURS = { pass: '#1a7f37', 'median-only': '#9a6700', fail: '#cf222e', none: '#0969da' };
const BARS = ['#0969da', '#8c959f', '#d0d7de', '#afb8c1', '#57606a'];

interface RatioLine {
  readonly row: MeasuredRow;
  readonly compared: Compared & { readonly ratio: NonNullable<Compared['ratio']> };
}

/**
 * Every ratio of which something is asked, with its interval and its threshold, on an axis of equal
 * ratios. Null when there is none.
 */
export function ratioPicture(title: string, rows: readonly MeasuredRow[]): string | null {
  const lines = rows.flatMap((row) =>
    row.compared.flatMap((compared): RatioLine[] =>
      compared.ratio === null || !compared.threshold
        ? []
        : [{ row, compared: { ...compared, ratio: compared.ratio } }],
    ),
  );
  if (lines.length === 0) return null;
  const values = lines.flatMap(({ compared: { ratio, threshold } }) => [
    ratio.low,
    ratio.high,
    threshold?.value ?? 1,
  ]);
  const domain = [Math.min(0.8, ...values) * 0.9, Math.max(1.25, ...values) * 1.1] as const;
  const x = logScale(domain, [LABELS, WIDTH - RIGHT]);
  const height = TOP + lines.length * LINE + BOTTOM;
  const axis = ratioAxis(domain, x, [TOP - 8, height - BOTTOM], 10);
  const parts = lines.map(({ row, compared }, i) =>
    ratioLine(row, compared, TOP + i * LINE + LINE / 2, x),
  );
  const heading = text(10, 20, title, { 'font-weight': 'bold', 'font-size': 14 });
  return picture(WIDTH, height, title, [heading, ...axis, ...parts]);
}

function ratioLine(
  row: MeasuredRow,
  { metric, theirs, ratio, threshold, verdict }: RatioLine['compared'],
  y: number,
  x: (value: number) => number,
): string {
  const colour = COLOURS[verdict ?? 'none'];
  const label = `${row.id}, ${labelOf(metric)} / ${theirs}`;
  const parts = [
    text(LABELS - 10, y + 4, label, { 'text-anchor': 'end', 'font-size': 10 }),
    element('line', {
      x1: x(ratio.low),
      x2: x(ratio.high),
      y1: y,
      y2: y,
      stroke: colour,
      'stroke-width': 2,
    }),
    element('circle', { cx: x(ratio.median), cy: y, r: 4, fill: colour }),
    text(WIDTH - RIGHT + 10, y + 4, formatRatio(ratio).replace(/, \d+ pairs/, ''), {
      fill: colour,
      'font-size': 11,
    }),
  ];
  if (threshold) {
    const at = x(threshold.value);
    parts.push(
      element('line', {
        x1: at,
        x2: at,
        y1: y - 8,
        y2: y + 8,
        stroke: '#24292f',
        'stroke-dasharray': '2 2',
      }),
    );
  }
  return parts.join('');
}

/**
 * The medians of one metric as bars, each row on a scale of its own. Null when no row has it on two
 * sides.
 */
export function barPicture(
  title: string,
  metric: string,
  rows: readonly MeasuredRow[],
): string | null {
  const groups = rows
    .map((row) => ({
      id: row.id,
      bars: row.sides.flatMap(({ name, samples }) => {
        const values = samples.flatMap((sample) => sample[metric] ?? []);
        return values.length === 0 ? [] : [{ name, value: median(values) }];
      }),
    }))
    .filter(({ bars }) => bars.length > 1);
  if (groups.length === 0) return null;
  const names = [...new Set(groups.flatMap(({ bars }) => bars.map(({ name }) => name)))];
  const parts = [text(10, 20, title, { 'font-weight': 'bold', 'font-size': 14 })];
  let y = TOP - 14;
  for (const { id, bars } of groups) {
    const scale = (WIDTH - LABELS - RIGHT) / Math.max(...bars.map(({ value }) => value));
    parts.push(text(10, y + 12, id, { 'font-weight': 'bold', 'font-size': 11 }));
    for (const { name, value } of bars) {
      const colour = BARS[names.indexOf(name) % BARS.length]!;
      parts.push(
        text(LABELS - 10, y + 12, name, { 'text-anchor': 'end', 'font-size': 11 }),
        element('rect', {
          x: LABELS,
          y: y + 2,
          width: Math.max(1, value * scale),
          height: 14,
          fill: colour,
        }),
        text(LABELS + value * scale + 6, y + 13, formatMetric(metric, value), {
          'font-size': 11,
          fill: GREY,
        }),
      );
      y += LINE;
    }
    y += 8;
  }
  return picture(WIDTH, y + BOTTOM, title, parts);
}

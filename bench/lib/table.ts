import { formatMetric, labelOf } from './metrics.js';
import type { MeasuredRow, RowResult } from './row.js';
import { median, type PairedRatio, type Threshold } from './statistics.js';

/** Lines of cells with their columns aligned: the first to the left, the others to the right. */
export function alignCells(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [i, cell] of line.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return lines
    .map((line) =>
      line
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/**
 * A row as the terminal shows it: its conditions, the median of each metric and side, ratios with
 * their intervals.
 */
export function formatRow(row: RowResult): string {
  const lines = [`${row.id}: ${row.title}`, `  ${formatConditions(row)}`];
  if (row.status !== 'measured') return [...lines, `  ${row.status}: ${row.reason}`].join('\n');
  lines.push(indent(alignCells(figureLines(row))));
  for (const { metric, ours, theirs, ratio, threshold, verdict } of row.compared) {
    const found = ratio === null ? 'no ratio' : formatRatio(ratio);
    const asked = threshold
      ? `, wanted ${formatThreshold(threshold)}: ${verdict ?? 'unknown'}`
      : '';
    lines.push(`  ${labelOf(metric)}, ${ours} / ${theirs}: ${found}${asked}`);
  }
  for (const { metric, side, threshold, verdict } of row.bounds) {
    lines.push(`  ${labelOf(metric)} of ${side}, wanted ${formatThreshold(threshold)}: ${verdict}`);
  }
  for (const note of row.notes) lines.push(`  (${note})`);
  return lines.join('\n');
}

/** A header line and one line a side, of medians. */
export function figureLines({ sides }: MeasuredRow): string[][] {
  const metrics = metricsOf(sides);
  return [
    ['', ...metrics.map(labelOf)],
    ...sides.map(({ name, samples }) => [
      name,
      ...metrics.map((metric) => {
        const values = samples.flatMap((sample) => sample[metric] ?? []);
        return values.length === 0 ? '-' : formatMetric(metric, median(values));
      }),
    ]),
  ];
}

/** `0.81 (0.78-0.84, 15 pairs)`. */
export function formatRatio({ median: middle, low, high, pairs }: PairedRatio): string {
  return `${shortRatio(middle)} (${shortRatio(low)}-${shortRatio(high)}, ${pairs} pairs)`;
}

export function formatThreshold({ direction, value }: Threshold): string {
  return `${direction === 'at-least' ? '≥' : '≤'} ${Number(value.toFixed(3))}`;
}

export function formatConditions({ conditions }: RowResult): string {
  return Object.entries(conditions)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}

function shortRatio(value: number): string {
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

function metricsOf(sides: MeasuredRow['sides']): string[] {
  return [...new Set(sides.flatMap(({ samples }) => samples.flatMap(Object.keys)))];
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}

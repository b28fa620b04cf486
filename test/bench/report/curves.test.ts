import { describe, expect, it } from 'vitest';
import { measuredRow } from '../../../bench/lib/row.js';
import {
  axisTicks,
  curvePicture,
  curvesOf,
  domainOf,
  formatCurve,
} from '../../../bench/report/curves.js';

const DATED = { date: '2026-01-01', commit: 'abc', seconds: 1 };

function rowAt(curve: string, x: number, system: string, ...values: number[]) {
  const head = { id: `curve/${curve}-${x}`, title: '', conditions: {} };
  const samples = values.map((throughputMBs) => ({ throughputMBs, rssAnonMB: x }));
  return { ...measuredRow(head, { sides: [{ name: system, samples }] }), ...DATED };
}

const runs = [
  {
    rows: [rowAt('partitions', 100, 'Odradek', 30), rowAt('partitions', 1, 'Odradek', 10, 20, 60)],
  },
  { rows: [rowAt('partitions', 10, 'Odradek', 25), rowAt('partitions', 1, 'Apache Kafka', 5)] },
];

describe('curves', () => {
  it('are put together from rows by their ids: medians, by rising x, systems side by side', () => {
    const [curve, ...others] = curvesOf(runs);
    expect(others).toEqual([]);
    expect(curve!.name).toBe('partitions');
    expect(curve!.lines.find((line) => line.metric === 'throughputMBs')).toEqual({
      system: 'Odradek',
      metric: 'throughputMBs',
      points: [
        { x: 1, y: 20 },
        { x: 10, y: 25 },
        { x: 100, y: 30 },
      ],
    });
    expect(curve!.lines.filter(({ system }) => system === 'Apache Kafka')).toHaveLength(2);
  });

  it('leave out rows that have no figures or are no points', () => {
    const head = { id: 'curve/log-50', title: '', conditions: {} };
    const empty = { ...head, status: 'void' as const, reason: 'the disk is full', ...DATED };
    const other = { ...rowAt('log', 1, 'Odradek', 1), id: 'wire/produce-64k' };
    expect(curvesOf([{ rows: [empty, other] }])).toEqual([]);
  });

  it('become a table with a line a point and the slopes below', () => {
    const table = formatCurve(curvesOf(runs)[0]!).split('\n');
    expect(table[0]).toBe(
      '| partitions | MB/s, Odradek | MB/s, Apache Kafka | RSS MB, Odradek | RSS MB, Apache Kafka |',
    );
    expect(table[2]).toBe('| 1 | 20 | 5 | 1 | 1 |');
    expect(table[4]).toBe('| 100 | 30 | - | 100 | - |');
    expect(table.at(-1)).toMatch(
      /^\| slope \| 0\.09 \(.*\) \| - \| 1\.00 \(1\.00 to 1\.00\) \| - \|$/,
    );
  });

  it('become a picture with a line for each system, and none without points', () => {
    const [curve] = curvesOf(runs);
    const svg = curvePicture(curve!)!;
    expect(svg.match(/<polyline/g)).toHaveLength(4);
    expect(svg).toContain('Odradek: slope 0.09');
    expect(svg).not.toContain('NaN');
    expect(curvePicture({ name: 'partitions', lines: [] })).toBeNull();
  });
});

describe('axes of a curve', () => {
  it('reach a little around the values, and over a decade where there is one value', () => {
    const [low, high] = domainOf([10, 1000]);
    expect(low).toBeLessThan(10);
    expect(high).toBeGreaterThan(1000);
    expect(domainOf([10, 10])).toEqual([5, 20]);
  });

  it('have powers of ten, and steps between them where there are few', () => {
    expect(axisTicks([0.9, 11_000])).toEqual([1, 10, 100, 1000, 10_000]);
    expect(axisTicks([0.9, 11])).toEqual([1, 2, 5, 10]);
    expect(axisTicks([4, 21])).toEqual([5, 10, 20]);
  });
});

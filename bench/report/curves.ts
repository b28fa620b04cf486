import { formatMetric, labelOf } from '../lib/metrics.js';
import type { RunRecord } from '../lib/results.js';
import { type CurvePoint, fitSlope, formatSlope } from '../lib/slope.js';
import { median } from '../lib/statistics.js';
import { element, logScale, logTicks, picture, text } from './svg.js';

/** One figure of one system along a curve; x rises. */
export interface CurveLine {
  readonly system: string;
  readonly metric: string;
  readonly points: readonly CurvePoint[];
}

export interface Curve {
  /** `partitions`. */
  readonly name: string;
  readonly lines: readonly CurveLine[];
}

const ID = /^curve\/([a-z]+)-(\d+(?:\.\d+)?)$/;

/**
 * The curves that the rows of these runs are points of, in the order in which they come first. A
 * point is the median of its slices.
 */
export function curvesOf(runs: readonly Pick<RunRecord, 'rows'>[]): Curve[] {
  const curves = new Map<string, Map<string, CurveLine & { points: CurvePoint[] }>>();
  for (const row of runs.flatMap(({ rows }) => rows)) {
    const [, name, x] = ID.exec(row.id) ?? [];
    if (name === undefined || row.status !== 'measured') continue;
    const lines = curves.get(name) ?? new Map();
    curves.set(name, lines);
    for (const { name: system, samples } of row.sides) {
      for (const metric of new Set(samples.flatMap(Object.keys))) {
        const key = `${metric} ${system}`;
        const line = lines.get(key) ?? { system, metric, points: [] };
        lines.set(key, line);
        const y = median(samples.flatMap((sample) => sample[metric] ?? []));
        line.points.push({ x: Number(x), y });
      }
    }
  }
  return [...curves].map(([name, lines]) => ({
    name,
    lines: [...lines.values()].map((line) => ({
      ...line,
      points: line.points.sort((a, b) => a.x - b.x),
    })),
  }));
}

/** What each curve is of, and which of its figures are drawn. */
const SHOWN: Readonly<Record<string, { axis: string; metrics: readonly string[] }>> = {
  partitions: {
    axis: 'partitions',
    metrics: ['throughputMBs', 'rssAnonMB', 'descriptors', 'restartMs', 'restartKilledMs'],
  },
  log: { axis: 'GB in one log', metrics: ['restartMs', 'restartKilledMs', 'requestsPerS'] },
  connections: { axis: 'connections', metrics: ['requestsPerS', 'p99Us', 'rssAnonMB'] },
  batch: { axis: 'bytes in a batch', metrics: ['throughputMBs', 'cpuUsPerRequest'] },
  waiters: { axis: 'waiters', metrics: ['requestsPerS', 'appendUs'] },
};

function shownOf({ name, lines }: Curve): { axis: string; metrics: readonly string[] } {
  return SHOWN[name] ?? { axis: name, metrics: [...new Set(lines.map(({ metric }) => metric))] };
}

/** A table of the points and their slopes. */
export function formatCurve(curve: Curve): string {
  const { axis, metrics } = shownOf(curve);
  const lines = metrics.flatMap((metric) => curve.lines.filter((line) => line.metric === metric));
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort(
    (a, b) => a - b,
  );
  const systems = new Set(lines.map(({ system }) => system));
  const headOf = ({ metric, system }: CurveLine): string =>
    systems.size > 1 ? `${labelOf(metric)}, ${system}` : labelOf(metric);
  const rows = [
    [axis, ...lines.map(headOf)],
    ['---', ...lines.map(() => '---:')],
    ...xs.map((x) => [
      x.toLocaleString('en-US'),
      ...lines.map(({ metric, points }) => {
        const found = points.find((candidate) => candidate.x === x);
        return found ? formatMetric(metric, found.y) : '-';
      }),
    ]),
    [
      'slope',
      ...lines.map(({ points }) => {
        const slope = fitSlope(points);
        return slope ? formatSlope(slope) : '-';
      }),
    ],
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

const WIDTH = 1000;
const PANEL = { width: 300, height: 190, left: 48, top: 34, right: 10, bottom: 34 };
const PER_LINE = 3;
const HEAD = 40;
const COLOURS: Readonly<Record<string, string>> = { Odradek: '#0969da', 'Apache Kafka': '#9a6700' };
const GREY = '#6e7781';

/** A panel for each figure, on log axes, with the fitted slopes. Null without points. */
export function curvePicture(curve: Curve): string | null {
  const { axis, metrics } = shownOf(curve);
  const panels = metrics
    .map((metric) => curve.lines.filter((line) => line.metric === metric))
    .filter((lines) => lines.some(({ points }) => points.some(({ y }) => y > 0)));
  if (panels.length === 0) return null;
  const title = `By ${axis}, log axes`;
  const rows = Math.ceil(panels.length / PER_LINE);
  const parts = panels.map((lines, i) =>
    element(
      'g',
      {
        transform: `translate(${10 + (i % PER_LINE) * (WIDTH / PER_LINE - 5)} ${HEAD + Math.floor(i / PER_LINE) * (PANEL.height + 20)})`,
      },
      panel(lines, axis),
    ),
  );
  const heading = text(10, 20, title, { 'font-weight': 'bold', 'font-size': 14 });
  return picture(WIDTH, HEAD + rows * (PANEL.height + 20), title, [heading, ...parts]);
}

function panel(lines: readonly CurveLine[], axis: string): string {
  const points = lines.flatMap((line) => line.points.filter(({ y }) => y > 0));
  const xDomain = domainOf(points.map(({ x }) => x));
  const yDomain = domainOf(points.map(({ y }) => y));
  const x = logScale(xDomain, [PANEL.left, PANEL.width - PANEL.right]);
  const y = logScale(yDomain, [PANEL.height - PANEL.bottom, PANEL.top]);
  const bottom = PANEL.height - PANEL.bottom;
  const small = { 'font-size': 9, fill: GREY };
  return [
    text(0, 10, labelOf(lines[0]!.metric), { 'font-weight': 'bold', 'font-size': 11 }),
    ...axisTicks(xDomain).flatMap((tick) => [
      element('line', { x1: x(tick), x2: x(tick), y1: PANEL.top, y2: bottom, stroke: '#eaeef2' }),
      text(x(tick), bottom + 12, shortNumber(tick), { 'text-anchor': 'middle', ...small }),
    ]),
    ...axisTicks(yDomain).flatMap((tick) => [
      element('line', {
        x1: PANEL.left,
        x2: PANEL.width - PANEL.right,
        y1: y(tick),
        y2: y(tick),
        stroke: '#eaeef2',
      }),
      text(PANEL.left - 4, y(tick) + 3, shortNumber(tick), { 'text-anchor': 'end', ...small }),
    ]),
    text(PANEL.width - PANEL.right, PANEL.height - 8, axis, { 'text-anchor': 'end', ...small }),
    ...lines.map((line, i) => drawn(line, x, y, 22 + i * 11)),
  ].join('');
}

function drawn(
  { system, points }: CurveLine,
  x: (value: number) => number,
  y: (value: number) => number,
  legendY: number,
): string {
  const colour = COLOURS[system] ?? GREY;
  const places = points.filter((each) => each.y > 0).map((each) => [x(each.x), y(each.y)] as const);
  const path = places.map(([px, py]) => `${px.toFixed(1)},${py.toFixed(1)}`).join(' ');
  const slope = fitSlope(points);
  const legend = slope ? `${system}: slope ${formatSlope(slope)}` : system;
  return [
    element('polyline', { points: path, fill: 'none', stroke: colour, 'stroke-width': 1.5 }),
    ...places.map(([cx, cy]) => element('circle', { cx, cy, r: 3, fill: colour })),
    text(0, legendY, legend, { 'font-size': 9, fill: colour }),
  ].join('');
}

/** Around the values with a little room; of one value a decade. */
export function domainOf(values: readonly number[]): readonly [number, number] {
  const low = Math.min(...values);
  const high = Math.max(...values);
  return high / low < 2 ? [low / 2, high * 2] : [low / 1.15, high * 1.15];
}

const DECADES_WITH_STEPS = 1.5;

/** Powers of ten, and 2 and 5 times them where there are few. */
export function axisTicks(domain: readonly [number, number]): number[] {
  const ticks = logTicks(domain);
  if (Math.log10(domain[1] / domain[0]) <= DECADES_WITH_STEPS) return ticks;
  return ticks.filter((tick) => Number.isInteger(Number(Math.log10(tick).toFixed(9))));
}

/** `1k`, `20k`, `1M`. */
function shortNumber(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(value);
}

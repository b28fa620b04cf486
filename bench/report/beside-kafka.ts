import type { Compared, MeasuredRow } from '../lib/row.js';
import { ratioAxis } from './axis.js';
import { element, logScale, picture, text } from './svg.js';

const WIDTH = 820;
const LABELS = 330;
const RIGHT = 130;
const LINE = 34;
const TOP = 58;
const BOTTOM = 14;
const GREY = '#6e7781';
const BAR = '#0969da';
const RANGE = '#24292f';
const TITLE = 'Times Apache Kafka 4.3.1, each broker on one core of one machine, in one run';

/** What a stranger asks first: fast, lean, and safe, and once as Kafka's own tool sees it. */
const BARS = [
  ['kafka/produce-64k', 'throughputMBs', 'Produce, requests of 64 KiB: MB/s'],
  ['kafka/produce-single', 'throughputMBs', 'Produce, one record a request: records/s'],
  ['kafka/fetch-64k', 'throughputMBs', 'Fetch, slices of 64 KiB: MB/s'],
  ['kafka/produce-64k', 'cpuSPerGB', 'Bytes produced for a second of CPU'],
  [
    'kafka-tools/producer-1024b-default-acks-all',
    'recordsPerS',
    "Kafka's own producer tool: records/s",
  ],
  ['kafka/flush-1p-80', 'requestsPerS', 'Every acknowledgement synced: requests/s'],
] as const;

/** Metrics of which less is better are drawn the other way round. */
const COSTS: ReadonlySet<string> = new Set(['cpuSPerGB']);

interface Bar {
  readonly label: string;
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Six bars, each with its 95 % interval, on an axis of equal ratios that begins at 1. Null while a
 * row of them was not measured.
 */
export function besideKafkaPicture(rows: readonly MeasuredRow[]): string | null {
  const bars = BARS.flatMap(([id, metric, label]): Bar[] => {
    const ratio = comparedOf(rows, id, metric)?.ratio;
    if (!ratio) return [];
    const { median, low, high } = ratio;
    return COSTS.has(metric)
      ? [{ label, median: 1 / median, low: 1 / high, high: 1 / low }]
      : [{ label, median, low, high }];
  });
  if (bars.length < BARS.length) return null;
  const domain = [Math.min(1, ...bars.map(({ low }) => low)), 1.1 * highest(bars)] as const;
  const x = logScale(domain, [LABELS, WIDTH - RIGHT]);
  const height = TOP + bars.length * LINE + BOTTOM;
  const axis = ratioAxis(domain, x, [TOP - 6, height - BOTTOM], 11);
  const heading = text(10, 22, TITLE, { 'font-weight': 'bold', 'font-size': 14 });
  const drawn = bars.map((bar, i) => drawBar(bar, TOP + i * LINE + LINE / 2, x));
  return picture(WIDTH, height, TITLE, [heading, ...axis, ...drawn]);
}

function highest(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ high }) => high));
}

function comparedOf(
  rows: readonly MeasuredRow[],
  id: string,
  metric: string,
): Compared | undefined {
  const row = rows.find((each) => each.id === id);
  return row?.compared.find(
    (each) => each.metric === metric && each.theirs.startsWith('Apache Kafka'),
  );
}

function drawBar(
  { label, median, low, high }: Bar,
  y: number,
  x: (value: number) => number,
): string {
  const range = `${rounded(low)} to ${rounded(high)}`;
  return [
    text(LABELS - 10, y + 4, label, { 'text-anchor': 'end', 'font-size': 13 }),
    element('rect', {
      x: Math.min(x(1), x(median)),
      y: y - 9,
      width: Math.abs(x(median) - x(1)),
      height: 18,
      fill: BAR,
    }),
    element('line', { x1: x(low), x2: x(high), y1: y, y2: y, stroke: RANGE, 'stroke-width': 2 }),
    text(WIDTH - RIGHT + 10, y, `${rounded(median)}×`, { 'font-weight': 'bold', 'font-size': 13 }),
    text(WIDTH - RIGHT + 10, y + 13, range, { fill: GREY, 'font-size': 10 }),
  ].join('');
}

function rounded(ratio: number): string {
  return ratio.toFixed(ratio < 10 ? 1 : 0);
}

import { readFileSync } from 'node:fs';
import { peer } from './peers.js';

/** The part of hdr-histogram-js that is used. */
interface Histogram {
  recordValue(value: number): void;
  getValueAtPercentile(percentile: number): number;
  readonly maxValue: number;
}

interface HdrHistogram {
  build(options: {
    lowestDiscernibleValue: number;
    highestTrackableValue: number;
    numberOfSignificantValueDigits: number;
  }): Histogram;
}

const HOUR_US = 3_600_000_000;

/** Percentiles of latencies in microseconds, to three digits. */
export type Latency = Readonly<Record<'p50Us' | 'p99Us' | 'p999Us' | 'maxUs', number>>;

/** Reads what a driver wrote with `--latencies`. Throws the row's skip without hdr-histogram-js. */
export function readLatencies(path: string): Latency {
  const bytes = readFileSync(path);
  const values = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
  return summarize(values);
}

export function summarize(valuesUs: Iterable<number>): Latency {
  const histogram = peer<HdrHistogram>('hdr-histogram-js').build({
    lowestDiscernibleValue: 1,
    highestTrackableValue: HOUR_US,
    numberOfSignificantValueDigits: 3,
  });
  for (const value of valuesUs) histogram.recordValue(Math.min(HOUR_US, Math.max(1, value)));
  return {
    p50Us: histogram.getValueAtPercentile(50),
    p99Us: histogram.getValueAtPercentile(99),
    p999Us: histogram.getValueAtPercentile(99.9),
    maxUs: histogram.maxValue,
  };
}

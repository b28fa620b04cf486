import { expect, test } from 'vitest';
import { Measurement, summaryLines } from '../../../../server/cli/perf/measurement.js';

test('rates and percentiles are of all that was done', () => {
  const measurement = new Measurement(1000);
  for (let ms = 1; ms <= 1000; ms++) {
    measurement.add(1, 500);
    measurement.time(ms);
  }
  const total = measurement.total(3000);
  expect(total).toMatchObject({
    records: 1000,
    bytes: 500_000,
    seconds: 2,
    recordsPerSecond: 500,
    bytesPerSecond: 250_000,
  });
  // The histogram keeps three digits.
  const near = (ms: number) => expect.closeTo(ms, -1);
  expect(total.latencyMs).toEqual({
    avg: near(500.5),
    p50: near(500),
    p95: near(950),
    p99: near(990),
    p999: near(999),
    max: near(1000),
  });
});

test('a line is of what was done since the last one', () => {
  const measurement = new Measurement(0);
  measurement.add(100, 1_000_000);
  measurement.time(2);
  measurement.time(4);
  expect(measurement.line('sent', 1000)).toBe(
    '100 records sent, 100 records/s, 1.00 MB/s, latency avg 3.00, max 4.00 ms',
  );
  expect(measurement.line('sent', 2000)).toBe('0 records sent, 0 records/s, 0.00 MB/s');
});

test('what took no time, or hours, is kept within bounds', () => {
  const measurement = new Measurement(0);
  measurement.add(1, 10);
  measurement.time(0);
  measurement.time(1e9);
  const { latencyMs, recordsPerSecond } = measurement.total(0);
  expect(recordsPerSecond).toBe(1_000_000);
  expect(latencyMs!.max).toBeCloseTo(3_600_000, -5);
});

test('a summary without latencies has one line', () => {
  const measurement = new Measurement(0);
  measurement.add(3, 30);
  expect(summaryLines('sent', 'latency', measurement.total(1000))).toEqual([
    '3 records sent in 1 s, 3 records/s, 0.00 MB/s',
  ]);
});

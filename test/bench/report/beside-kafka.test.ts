import { expect, test } from 'vitest';
import { readRuns } from '../../../bench/lib/results.js';
import type { MeasuredRow } from '../../../bench/lib/row.js';
import { besideKafkaPicture } from '../../../bench/report/beside-kafka.js';

const rows = readRuns().flatMap((run): MeasuredRow[] =>
  run.rows.flatMap((row) => (row.status === 'measured' ? [row] : [])),
);

test('six bars say how many times Apache Kafka, with their ranges and no goal', () => {
  const svg = besideKafkaPicture(rows)!;
  expect(svg.match(/<rect /g)).toHaveLength(1 + 6);
  expect(svg.match(/ to \d/g)).toHaveLength(6);
  expect(svg).not.toContain('stroke-dasharray');
  const produced = rows.find(({ id }) => id === 'kafka/produce-64k')!;
  const cpu = produced.compared.find(({ metric }) => metric === 'cpuSPerGB')!.ratio!;
  expect(svg).toContain(`>${(1 / cpu.median).toFixed(1)}×<`);
});

test('there is no picture while one of its rows was not measured', () => {
  expect(besideKafkaPicture(rows.filter(({ id }) => id !== 'kafka/fetch-64k'))).toBeNull();
});

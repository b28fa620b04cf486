import { labelOf } from '../lib/metrics.js';
import type { RunRecord } from '../lib/results.js';
import { judge, type Threshold } from '../lib/statistics.js';
import { formatRatio, formatThreshold } from '../lib/table.js';

/** What tuning is to reach, beyond what a row asks for itself. */
interface Goal {
  readonly row: string;
  readonly metric: string;
  readonly threshold: Threshold;
  /** The side that ours is compared with; any, where it is not named. */
  readonly theirs?: string;
}

function atLeast(value: number, metric: string, rows: readonly string[], theirs?: string): Goal[] {
  return goals({ direction: 'at-least', value }, metric, rows, theirs);
}

function atMost(value: number, metric: string, rows: readonly string[]): Goal[] {
  return goals({ direction: 'at-most', value }, metric, rows);
}

function goals(
  threshold: Threshold,
  metric: string,
  rows: readonly string[],
  theirs?: string,
): Goal[] {
  return rows.map((row) => ({ row, metric, threshold, ...(theirs ? { theirs } : {}) }));
}

const WAITERS = ['ack', 'interval', 'os'].map((promise) => `stores/append-1024b-1x-64w-${promise}`);
const SCANS = ['100b', '1024b', '65536b'].map((size) => `stores/scan-${size}`);
const STORES = ['better-sqlite3', 'classic-level', 'lmdb'] as const;

/** In the order in which the page shows them. */
export const GOALS: readonly Goal[] = [
  ...atLeast(0.9, 'throughputMBs', ['wire/fetch-1m'], 'Node floor'),
  ...atLeast(4, 'throughputMBs', ['kafka/produce-64k', 'kafka/produce-64k-100b']),
  ...atLeast(3.5, 'throughputMBs', ['kafka/produce-16k', 'kafka/produce-16k-100b']),
  ...atLeast(3.5, 'throughputMBs', ['kafka/produce-single']),
  ...atMost(0.25, 'cpuSPerGB', ['kafka/produce-64k']),
  ...atMost(0.3, 'cpuSPerGB', ['kafka/produce-16k']),
  ...atMost(0.5, 'cpuSPerGB', ['kafka/fetch-1m']),
  ...atMost(0.25, 'cpuSPerGB', ['kafka/fetch-64k']),
  ...atLeast(20, 'requestsPerS', [
    'kafka/flush-1p-80',
    'kafka/flush-16p-80',
    'kafka/flush-256p-80',
  ]),
  ...STORES.flatMap((store) => atLeast(store === 'lmdb' ? 3 : 5, 'recordsPerS', WAITERS, store)),
  ...STORES.flatMap((store) => atLeast(5, 'recordsPerS', SCANS, store)),
  ...atMost(1 / 20, 'startMs', ['kafka/start']),
];

/** The goals beside what was measured; a row that has no figure yet says so. */
export function formatGoals(runs: readonly RunRecord[], wanted = GOALS): string {
  const rows = new Map(runs.flatMap((run) => run.rows).map((row) => [row.id, row]));
  const lines = wanted.map(({ row: id, metric, threshold, theirs }) => {
    const row = rows.get(id);
    const compared =
      row?.status === 'measured'
        ? row.compared.find((one) => one.metric === metric && one.theirs === (theirs ?? one.theirs))
        : undefined;
    const ratio = compared?.ratio ?? null;
    const what = `${labelOf(metric)} beside ${theirs ?? compared?.theirs ?? 'Apache Kafka'}`;
    const verdict = ratio === null ? 'no figure' : judge(ratio, threshold);
    const found = ratio === null ? '-' : formatRatio(ratio);
    return `| ${id} | ${what} | ${formatThreshold(threshold)} | ${found} | ${verdict === 'pass' ? verdict : `**${verdict}**`} |`;
  });
  return [
    '## What tuning is to reach',
    'Beyond what the rows ask for themselves; the same figures, judged by more.',
    ['| row | what | wanted | found | verdict |', '| --- | --- | --- | --- | --- |', ...lines].join(
      '\n',
    ),
  ].join('\n\n');
}

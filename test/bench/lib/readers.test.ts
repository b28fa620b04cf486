import { describe, expect, test } from 'vitest';
import { allocatedBytes } from '../../../bench/lib/gc-trace.js';
import { parseConsumerSummary, parseProducerSummary } from '../../../bench/lib/perf-tools.js';
import { parseCpuTicks, parseFields } from '../../../bench/lib/proc.js';
import { parseStraceSummary, syncCalls, totalCalls } from '../../../bench/lib/strace.js';

describe('/proc', () => {
  test('CPU time is user plus system, whatever the process is called', () => {
    const stat = '12 (a) b (c) S 1 12 12 0 -1 4194560 5 0 0 0 70 30 0 0 20 0 11 0 555';
    expect(parseCpuTicks(stat)).toBe(100);
  });

  test('status and io lines are names with numbers', () => {
    const fields = parseFields('Name:\tnode\nVmHWM:\t  102400 kB\nRssAnon:\t  4096 kB\nsyscr: 7\n');
    expect([...fields]).toEqual([
      ['VmHWM', 102400],
      ['RssAnon', 4096],
      ['syscr', 7],
    ]);
  });
});

describe('strace -c', () => {
  const summary = `% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.001200           3       400        12 futex
 30.00    0.000600           6       100           fdatasync
 10.00    0.000200           2        50           writev
------ ----------- ----------- --------- --------- ----------------
100.00    0.002000           3       550        12 total
`;

  test('calls are counted without the total, syncs by name, waits not at all', () => {
    const counts = parseStraceSummary(summary);
    expect(counts.get('futex')).toBe(400);
    expect(counts.has('total')).toBe(false);
    expect(syncCalls(counts)).toBe(100);
    expect(totalCalls(counts)).toBe(150);
  });
});

describe('node --trace-gc', () => {
  const line = (kind: string, found: string, kept: string): string =>
    `[6980:0xc943490]       18 ms: ${kind} ${found} (4.0) -> ${kept} (5.0) MB, 1.19 / 0.00 ms  (average mu = 1.000) allocation failure;`;

  test('what was allocated is what a collection found beyond what the one before left', () => {
    const trace = [
      line('Scavenge', '3.9', '3.5'),
      line('Scavenge', '5.5', '4.0'),
      'another line',
      line('Mark-Compact (reduce)', '7.0', '1.0'),
    ].join('\n');
    expect(allocatedBytes(trace)).toBe(5 * 1024 ** 2);
  });

  test('one collection says nothing', () => {
    expect(allocatedBytes(line('Scavenge', '3.9', '3.5'))).toBeNull();
  });
});

describe("Apache Kafka's tools", () => {
  test('the producer summary is its last line', () => {
    const output = `100 records sent, 20.0 records/sec (0.02 MB/sec), 5.0 ms avg latency, 9.0 ms max latency.
5000 records sent, 1234.500000 records/sec (1.21 MB/sec), 12.30 ms avg latency, 250.00 ms max latency, 8 ms 50th, 30 ms 95th, 40 ms 99th, 45 ms 99.9th.
`;
    expect(parseProducerSummary(output)).toEqual({
      recordsPerS: 1234.5,
      p50Us: 8000,
      p99Us: 40_000,
    });
    expect(parseProducerSummary('something went wrong')).toBeNull();
  });

  test('the consumer is judged by its fetch columns', () => {
    const output = `start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-22 10:00:00:000, 2026-11-22 10:00:10:000, 1000.0, 10.0, 102400, 10240.0, 3000, 7000, 14.3, 14628.6
`;
    expect(parseConsumerSummary(output)).toEqual({
      megabytes: 1048.576,
      mibPerS: 14.3,
      recordsPerS: 14628.6,
    });
    expect(parseConsumerSummary('')).toBeNull();
  });
});

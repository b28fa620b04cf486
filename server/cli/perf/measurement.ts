import { createHistogram } from 'node:perf_hooks';
import { CLI_LIMITS } from '../limits.js';

/** Milliseconds, exact to a thousandth of each. */
export interface Latencies {
  readonly avg: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export interface Measured {
  readonly records: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly recordsPerSecond: number;
  readonly bytesPerSecond: number;
  /** Null where nothing was timed. */
  readonly latencyMs: Latencies | null;
}

/** Counts what was done, and how long each of it took. Times are milliseconds of one clock. */
export class Measurement {
  readonly #histogram = createHistogram({
    lowest: 1,
    highest: microseconds(CLI_LIMITS.perfLatencyMaxMs),
    figures: 3,
  });
  readonly #startMs: number;
  #records = 0;
  #bytes = 0;
  #sinceMs: number;
  /** Of what was done since the last line. */
  #recent = emptyWindow();

  constructor(startMs: number) {
    this.#startMs = startMs;
    this.#sinceMs = startMs;
  }

  get records(): number {
    return this.#records;
  }

  add(records: number, bytes: number): void {
    this.#records += records;
    this.#bytes += bytes;
    this.#recent.records += records;
    this.#recent.bytes += bytes;
  }

  time(latencyMs: number): void {
    const kept = Math.min(latencyMs, CLI_LIMITS.perfLatencyMaxMs);
    this.#histogram.record(Math.max(1, Math.round(microseconds(kept))));
    this.#recent.timed += 1;
    this.#recent.sumMs += latencyMs;
    this.#recent.maxMs = Math.max(this.#recent.maxMs, latencyMs);
  }

  /** A line about what was done since the last one, as kafka-producer-perf-test prints it. */
  line(verb: string, nowMs: number): string {
    const { records, bytes, timed, sumMs, maxMs } = this.#recent;
    const seconds = secondsBetween(this.#sinceMs, nowMs);
    this.#sinceMs = nowMs;
    this.#recent = emptyWindow();
    const latency =
      timed === 0 ? '' : `, latency avg ${msText(sumMs / timed)}, max ${msText(maxMs)} ms`;
    return `${records} records ${verb}, ${ratesText(records / seconds, bytes / seconds)}${latency}`;
  }

  total(nowMs: number): Measured {
    const seconds = secondsBetween(this.#startMs, nowMs);
    const at = (percentile: number): number => this.#histogram.percentile(percentile) / 1000;
    const latencyMs =
      this.#histogram.count === 0
        ? null
        : {
            avg: Math.round(this.#histogram.mean) / 1000,
            p50: at(50),
            p95: at(95),
            p99: at(99),
            p999: at(99.9),
            max: this.#histogram.max / 1000,
          };
    return {
      records: this.#records,
      bytes: this.#bytes,
      seconds: Math.round(seconds * 1000) / 1000,
      recordsPerSecond: Math.round(this.#records / seconds),
      bytesPerSecond: Math.round(this.#bytes / seconds),
      latencyMs,
    };
  }
}

/** The sentences of a summary. `timed` names what the latencies are of. */
export function summaryLines(verb: string, timed: string, measured: Measured): string[] {
  const { records, seconds, recordsPerSecond, bytesPerSecond, latencyMs } = measured;
  const rates = ratesText(recordsPerSecond, bytesPerSecond);
  const first = `${records} records ${verb} in ${seconds} s, ${rates}`;
  if (latencyMs === null) return [first];
  const { avg, p50, p95, p99, p999, max } = latencyMs;
  const parts = Object.entries({ avg, p50, p95, p99, 'p99.9': p999, max }).map(
    ([name, ms]) => `${name} ${msText(ms)}`,
  );
  return [first, `${timed} in ms: ${parts.join(', ')}`];
}

function microseconds(ms: number): number {
  return ms * 1000;
}

function emptyWindow() {
  return { records: 0, bytes: 0, timed: 0, sumMs: 0, maxMs: 0 };
}

/** Never 0, so that a rate is a number. */
function secondsBetween(startMs: number, nowMs: number): number {
  return Math.max(nowMs - startMs, 0.001) / 1000;
}

function ratesText(recordsPerSecond: number, bytesPerSecond: number): string {
  return `${Math.round(recordsPerSecond)} records/s, ${(bytesPerSecond / 1e6).toFixed(2)} MB/s`;
}

function msText(ms: number): string {
  return ms.toFixed(ms < 10 ? 2 : 1);
}

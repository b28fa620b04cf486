import { performance } from 'node:perf_hooks';
import { CLI_LIMITS } from '../limits.js';
import type { ReportOptions } from '../report.js';
import { printDone } from '../report.js';
import { Measurement, summaryLines } from './measurement.js';

/** How a run is told. */
export interface Telling {
  readonly topic: string;
  /** What is done with records: `sent` or `read`. */
  readonly verb: string;
  /** What the latencies are of. */
  readonly timed: string;
}

/**
 * Measures `run`: a line on stderr now and then while it runs, and a summary on stdout at its end,
 * also when it fails or is stopped after something was done.
 */
export async function measured(
  { topic, verb, timed }: Telling,
  options: ReportOptions,
  stop: AbortSignal,
  run: (measurement: Measurement) => Promise<void>,
): Promise<void> {
  const measurement = new Measurement(performance.now());
  const timer = setInterval(() => {
    process.stderr.write(`${measurement.line(verb, performance.now())}\n`);
  }, CLI_LIMITS.perfLineMs);
  let isComplete = false;
  try {
    await run(measurement);
    isComplete = !stop.aborted;
  } finally {
    clearInterval(timer);
    if (isComplete || measurement.records > 0 || stop.aborted) {
      const total = measurement.total(performance.now());
      const lines = summaryLines(verb, timed, total).join('\n');
      printDone(lines, { topic, ...total, complete: isComplete }, options);
    }
  }
}

import { onTestFinished } from 'vitest';
import {
  type Engine,
  type EngineOptions,
  type EventLog,
  type EventRecord,
  MemoryCatalog,
  nodeDisk,
  openEngine,
} from '../../../engine/index.js';
import { createInlineRunner } from '../../../engine/maintenance/inline-runner.js';
import { restingClock } from '../../support/resting-clock.js';

/**
 * An engine on the real disk, with a catalog in memory and jobs in place; closed when the running
 * test ends.
 */
export async function engineAt(root: string, options: EngineOptions = {}): Promise<Engine> {
  const engine = await openEngine(root, {
    openCatalog: async () => new MemoryCatalog(),
    jobs: createInlineRunner(nodeDisk, restingClock().resting),
    ...options,
  });
  onTestFinished(() => engine.close());
  return engine;
}

/** Values of all records from `offset` on, by reads of `maxBytes`. */
export async function valuesOf(log: EventLog, maxBytes = 500): Promise<(string | null)[]> {
  const records = await recordsOf(log, maxBytes);
  return records.map(({ value }) => value?.toString() ?? null);
}

/** All records, by reads of `maxBytes`. */
export async function recordsOf(log: EventLog, maxBytes = 500): Promise<EventRecord[]> {
  const all: EventRecord[] = [];
  for (let offset = log.startOffset; offset < log.endOffset; ) {
    const { records, nextOffset } = await log.read({ offset, maxBytes });
    if (nextOffset <= offset) throw new Error(`a read at ${offset} did not move on`);
    all.push(...records);
    offset = nextOffset;
  }
  return all;
}

/** What a promise rejects with; fails when it does not. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  const outcome = await promise.then(
    (value) => ({ value }),
    (error: Error) => ({ error }),
  );
  if ('error' in outcome) return outcome.error;
  throw new Error(`resolved with ${JSON.stringify(outcome.value)}`);
}

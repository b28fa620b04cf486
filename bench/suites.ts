import type { RowPlan } from './lib/runner.js';
import { countRows } from './rows/counts.js';
import { engineRows } from './rows/engine.js';
import { kafkaTimeRows } from './rows/kafka-times.js';
import { kafkaToolRows } from './rows/kafka-tools.js';
import { kafkaWireRows } from './rows/kafka-wire.js';
import { latencyRows } from './rows/latency.js';
import { microRows } from './rows/micro.js';
import { startRows } from './rows/start.js';
import { storeRows } from './rows/stores.js';
import { sustainedRow } from './rows/sustained.js';
import { wireFetchRows } from './rows/wire-fetch.js';
import { wireProduceRows } from './rows/wire-produce.js';

/** Every row, by the suite that runs it, in the order in which they run: what does not depend on the machine's mood first. */
export const SUITES = {
  alone: [
    ...countRows,
    ...engineRows,
    ...wireProduceRows,
    ...wireFetchRows,
    ...latencyRows,
    ...startRows,
    sustainedRow,
  ],
  stores: storeRows,
  micro: microRows,
  kafka: [...kafkaWireRows, ...kafkaTimeRows, ...kafkaToolRows],
} as const satisfies Record<string, readonly RowPlan[]>;

export type Suite = keyof typeof SUITES;

export function isSuite(name: string): name is Suite {
  return Object.hasOwn(SUITES, name);
}

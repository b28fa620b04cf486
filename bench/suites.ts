import type { RowPlan } from './lib/runner.js';
import { buildRows } from './rows/builds.js';
import { catchUpRows } from './rows/catch-up.js';
import { countRows } from './rows/counts.js';
import { curveRows } from './rows/curves.js';
import { engineRows } from './rows/engine.js';
import { kafkaTimeRows } from './rows/kafka-times.js';
import { kafkaToolRows } from './rows/kafka-tools.js';
import { kafkaWireRows } from './rows/kafka-wire.js';
import { latencyRows } from './rows/latency.js';
import { maintenanceRows } from './rows/maintenance.js';
import { microRows } from './rows/micro.js';
import { scaleRows } from './rows/scale.js';
import { startRows } from './rows/start.js';
import { storeRows } from './rows/stores.js';
import { wireAckRow } from './rows/wire-ack.js';
import { wireFetchRows } from './rows/wire-fetch.js';
import { wireProduceRows } from './rows/wire-produce.js';

/**
 * Every row, by the suite that runs it, in the order in which they run: those of which something is
 * asked first, so that a run which is ended has them; rows that share brokers next to each other,
 * since each new pair is warmed up for minutes.
 */
export const SUITES = {
  alone: [
    ...countRows.asked,
    ...engineRows.asked,
    ...wireProduceRows.asked,
    ...wireFetchRows.asked,
    startRows.reopenClean,
    ...maintenanceRows,
    scaleRows.produce,
    ...countRows.others,
    wireAckRow,
    ...wireProduceRows.others,
    ...wireFetchRows.others,
    ...engineRows.others,
    ...catchUpRows,
    ...latencyRows,
    startRows.start,
    startRows.reopenKilled,
    scaleRows.start,
  ],
  curves: curveRows.odradek,
  'curves-kafka': curveRows.kafka,
  builds: buildRows,
  stores: storeRows,
  micro: microRows,
  kafka: [
    ...kafkaWireRows.stock,
    ...kafkaWireRows.openLoop,
    kafkaTimeRows.latency,
    kafkaTimeRows.start,
    ...kafkaWireRows.flush,
    kafkaToolRows.asked,
    ...kafkaWireRows.memory,
    ...kafkaWireRows.stock100,
    ...kafkaTimeRows.reopen,
    ...kafkaToolRows.others,
    ...kafkaWireRows.sustained,
  ],
} as const satisfies Record<string, readonly RowPlan[]>;

export type Suite = keyof typeof SUITES;

export function isSuite(name: string): name is Suite {
  return Object.hasOwn(SUITES, name);
}

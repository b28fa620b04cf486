import { startOdradek } from '../brokers/odradek.js';
import { pairsFor } from '../lib/context.js';
import type { Comparison } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { interleave } from '../lib/wire.js';
import {
  type ProduceLoad,
  produceConditions,
  produceWorkload,
  startFloors,
} from './wire-produce.js';

const LOAD: ProduceLoad = {
  name: 'one 1 KiB record a batch',
  recordBytes: 1024,
  batchBytes: 0,
  connections: 16,
  depth: 5,
};

/**
 * Every acknowledgement synced: beside one bare write and one fdatasync(2) for all that a turn of
 * the loop brings.
 */
export const wireAckRow: RowPlan = {
  id: 'wire/produce-ack-80',
  title:
    'Produce, every acknowledgement synced, 80 in flight, beside bare write + sync of the same groups',
  conditions: {
    ...produceConditions(LOAD, 'ack'),
    floors: 'one writev and one fdatasync for what all connections brought in a turn of the loop',
  },
  seconds: 90,
  async run(context) {
    const folder = context.newFolder('odradek');
    const odradek = await startOdradek({ folder, set: { 'odradek.flush': 'ack' } });
    context.defer(() => odradek.stop());
    const floors = await startFloors(context, 'ack', false);
    const workload = produceWorkload(context, LOAD, -1);
    const sides = await interleave(
      context,
      [odradek, ...floors],
      workload,
      pairsFor(context.scale, false),
    );
    const comparisons = floors.flatMap((floor): Comparison[] => [
      { metric: 'requestsPerS', ours: odradek.name, theirs: floor.name },
      { metric: 'cpuUsPerRequest', ours: odradek.name, theirs: floor.name },
    ]);
    return { sides, comparisons };
  },
};

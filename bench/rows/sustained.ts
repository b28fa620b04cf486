import { startOdradek } from '../brokers/odradek.js';
import type { RowPlan } from '../lib/runner.js';
import { measureSlice } from '../lib/wire.js';
import { PRODUCE_LOADS, produceConditions, produceWorkload } from './wire-produce.js';

/** Minutes of produce without a bound on the bytes: what the disk takes, no more and no less. */
export const sustainedRow: RowPlan = {
  id: 'wire/sustained',
  title: 'Produce, 64 KiB batches, for five minutes: this is the disk',
  conditions: {
    ...produceConditions(PRODUCE_LOADS['64k'], 'os'),
    retention: 'log.retention.bytes 4 GiB, segments of 256 MiB',
  },
  async run(context) {
    const set = {
      'odradek.flush': 'os',
      'log.retention.bytes': String(4 * 1024 ** 3),
      'log.segment.bytes': String(256 * 1024 ** 2),
      'log.retention.check.interval.ms': '1000',
      'log.segment.delete.delay.ms': '1000',
    };
    const odradek = await startOdradek({ folder: context.newFolder('odradek'), set });
    context.defer(() => odradek.stop());
    const workload = produceWorkload(context, PRODUCE_LOADS['64k']);
    const unbounded = { ...workload, writes: false, latencies: true };
    const sample = await measureSlice(context, odradek, unbounded, [], context.scale.sustainedMs);
    return {
      sides: [{ name: odradek.name, samples: [sample] }],
      notes: ['one slice: beyond the first seconds the figure is the disk’s, not the broker’s'],
    };
  },
};

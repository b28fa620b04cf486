import { startOdradek } from '../brokers/odradek.js';
import type { Target } from '../brokers/target.js';
import type { Context } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import { type EndToEnd, endToEnd } from '../lib/end-to-end.js';
import type { Sample, Side } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { interleave } from '../lib/wire.js';
import { PRODUCE_LOADS, produceConditions, produceWorkload } from './wire-produce.js';

const SMOKE_RECORDS = 50;
const RECORDS = 2000;
/** Rounds that do not count: the JVM needs thousands before its code is compiled. */
const WARM_UP_RECORDS = 20_000;

/**
 * From sending a record to having it fetched, one record at a time, by one client on two
 * connections.
 */
export async function endToEndSides(context: Context, targets: readonly Target[]): Promise<Side[]> {
  const { isSmoke, pairs } = context.scale;
  const samples = new Map<Target, Sample[]>(targets.map((target) => [target, []]));
  const open = new Map<Target, EndToEnd>();
  for (const target of targets) {
    const ends = await endToEnd(target);
    context.defer(() => ends.close());
    open.set(target, ends);
    await ends.measure(isSmoke ? SMOKE_RECORDS : WARM_UP_RECORDS);
  }
  for (const order of sliceOrder(pairs, targets)) {
    for (const target of order) {
      samples.get(target)!.push(await open.get(target)!.measure(isSmoke ? SMOKE_RECORDS : RECORDS));
    }
  }
  return targets.map((target) => ({ name: target.name, samples: samples.get(target)! }));
}

export const latencyRows: readonly RowPlan[] = [
  ...(['os', 'ack'] as const).map(
    (flush): RowPlan => ({
      id: `latency/end-to-end-${flush}`,
      seconds: 50,
      title: `End to end, one record at a time, ${flush}`,
      conditions: {
        record: '100 B',
        flush,
        acks: 'all',
        client: 'Node, one connection to produce, one to fetch',
      },
      async run(context) {
        const folder = context.newFolder('odradek');
        const odradek = await startOdradek({ folder, set: { 'odradek.flush': flush } });
        context.defer(() => odradek.stop());
        return { sides: await endToEndSides(context, [odradek]) };
      },
    }),
  ),
  ...[2000, 10_000].map(
    (rate): RowPlan => ({
      id: `latency/open-loop-${rate}`,
      seconds: 60,
      title: `Produce at ${rate} requests/s whatever the broker does, latency from the intended time`,
      conditions: {
        ...produceConditions(PRODUCE_LOADS.single, 'os'),
        rate,
        loop: 'open',
        driver: driverName(),
      },
      async run(context) {
        const folder = context.newFolder('odradek');
        const odradek = await startOdradek({ folder, set: { 'odradek.flush': 'os' } });
        context.defer(() => odradek.stop());
        const workload = { ...produceWorkload(context, PRODUCE_LOADS.single), depth: 1000, rate };
        return { sides: await interleave(context, [odradek], workload) };
      },
    }),
  ),
];

import { type Odradek, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import { driverName } from '../lib/driver.js';
import { skipped } from '../lib/outcome.js';
import type { Measured } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';
import { interleave, type Workload } from '../lib/wire.js';
import { manyPartitions, openSpreadSide, SPREAD_HELD, warmUpSpread } from './spread-side.js';
import { FETCH_SLICES, fetchWorkload } from './wire-fetch.js';
import { PRODUCE_LOADS, produceConditions, produceWorkload } from './wire-produce.js';

/** `dist/bin/odradek.cjs` of the build to hold this one against, such as the commit before. */
const OTHER = process.env.ODRADEK_OTHER;

async function startBuild(context: Context, name: string, main?: string): Promise<Odradek> {
  const folder = context.newFolder(name);
  const set = { 'odradek.flush': 'os' };
  const broker = await startOdradek({ folder, set, name, ...(main && { main }) });
  context.defer(() => broker.stop());
  return broker;
}

async function compare(
  context: Context,
  workloadOf: (builds: readonly Odradek[]) => Workload | Promise<Workload>,
): Promise<Measured> {
  if (OTHER === undefined) throw skipped('ODRADEK_OTHER names no other build');
  const builds = await context.take('builds', async (shared) => [
    await startBuild(shared, 'this build'),
    await startBuild(shared, 'the other build', OTHER),
  ]);
  const sides = await interleave(context, builds, await workloadOf(builds));
  const [ours, theirs] = ['this build', 'the other build'];
  return {
    sides,
    comparisons: ['throughputMBs', 'cpuSPerGB'].map((metric) => ({ metric, ours, theirs })),
  };
}

const produceRows = (['64k', '16k', 'single'] as const).map((loadName): RowPlan => {
  const load = PRODUCE_LOADS[loadName];
  return {
    id: `builds/produce-${loadName}`,
    title: `Produce, ${load.name}, beside another build`,
    conditions: produceConditions(load, 'os'),
    shares: true,
    seconds: 90,
    run: (context) => compare(context, () => produceWorkload(context, load)),
  };
});

const fetchRow: RowPlan = {
  id: 'builds/fetch-64k',
  title: 'Fetch, 64 KiB slices, hot, beside another build',
  conditions: { slice: '64k', connections: 1, 'in flight each': 4, driver: driverName() },
  shares: true,
  seconds: 90,
  run: (context) =>
    compare(context, (builds) => fetchWorkload(context, builds, FETCH_SLICES['64k'])),
};

/** Whether this build is as fast as the one that `ODRADEK_OTHER` names, in one run. */
const spreadRow: RowPlan = {
  id: 'builds/produce-10000',
  title: 'Produce, 16 KiB batches, to 10,000 partitions in turn, beside another build',
  conditions: { ...SPREAD_HELD, connections: 4, 'in flight each': 5, driver: driverName() },
  seconds: 150,
  async run(context) {
    if (OTHER === undefined) throw skipped('ODRADEK_OTHER names no other build');
    const count = manyPartitions(context);
    const ours = await openSpreadSide(context, 'this build', count);
    const theirs = await openSpreadSide(context, 'the other build', count, OTHER);
    const sides = [ours, theirs];
    for (const side of sides) await warmUpSpread(side);
    for (const order of sliceOrder(context.scale.pairs, sides)) {
      for (const side of order) side.samples.push(await side.slice());
    }
    return {
      sides: sides.map(({ name, samples }) => ({ name, samples })),
      comparisons: ['throughputMBs', 'cpuUsPerRequest'].map((metric) => ({
        metric,
        ours: ours.name,
        theirs: theirs.name,
      })),
    };
  },
};

export const buildRows: readonly RowPlan[] = [...produceRows, fetchRow, spreadRow];

import type { Context } from '../lib/context.js';
import { peer } from '../lib/peers.js';
import type { Sample } from '../lib/row.js';
import type { RowPlan } from '../lib/runner.js';
import { sliceOrder } from '../lib/statistics.js';

/** A small piece of work, timed by the package `benchmark`, beside another way to do it. */
export interface MicroCase {
  readonly id: string;
  readonly title: string;
  /**
   * The first is what Odradek does; the others are its alternatives. What they return is looked at,
   * so that nothing is optimised away.
   */
  readonly ways: Readonly<Record<string, () => unknown>>;
  /** Bytes that one call works on, for a throughput. */
  readonly bytes?: number;
}

interface Benchmark {
  run(options: { async: boolean }): { readonly hz: number; readonly error?: unknown };
}

type BenchmarkClass = new (
  name: string,
  work: () => void,
  options: { maxTime: number; minSamples: number },
) => Benchmark;

const RUN_S = 0.5;
const SMOKE_RUN_S = 0.01;

/**
 * Where results go; a module's variable, so that the compiler cannot know that it is never read.
 */
export const sink: { last: unknown } = { last: null };

export function microRow(micro: MicroCase): RowPlan {
  return {
    id: `micro/${micro.id}`,
    title: micro.title,
    conditions: { timed: 'benchmark 2.1.4, interleaved runs of half a second, in one process' },
    async run(context) {
      const names = Object.keys(micro.ways);
      const samples = new Map<string, Sample[]>(names.map((name) => [name, []]));
      for (const order of sliceOrder(context.scale.pairs, names)) {
        for (const name of order) samples.get(name)!.push(time(context, micro, name));
      }
      const [ours, ...others] = names;
      return {
        sides: names.map((name) => ({ name, samples: samples.get(name)! })),
        comparisons: others.map((theirs) => ({ metric: 'nsPerCall', ours: ours!, theirs })),
      };
    },
  };
}

function time({ scale }: Context, { ways, bytes }: MicroCase, name: string): Sample {
  const Class = peer<BenchmarkClass>('benchmark');
  const way = ways[name]!;
  const work = (): void => {
    sink.last = way();
  };
  const maxTime = scale.isSmoke ? SMOKE_RUN_S : RUN_S;
  const { hz, error } = new Class(name, work, { maxTime, minSamples: 1 }).run({ async: false });
  if (error !== undefined) throw error;
  return {
    nsPerCall: 1e9 / hz,
    ...(bytes === undefined ? {} : { throughputMBs: (hz * bytes) / 1e6 }),
  };
}

import { type OdradekOptions, startOdradek } from '../brokers/odradek.js';
import type { Context } from '../lib/context.js';
import type { Frames } from '../lib/frames.js';
import type { Sample } from '../lib/row.js';
import { createPartitions, produceSpread, spreadFrames } from '../lib/spread.js';
import { hasStoppedRising } from '../lib/statistics.js';

const KIB = 1024;
const MANY = 10_000;
const MANY_IN_SMOKE = 200;
/** Times that a slice goes around over all partitions. */
const ROUNDS = 2;
const WARM_SLICES_MAX = 10;

/** Batches of 16 KiB, the Java client's default. */
export const SCALE_BATCH = { recordBytes: KIB, batchBytes: 16 * KIB } as const;

/** What ten thousand partitions have to do with. */
export const HEAP = '--max-old-space-size=512';

export const SPREAD_HELD = {
  heap: HEAP,
  flush: 'os',
  batches: '16 KiB of 1 KiB records',
} as const;

export function manyOptions(folder: string): OdradekOptions {
  return { folder, set: { 'odradek.flush': 'os' }, nodeArguments: [HEAP] };
}

/** How many partitions a row means by many. */
export function manyPartitions(context: Context): number {
  return context.scale.isSmoke ? MANY_IN_SMOKE : MANY;
}

/** Four connections, and two requests to each of many partitions. */
export function spreadLoad(context: Context): { connections: number; requests: number } {
  return { connections: 4, requests: manyPartitions(context) * ROUNDS };
}

/** A broker with `count` partitions, and the slice that produces to them in turn. */
export interface SpreadSide {
  readonly name: string;
  readonly odradek: Awaited<ReturnType<typeof startOdradek>>;
  readonly frames: Frames;
  readonly samples: Sample[];
  slice(): Promise<Sample>;
}

/** `main` is the program of another build. */
export async function openSpreadSide(
  context: Context,
  name: string,
  count: number,
  main?: string,
): Promise<SpreadSide> {
  const folder = context.newFolder(`odradek-${name.replaceAll(' ', '-')}`);
  const odradek = await startOdradek({ ...manyOptions(folder), name, ...(main && { main }) });
  context.defer(() => odradek.stop());
  const places = await createPartitions(odradek, count);
  const frames = await spreadFrames(context, places, SCALE_BATCH, manyPartitions(context));
  const slice = (): Promise<Sample> => produceSpread(context, odradek, frames, spreadLoad(context));
  return { name, odradek, frames, slice, samples: [] };
}

/** Slices until they get no faster. */
export async function warmUpSpread({ slice }: SpreadSide): Promise<void> {
  const rates: number[] = [];
  while (rates.length < WARM_SLICES_MAX && !hasStoppedRising(rates, { window: 2 })) {
    rates.push((await slice()).requestsPerS!);
  }
}

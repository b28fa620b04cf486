import { type Random, seededRandom } from '../../engine/index.js';

/** A paired ratio over all pairs of a row. `low` and `high` are the ends of its 95 % interval. */
export interface PairedRatio {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/**
 * What a ratio must reach. `at-least` is good when large (throughput), `at-most` when small (CPU,
 * latency).
 */
export interface Threshold {
  readonly direction: 'at-least' | 'at-most';
  readonly value: number;
}

/**
 * `pass`: the whole interval is on the good side. `median-only`: the median is, the interval
 * reaches over.
 */
export type Verdict = 'pass' | 'median-only' | 'fail';

const RESAMPLES = 4000;
const TAIL = 0.025;
/** The interval is a property of the samples, not of the run that computes it. */
const SEED = 5;

/**
 * Fewer pairs than this cannot exclude anything at 95 %: the smallest and largest of five are its
 * 93.75 % interval.
 */
export const PAIRS_MIN = 6;

/** The middle value, or the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/**
 * The value below which the share `q` (0 to 1) lies, interpolated between neighbours. NaN of
 * nothing.
 */
export function quantile(values: readonly number[], q: number): number {
  if (values.length === 0) return Number.NaN;
  const sorted = Float64Array.from(values).sort();
  const at = q * (sorted.length - 1);
  const below = Math.floor(at);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (at - below);
}

/**
 * `ours[i] / theirs[i]`, slices that ran next to each other: the median ratio and its 95 % interval
 * by bootstrap of the median. Null when a slice is missing or is no positive number, since a ratio
 * would then be invented.
 */
export function pairedRatio(
  ours: readonly number[],
  theirs: readonly number[],
): PairedRatio | null {
  if (ours.length === 0 || ours.length !== theirs.length) return null;
  const logs = ours.map((value, i) => Math.log(value / theirs[i]!));
  if (!logs.every(Number.isFinite)) return null;
  const medians = resampledMedians(logs, seededRandom(SEED));
  return {
    median: fromLog(median(logs)),
    low: fromLog(quantile(medians, TAIL)),
    high: fromLog(quantile(medians, 1 - TAIL)),
    pairs: logs.length,
  };
}

/** Without the last digits, which the logarithm has spoilt: 3 shall not be less than 3. */
function fromLog(log: number): number {
  return Number(Math.exp(log).toPrecision(12));
}

function resampledMedians(values: readonly number[], random: Random): number[] {
  const medians: number[] = [];
  const sample = new Array<number>(values.length);
  for (let round = 0; round < RESAMPLES; round++) {
    for (let i = 0; i < sample.length; i++) sample[i] = values[pick(random, values.length)]!;
    medians.push(median(sample));
  }
  return medians;
}

function pick(random: Random, count: number): number {
  return Math.min(count - 1, Math.floor(random.next() * count));
}

/** Judges a ratio. A row of too few pairs never passes: at best its median does. */
export function judge({ median, low, high, pairs }: PairedRatio, threshold: Threshold): Verdict {
  const isGood = (value: number): boolean =>
    threshold.direction === 'at-least' ? value >= threshold.value : value <= threshold.value;
  if (!isGood(median)) return 'fail';
  const worst = threshold.direction === 'at-least' ? low : high;
  return pairs >= PAIRS_MIN && isGood(worst) ? 'pass' : 'median-only';
}

/**
 * Which side goes first in each pair: AB, BA, AB, … so that a drift of the machine hits both alike.
 */
export function sliceOrder<T>(pairs: number, sides: readonly T[]): T[][] {
  return Array.from({ length: pairs }, (_, pair) =>
    pair % 2 === 0 ? [...sides] : [...sides].reverse(),
  );
}

/**
 * Whether a warm-up may end: the best of the last `window` rates is no more than `tolerance` (0.03
 * is 3 %) above the best of those before. A rate that still rises belongs to a machine that is
 * still warming up.
 */
export function hasStoppedRising(
  rates: readonly number[],
  { window = 3, tolerance = 0.03 } = {},
): boolean {
  if (rates.length < 2 * window) return false;
  const before = Math.max(...rates.slice(0, -window));
  const last = Math.max(...rates.slice(-window));
  return last <= before * (1 + tolerance);
}

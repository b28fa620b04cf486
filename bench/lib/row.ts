import { NoFigure } from './outcome.js';
import {
  judge,
  type PairedRatio,
  pairedRatio,
  type Threshold,
  type Verdict,
} from './statistics.js';

/** What one slice measured, by metric (see `metrics.ts`). */
export type Sample = Readonly<Record<string, number>>;

/** One of the things a row compares, with its slices in the order in which they ran. */
export interface Side {
  readonly name: string;
  readonly samples: readonly Sample[];
}

/** Asks for the ratio of one metric between two sides, and for what it must reach. */
export interface Comparison {
  readonly metric: string;
  readonly ours: string;
  readonly theirs: string;
  readonly threshold?: Threshold;
}

/** A comparison with its answer; `ratio` is null where a side has no such figure. */
export interface Compared extends Comparison {
  readonly ratio: PairedRatio | null;
  readonly verdict: Verdict | null;
}

/** A bound on a plain figure of one side: a count, or a time. */
export interface Bound {
  readonly metric: string;
  readonly side: string;
  readonly threshold: Threshold;
}

export type Conditions = Readonly<Record<string, string | number | boolean>>;

/** What identifies a row, and under which conditions it holds. */
export interface RowHead {
  /** Stable: `wire/produce-64k`. */
  readonly id: string;
  readonly title: string;
  readonly conditions: Conditions;
}

/** What a row's `run` hands back. */
export interface Measured {
  readonly sides: readonly Side[];
  readonly comparisons?: readonly Comparison[];
  readonly bounds?: readonly Bound[];
  /** What the reader must know to read the figures. */
  readonly notes?: readonly string[];
}

/** A row that has figures. */
export interface MeasuredRow extends RowHead {
  readonly status: 'measured';
  readonly sides: readonly Side[];
  readonly compared: readonly Compared[];
  readonly bounds: readonly (Bound & { readonly verdict: Verdict })[];
  readonly notes: readonly string[];
}

/** A row that has none, and why. */
export interface EmptyRow extends RowHead {
  readonly status: 'void' | 'skipped';
  readonly reason: string;
}

export type RowResult = MeasuredRow | EmptyRow;

/**
 * The result of a row that ran through. Figures that are not finite make it void: they would be
 * printed as figures.
 */
export function measuredRow(head: RowHead, measured: Measured): RowResult {
  const { sides, comparisons = [], bounds = [], notes = [] } = measured;
  const flaw = flawIn(sides);
  if (flaw !== null) return emptyRow(head, new NoFigure('void', flaw));
  return {
    ...head,
    status: 'measured',
    sides,
    compared: comparisons.map((comparison) => compare(comparison, sides)),
    bounds: bounds.map((bound) => ({ ...bound, verdict: judgeBound(bound, sides) })),
    notes,
  };
}

/**
 * The result of a row that failed. Anything but `NoFigure` is a fault of the suite or of what it
 * measures: void as well.
 */
export function emptyRow(head: RowHead, error: unknown): EmptyRow {
  const { message } = error instanceof Error ? error : new Error(String(error));
  return {
    ...head,
    status: error instanceof NoFigure ? error.kind : 'void',
    reason: message.split('\n', 1)[0]!,
  };
}

/** A side's values of one metric, in slice order. Slices without it are left out. */
export function valuesOf(sides: readonly Side[], name: string, metric: string): number[] {
  const side = sides.find((candidate) => candidate.name === name);
  return (side?.samples ?? []).flatMap((sample) => sample[metric] ?? []);
}

function compare(comparison: Comparison, sides: readonly Side[]): Compared {
  const { metric, ours, theirs, threshold } = comparison;
  const ratio = pairedRatio(valuesOf(sides, ours, metric), valuesOf(sides, theirs, metric));
  return { ...comparison, ratio, verdict: ratio && threshold ? judge(ratio, threshold) : null };
}

/** Every slice has to keep the bound, or at least half of them. */
function judgeBound({ side, metric, threshold }: Bound, sides: readonly Side[]): Verdict {
  const values = valuesOf(sides, side, metric);
  const kept = values.filter((value) =>
    threshold.direction === 'at-least' ? value >= threshold.value : value <= threshold.value,
  ).length;
  if (values.length > 0 && kept === values.length) return 'pass';
  return kept * 2 >= values.length && kept > 0 ? 'median-only' : 'fail';
}

function flawIn(sides: readonly Side[]): string | null {
  for (const { name, samples } of sides) {
    if (samples.length === 0) return `${name} has no slice`;
    for (const [slice, sample] of samples.entries()) {
      for (const [metric, value] of Object.entries(sample)) {
        if (!Number.isFinite(value)) return `${name}: ${metric} of slice ${slice + 1} is ${value}`;
      }
    }
  }
  return null;
}

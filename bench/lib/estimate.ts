import { FULL, type Scale } from './context.js';
import type { DatedRow } from './results.js';
import type { RowPlan } from './runner.js';

const SECONDS = 120;
const SMOKE_SECONDS = 10;
/** Of a row, starts and warm-ups, which fewer slices do not shorten. */
const FIXED_SHARE = 0.4;

/** What rows will take: what they took the last time, or what they say of themselves. */
export function estimateSeconds(
  plans: readonly RowPlan[],
  { isSmoke, pairs }: Scale,
  before: readonly DatedRow[],
): number {
  const share = FIXED_SHARE + (1 - FIXED_SHARE) * (pairs / FULL.pairs);
  const fallback = (plan: RowPlan): number =>
    isSmoke ? SMOKE_SECONDS : (plan.seconds ?? SECONDS) * share;
  return plans.reduce((sum, plan) => {
    const last = before.find(({ id }) => id === plan.id);
    if (last?.status !== 'measured' || pairsOf(last) !== pairs) return sum + fallback(plan);
    return sum + (last.seconds ?? fallback(plan));
  }, 0);
}

function pairsOf(row: DatedRow): number {
  return row.status === 'measured' ? (row.sides[0]?.samples.length ?? 0) : 0;
}

/** `1 h 5 min`, `12 min`, `40 s`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

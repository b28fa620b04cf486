/** A point of a curve; both numbers are above zero. */
export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

/**
 * How a figure grows: as `x` to the power of `slope`. 0: it does not; 1: in proportion. `low` and
 * `high` are the ends of its 95 % interval.
 */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** The fitted value at x = 1. */
  readonly atOne: number;
  readonly points: number;
}

/**
 * Student's t for a two-sided 95 % interval, by degrees of freedom from 1 on; what lies behind the
 * end is near enough to it.
 */
const T_95 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];

/**
 * The straight line through the points on log axes, by least squares, with the interval that the
 * scatter around it leaves for its slope. Points without a place on such axes are left out. Null
 * for fewer than three, or where all have one x.
 */
export function fitSlope(points: readonly CurvePoint[]): Slope | null {
  const logs = points
    .filter(({ x, y }) => x > 0 && y > 0 && Number.isFinite(x) && Number.isFinite(y))
    .map(({ x, y }) => ({ x: Math.log(x), y: Math.log(y) }));
  const count = logs.length;
  if (count < 3) return null;
  const meanX = mean(logs.map(({ x }) => x));
  const meanY = mean(logs.map(({ y }) => y));
  const spread = logs.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0);
  if (spread === 0) return null;
  const slope = logs.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread;
  const offAt = (log: CurvePoint): number => log.y - meanY - slope * (log.x - meanX);
  const scatter = logs.reduce((sum, log) => sum + offAt(log) ** 2, 0) / (count - 2);
  const t = T_95[Math.min(count - 2, T_95.length) - 1]!;
  const reach = t * Math.sqrt(scatter / spread);
  return {
    slope,
    low: slope - reach,
    high: slope + reach,
    atOne: Math.exp(meanY - slope * meanX),
    points: count,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `0.98 (0.91 to 1.05)`. */
export function formatSlope({ slope, low, high }: Slope): string {
  return `${shown(slope)} (${shown(low)} to ${shown(high)})`;
}

/** Never "-0.00". */
function shown(value: number): string {
  return (Math.round(value * 100) / 100 || 0).toFixed(2);
}

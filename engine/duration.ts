const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A length of time: milliseconds, or text with a unit, such as `'500ms'`, `'10s'`, `'5m'`, `'1h'`
 * or `'7d'`.
 */
export type Duration = number | `${number}${keyof typeof UNIT_MS}`;

/** How text says a duration. */
export const DURATION_TEXTS = "text such as '500ms', '10s', '5m', '1h', '7d'";

/**
 * Whole milliseconds of a duration, rounded; null for what is none, or is below 0. What is not
 * nothing is a millisecond at least: a retention of 0 would delete everything.
 */
export function parseDuration(duration: unknown): number | null {
  const ms = typeof duration === 'string' ? parse(duration) : duration;
  if (typeof ms !== 'number' || !(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) return null;
  return ms === 0 ? 0 : Math.max(1, Math.round(ms));
}

function parse(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

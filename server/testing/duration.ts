const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/**
 * A length of time: milliseconds, or text with a unit, such as `'500ms'`, `'10s'`, `'5m'`, `'1h'`
 * or `'7d'`.
 */
export type Duration = number | `${number}${keyof typeof UNIT_MS}`;

/** Whole milliseconds, rounded. Throws a RangeError for a value that is no duration, or below 0. */
export function durationMs(duration: Duration): number {
  const ms = typeof duration === 'number' ? duration : parse(duration);
  if (!(ms >= 0 && ms <= Number.MAX_SAFE_INTEGER)) {
    throw new RangeError(
      `${JSON.stringify(duration)} is no duration: milliseconds from 0 on are, or text such as '500ms', '10s', '5m', '1h', '7d'`,
    );
  }
  return Math.round(ms);
}

function parse(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(amount) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

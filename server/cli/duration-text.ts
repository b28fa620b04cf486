const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Whole milliseconds of a text such as 500ms, 5s or 1.5h; null for anything else. */
export function durationOf(text: string): number | null {
  const [, amount = '', unit = ''] = /^(\d{1,9}(?:\.\d{1,9})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Math.round(Number(amount) * (UNIT_MS[unit] ?? Number.NaN));
  return Number.isNaN(ms) ? null : ms;
}

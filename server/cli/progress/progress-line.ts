import { sizeText } from '../size-text.js';

/** How far some work is. */
export interface ProgressAmount {
  readonly done: number;
  /** Null, or left out, where nobody knows, as of a pipe. */
  readonly total?: number | null;
  /** What is counted: `bytes`, or a word for many, such as `logs`. */
  readonly unit: string;
}

/** The bar becomes shorter in steps, so that it stands still while numbers change. */
const BAR = { least: 10, most: 30, step: 8 };

/**
 * One line of text about work, of at most `width` characters: what, a bar, per cent, amount, rate
 * and the time that is left. A narrow line leaves out the bar first, and per cent last.
 */
export function progressLine(
  what: string,
  { done, total = null, unit }: ProgressAmount,
  perSecond: number | null,
  width: number,
): string {
  // An empty whole has no parts, and more than the whole is a wrong whole: a file that has grown.
  const share = total !== null && total > 0 ? Math.min(1, done / total) : null;
  const amount = amountText(done, total, unit);
  const rate = perSecond === null ? null : `${quantity(Math.round(perSecond), unit)}/s`;
  const left = leftText(done, total ?? 0, perSecond ?? 0);
  const percent = share === null ? null : `${Math.floor(share * 100)}%`.padStart(4);
  const behind = [percent, amount, rate, left];
  if (share !== null) {
    const taken = Math.ceil(joined(behind).length / BAR.step) * BAR.step;
    const room = Math.min(BAR.most, width - what.length - taken - '  []  '.length);
    if (room >= BAR.least) return joined([what, bar(share, room), ...behind]);
  }
  const shorter = [
    [what, ...behind],
    [what, percent, amount, left],
    [what, percent ?? amount, left],
    [what, percent ?? amount],
  ].map(joined);
  const fitting = shorter.find((each) => each.length <= width);
  return fitting ?? (percent?.trimStart() ?? amount).slice(0, Math.max(0, width));
}

function joined(parts: readonly (string | null)[]): string {
  return parts.filter((part) => part !== null).join('  ');
}

function bar(share: number, length: number): string {
  const full = Math.floor(share * length);
  return `[${'#'.repeat(full)}${'.'.repeat(length - full)}]`;
}

function amountText(done: number, total: number | null, unit: string): string {
  const whole = total === null || total <= 0 ? '' : ` of ${quantity(total, unit)}`;
  const counted = unit === 'bytes' ? '' : ` ${unit}`;
  return `${quantity(done, unit)}${whole}${counted}`;
}

function quantity(amount: number, unit: string): string {
  return unit === 'bytes' ? sizeText(Math.round(amount)) : amount.toLocaleString('en-US');
}

/** The end of work may take a while all the same: a sync, or an answer. */
function leftText(done: number, total: number, perSecond: number): string | null {
  if (total > 0 && done >= total) return 'finishing';
  return total > 0 && perSecond > 0 ? `${timeText((total - done) / perSecond)} left` : null;
}

/** `9 s`, `2 min 5 s`, `3 h 10 min`; rounded up, so that nothing is left only at the end. */
function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 60) return `${minutes} min ${whole % 60} s`;
  const hours = Math.floor(minutes / 60);
  return hours < 100 ? `${hours} h ${minutes % 60} min` : 'days';
}

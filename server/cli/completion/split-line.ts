/** The word that is being typed. */
export interface CurrentWord {
  /** As it stands on the line, up to the cursor. */
  readonly raw: string;
  /** Without quotes and backslashes. */
  readonly text: string;
  /** The quote that is open at its end. */
  readonly quote: '"' | "'" | null;
}

export interface SplitLine {
  /** The words before the current one, without quotes. */
  readonly words: readonly string[];
  readonly current: CurrentWord;
}

/**
 * Splits a command line up to the cursor, as shells do, but expands nothing: `$(…)` and `*` stay
 * as they stand.
 */
export function splitLine(line: string): SplitLine {
  const words: string[] = [];
  let raw = '';
  let text = '';
  let quote: CurrentWord['quote'] = null;
  let isEscaped = false;
  for (const each of line) {
    if (quote === null && !isEscaped && /\s/.test(each)) {
      if (raw !== '') words.push(text);
      raw = '';
      text = '';
      continue;
    }
    raw += each;
    if (isEscaped) {
      text += each;
      isEscaped = false;
    } else if (each === '\\' && quote !== "'") isEscaped = true;
    else if (each === quote) quote = null;
    else if (quote === null && (each === '"' || each === "'")) quote = each;
    else text += each;
  }
  return { words, current: { raw, text, quote } };
}

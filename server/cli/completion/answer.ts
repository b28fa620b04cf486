import type { Candidate, Candidates } from './candidates.js';
import type { CurrentWord } from './split-line.js';

export type Shell = 'bash' | 'zsh' | 'fish';

/** Characters that mean nothing to bash, wherever they stand. */
const PLAIN = /^[\p{L}\p{N}_./:=@%+,-]$/u;
/** Readline takes what is behind the last of these for the word. */
const BREAKS = /[:=]/;

/**
 * The lines that a completion script reads: `f` for files, `w` and a word, with a tab and its
 * description for zsh and fish. Those quote what they insert; words for bash are quoted here. Words
 * with line breaks and other control characters are left out.
 */
export function answerLines(
  shell: Shell,
  { words, files }: Candidates,
  current: CurrentWord,
): string[] {
  const usable = words.filter(
    ({ value }) => !/\p{Cc}/u.test(value) && value.startsWith(shell === 'bash' ? current.text : ''),
  );
  const lines = usable.flatMap((each) => {
    const word = shell === 'bash' ? bashWord(each, current) : described(each);
    return word === null ? [] : [`w${word}`];
  });
  return files ? ['f', ...lines] : lines;
}

/** What replaces what readline takes for the word; null where that cannot be quoted. */
function bashWord({ value }: Candidate, { raw, text, quote }: CurrentWord): string | null {
  if (quote !== null) {
    // Readline closes a quote at the beginning; behind it nothing may need another.
    const isSafe = raw.startsWith(quote) && [...value].every((each) => PLAIN.test(each));
    return isSafe ? value : null;
  }
  const typed = [...text];
  const at = typed.findLastIndex((each) => BREAKS.test(each));
  return quoted(value.slice(typed.slice(0, at + 1).join('').length));
}

function quoted(text: string): string {
  return [...text].map((each) => (PLAIN.test(each) ? each : `\\${each}`)).join('');
}

function described({ value, description }: Candidate): string {
  return description === '' ? value : `${value}\t${description}`;
}

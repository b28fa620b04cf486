import { runInNewContext } from 'node:vm';
import { CliError, EXIT } from '../cli-error.js';
import { CLI_LIMITS } from '../limits.js';

/** Names of topics, as a regular expression says. */
export interface TopicPattern {
  /** As the user wrote it; several with ` or ` between. */
  readonly text: string;
  /** The names that it matches. Throws a CliError where that takes too long. */
  matching(names: readonly string[]): string[];
}

/**
 * Reads regular expressions, each of which must match a whole name, as with Kafka's consumers; null
 * without any. Throws a CliError (usage) for what is none, or is too long.
 */
export function topicPattern(texts: readonly string[]): TopicPattern | null {
  if (texts.length === 0) return null;
  const whole = new RegExp(texts.map((each) => `^(?:${checked(each)})$`).join('|'));
  const text = texts.join(' or ');
  return { text, matching: (names) => matching(whole, text, names) };
}

function checked(text: string): string {
  if (text.length > CLI_LIMITS.patternLengthMax) {
    throw new CliError(
      `a pattern of ${text.length} characters: ${CLI_LIMITS.patternLengthMax} at most`,
      EXIT.usage,
    );
  }
  try {
    // Alone first: parentheses that do not match must not match those around it.
    new RegExp(text);
    return text;
  } catch (cause) {
    const [, why = 'not understood'] = /: ([^:]+)$/.exec((cause as Error).message) ?? [];
    throw new CliError(
      `the pattern ${JSON.stringify(text)} is no regular expression: ${why}; 'orders-.*' is one`,
      EXIT.usage,
      { cause },
    );
  }
}

/**
 * A pattern such as `(a+)+b` takes for ever on some names; node:vm is the only way to interrupt it.
 */
function matching(whole: RegExp, text: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const found: number[] = [];
  try {
    runInNewContext(
      'names.forEach((name, at) => { if (whole.test(name)) found.push(at); })',
      { names, whole, found },
      { timeout: CLI_LIMITS.patternTimeoutMs },
    );
  } catch (cause) {
    throw new CliError(
      `the pattern ${JSON.stringify(text)} takes more than ${CLI_LIMITS.patternTimeoutMs} ms on the names of topics: write it without nested repetitions`,
      EXIT.usage,
      { cause },
    );
  }
  return found.map((at) => names[at]!);
}

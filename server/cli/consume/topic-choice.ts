import { CliError, EXIT } from '../cli-error.js';
import { type TopicPattern, topicPattern } from './topic-pattern.js';

/** The topics that a command line asks for. */
export interface TopicChoice {
  /** Each once. */
  readonly names: readonly string[];
  readonly pattern: TopicPattern | null;
}

/**
 * Reads the arguments: names, also with commas between, and patterns behind a `^`, as in kcat,
 * which no name has; `patterns` are those of options. Throws a CliError (usage) where nothing is
 * named.
 */
export function chooseTopics(
  topics: readonly string[],
  patterns: readonly string[] = [],
): TopicChoice {
  const marked = topics.filter((each) => each.startsWith('^'));
  const names = topics
    .filter((each) => !each.startsWith('^'))
    .flatMap((each) => each.split(','))
    .map((each) => each.trim());
  if (names.includes('') || patterns.includes('')) {
    throw new CliError('the name of a topic is empty', EXIT.usage);
  }
  const pattern = topicPattern([...patterns, ...marked]);
  if (names.length === 0 && pattern === null) {
    throw new CliError(
      "the name of a topic is missing: give one or several, or --pattern 'orders-.*'",
      EXIT.usage,
    );
  }
  return { names: [...new Set(names)], pattern };
}

/** Whether records of more than one topic may be printed. */
export function hasSeveral({ names, pattern }: TopicChoice): boolean {
  return pattern !== null || names.length > 1;
}

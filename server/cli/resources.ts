/** Types of resources in requests about settings. */
export const TOPIC_RESOURCE = 2;
export const BROKER_RESOURCE = 4;

/** Where a setting comes from, by the number in an answer: Kafka's word, and one for people. */
const SOURCES: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ['DYNAMIC_TOPIC_CONFIG', 'topic'],
  2: ['DYNAMIC_BROKER_CONFIG', 'broker, while running'],
  3: ['DYNAMIC_DEFAULT_BROKER_CONFIG', 'all brokers, while running'],
  4: ['STATIC_BROKER_CONFIG', 'broker, at its start'],
  5: ['DEFAULT_CONFIG', 'default'],
};

/** The source of settings that nobody has set. */
export const DEFAULT_SOURCE = 'DEFAULT_CONFIG';

/** Kafka's name of a source, by the number in an answer. */
export function sourceName(source: number): string {
  return SOURCES[source]?.[0] ?? String(source);
}

/** The words of a source for people, by Kafka's name. */
export function sourceText(name: string): string {
  return Object.values(SOURCES).find(([each]) => each === name)?.[1] ?? name;
}

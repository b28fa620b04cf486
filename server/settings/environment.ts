import { withoutSynonym } from './image-variables.js';

const PREFIX = 'KAFKA_';

/** Variables of Kafka's own scripts and images that are no settings, and are no mistake either. */
const SCRIPT_VARIABLES = new Set([
  'KAFKA_DEBUG',
  'KAFKA_GC_LOG_OPTS',
  'KAFKA_HEAP_OPTS',
  'KAFKA_HOME',
  'KAFKA_JMX_HOSTNAME',
  'KAFKA_JMX_OPTS',
  'KAFKA_JMX_PORT',
  'KAFKA_JVM_PERFORMANCE_OPTS',
  'KAFKA_LOG4J_CMD_OPTS',
  'KAFKA_LOG4J_LOGGERS',
  'KAFKA_LOG4J_OPTS',
  'KAFKA_LOG4J_ROOT_LOGLEVEL',
  'KAFKA_OPTS',
  'KAFKA_TOOLS_LOG4J_LOGLEVEL',
  'KAFKA_VERSION',
]);

/** A setting that an environment variable names. */
export interface EnvironmentSetting {
  readonly variable: string;
  readonly key: string;
  readonly value: string;
}

/**
 * The settings among the environment's variables, sorted by variable, under the names that images
 * know as well. Variables of Kafka's own scripts are left out, whether or not their name would also
 * map to a key.
 */
export function environmentSettings(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentSetting[] {
  const settings: EnvironmentSetting[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    const name = withoutSynonym(variable);
    if (value === undefined || !name.startsWith(PREFIX) || name === PREFIX) continue;
    if (SCRIPT_VARIABLES.has(variable)) continue;
    settings.push({ variable, key: keyOfVariable(name), value });
  }
  return settings.sort((a, b) => (a.variable < b.variable ? -1 : 1));
}

/** Two variables for one setting: one line each pair that differs. */
export function contradictions(settings: readonly EnvironmentSetting[]): string[] {
  const first = new Map<string, EnvironmentSetting>();
  return settings.flatMap((each) => {
    const other = first.get(each.key);
    if (other === undefined) first.set(each.key, each);
    if (other === undefined || other.value === each.value) return [];
    return [`${other.variable} and ${each.variable} set ${each.key} to different values: set one`];
  });
}

/**
 * KAFKA_LOG_RETENTION_MS → log.retention.ms; `__` is `_` and `___` is `-`, as in Kafka's images.
 */
export function keyOfVariable(variable: string): string {
  return variable
    .slice(PREFIX.length)
    .toLowerCase()
    .replace(/_{1,3}/g, (underscores) => ['.', '_', '-'][underscores.length - 1] ?? '.');
}

/** The variable that sets `key`: the inverse of `keyOfVariable`. */
export function variableOfKey(key: string): string {
  const name = key.replace(/[-_.]/g, (c) => (c === '.' ? '_' : c === '_' ? '__' : '___'));
  return PREFIX + name.toUpperCase();
}

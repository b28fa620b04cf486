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
 * The settings among the environment's variables, sorted by variable. Variables of Kafka's own
 * scripts are left out, whether or not their name would also map to a key.
 */
export function environmentSettings(
  environment: Readonly<Record<string, string | undefined>>,
): EnvironmentSetting[] {
  const settings: EnvironmentSetting[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || !variable.startsWith(PREFIX) || variable === PREFIX) continue;
    if (SCRIPT_VARIABLES.has(variable)) continue;
    settings.push({ variable, key: keyOfVariable(variable), value });
  }
  return settings.sort((a, b) => (a.variable < b.variable ? -1 : 1));
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

/** What images call the id of the cluster, in place of a step that formats the directory. */
export const CLUSTER_ID_VARIABLES: readonly string[] = [
  'CLUSTER_ID',
  'KAFKA_CLUSTER_ID',
  'KAFKA_KRAFT_CLUSTER_ID',
];

/** Bitnami's prefix: `KAFKA_CFG_NUM_PARTITIONS` is `KAFKA_NUM_PARTITIONS`. */
const SYNONYM_PREFIX = 'KAFKA_CFG_';

/** The variable by the name that Apache Kafka's own image has for it. */
export function withoutSynonym(variable: string): string {
  if (CLUSTER_ID_VARIABLES.includes(variable)) return 'KAFKA_ODRADEK_CLUSTER_ID';
  return variable.startsWith(SYNONYM_PREFIX)
    ? `KAFKA_${variable.slice(SYNONYM_PREFIX.length)}`
    : variable;
}

/**
 * What the images listen on where the environment gives only the advertised listeners: the same
 * names and ports on every address. Null where there is nothing to go by, or where `listeners`, of
 * a file, names an address: more than it says is not opened.
 */
export function listenersFromAdvertised(
  advertised: string,
  listeners: string | null,
): string | null {
  const derived = withHosts(advertised, '0.0.0.0');
  const isOpen = listeners === null || withHosts(listeners, '') === withoutWildcards(listeners);
  return derived.trim() === '' || !isOpen ? null : derived;
}

/** A host is bounded, so that no text takes long, whatever it holds. */
function withHosts(endpoints: string, host: string): string {
  return endpoints.replace(/:\/\/(?:\[[^\]]{0,64}\]|[^:,[\]]{0,255}):/g, `://${host}:`);
}

function withoutWildcards(endpoints: string): string {
  return endpoints.replace(/:\/\/(?:0\.0\.0\.0|\[::\]):/g, '://:');
}

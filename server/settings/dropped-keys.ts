/** Keys that older versions of Apache Kafka had, by their beginnings, and what became of them. */
const DROPPED: readonly (readonly [beginning: string, what: string])[] = [
  ['zookeeper.', 'is gone with ZooKeeper (Apache Kafka 4.0)'],
  ['control.plane.listener.name', 'is gone with ZooKeeper (Apache Kafka 4.0)'],
  ['broker.id.generation.enable', 'is gone with ZooKeeper (Apache Kafka 4.0): node.id says the id'],
  ['reserved.broker.max.id', 'is gone with ZooKeeper (Apache Kafka 4.0)'],
  ['password.encoder.', 'is gone with ZooKeeper (Apache Kafka 4.0)'],
  ['delegation.token.master.key', 'is called delegation.token.secret.key since Apache Kafka 4.0'],
  ['inter.broker.protocol.version', 'is gone since Apache Kafka 4.0: features have versions'],
  ['log.message.format.version', 'is gone since Apache Kafka 4.0: the format is v2'],
  [
    'log.message.timestamp.difference.max.ms',
    'is gone since Apache Kafka 4.0: log.message.timestamp.before.max.ms and after.max.ms are there',
  ],
  ['offsets.commit.required.acks', 'is gone since Apache Kafka 4.0: commits wait for all replicas'],
  ['advertised.host.name', 'is gone since Apache Kafka 3.0: advertised.listeners says it'],
  ['advertised.port', 'is gone since Apache Kafka 3.0: advertised.listeners says it'],
  ['host.name', 'is gone since Apache Kafka 3.0: listeners says it'],
  ['quota.producer.default', 'is gone since Apache Kafka 3.0: quotas are set by kafka-configs.sh'],
  ['quota.consumer.default', 'is gone since Apache Kafka 3.0: quotas are set by kafka-configs.sh'],
];

/** What became of a key that Apache Kafka has dropped; null for any other. */
export function droppedKey(key: string): string | null {
  const found = DROPPED.find(([beginning]) =>
    beginning.endsWith('.') ? key.startsWith(beginning) : key === beginning,
  );
  return found === undefined ? null : found[1];
}

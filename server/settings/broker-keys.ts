import { SERVER_LIMITS } from '../limits.js';
import { inertRows } from './inert-keys.js';
import { promiseGroups } from './promise-keys.js';
import { type Setting, type SettingRow, settingOf, tableOf } from './setting.js';
import { topicKeys } from './topic-keys.js';

/**
 * The data directory when neither log.dirs nor log.dir is set, relative to the working directory.
 */
const DEFAULT_DATA_DIR = './odradek-data';

/** Keys that Odradek honours, with the line that DescribeConfigs shows. */
const honouredRows: readonly (readonly [doc: string, row: SettingRow])[] = [
  [
    'The addresses that clients are told to connect to, NAME://HOST:PORT.',
    ['advertised.listeners', 'list', null],
  ],
  [
    'Whether a topic is created when a client asks for its metadata.',
    ['auto.create.topics.enable', 'boolean', 'true'],
  ],
  ['The older name of node.id.', ['broker.id', 'int', '-1', { min: -1 }]],
  [
    'Ms without a request after which a connection is closed; -1 for never.',
    ['connections.max.idle.ms', 'long', '600000', { min: 1, or: -1 }],
  ],
  [
    'Names of listeners that belong to a controller quorum; this broker has none and does not open them.',
    ['controller.listener.names', 'list', null],
  ],
  ['Whether clients may delete topics.', ['delete.topic.enable', 'boolean', 'true']],
  [
    'Most bytes of records in one answer to a fetch.',
    ['fetch.max.bytes', 'int', '57671680', { min: 1024 }],
  ],
  [
    'Ms that a new consumer group waits for more members before it starts.',
    ['group.initial.rebalance.delay.ms', 'int', '0', { min: 0 }],
  ],
  [
    'Longest session timeout in ms that a member of a group may ask for.',
    ['group.max.session.timeout.ms', 'int', '1800000'],
  ],
  [
    'Most members of one group.',
    ['group.max.size', 'int', String(SERVER_LIMITS.membersPerGroupMax), { min: 1 }],
  ],
  [
    'Shortest session timeout in ms that a member of a group may ask for.',
    ['group.min.session.timeout.ms', 'int', '6000'],
  ],
  [
    'The security protocol of each listener, NAME:PROTOCOL; only PLAINTEXT can be opened.',
    [
      'listener.security.protocol.map',
      'string',
      'SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT',
    ],
  ],
  [
    'The addresses to listen on, NAME://HOST:PORT; an empty host is every address, port 0 a free port.',
    ['listeners', 'list', 'PLAINTEXT://localhost:9092'],
  ],
  ['The data directory, if log.dirs is not set.', ['log.dir', 'list', DEFAULT_DATA_DIR]],
  ['The data directory. One only.', ['log.dirs', 'list', null]],
  [
    'Ms between two looks for logs to compact.',
    ['log.cleaner.backoff.ms', 'long', '15000', { min: 0 }],
  ],
  [
    'Memory in bytes for the keys of logs that are compacted, all threads together: 24 bytes a key.',
    ['log.cleaner.dedupe.buffer.size', 'long', '134217728', { min: 1_048_576 }],
  ],
  [
    'Whether logs with cleanup.policy=compact are compacted.',
    ['log.cleaner.enable', 'boolean', 'true'],
  ],
  [
    'How full the memory for keys may be before a pass ends, above 0 and at most 1.',
    ['log.cleaner.io.buffer.load.factor', 'double', '0.9', { min: 0.01, max: 1 }],
  ],
  [
    'Most bytes a second that compaction reads and writes, all threads together.',
    ['log.cleaner.io.max.bytes.per.second', 'double', '1.7976931348623157E308', { min: 1 }],
  ],
  [
    'Logs that are compacted at a time; 0 for none.',
    ['log.cleaner.threads', 'int', '1', { min: 0 }],
  ],
  [
    'Ms between two looks for segments that may be deleted.',
    ['log.retention.check.interval.ms', 'long', '300000', { min: 1 }],
  ],
  ['Most connections at a time.', ['max.connections', 'int', '2147483647', { min: 0 }]],
  [
    'Most connections at a time from one address.',
    ['max.connections.per.ip', 'int', '2147483647', { min: 0 }],
  ],
  [
    'Fetch sessions at a time, by which clients name only what is different from their last request; 0 for none.',
    ['max.incremental.fetch.session.cache.slots', 'int', '1000', { min: 0 }],
  ],
  ['This broker, as clients see it.', ['node.id', 'int', '1', { min: 0 }]],
  [
    'Partitions of a topic that is created without a number of partitions.',
    ['num.partitions', 'int', '1', { min: 1 }],
  ],
  [
    'Most characters of the metadata that comes with a committed offset.',
    ['offset.metadata.max.bytes', 'int', '4096'],
  ],
  [
    'Ms that a write of the group coordinator waits for all in-sync replicas.',
    ['offsets.commit.timeout.ms', 'int', '5000', { min: 1 }],
  ],
  [
    'Ms between two looks for committed offsets that have expired.',
    ['offsets.retention.check.interval.ms', 'long', '600000', { min: 1 }],
  ],
  [
    'Minutes after which the committed offsets of a group without members are forgotten.',
    ['offsets.retention.minutes', 'int', '10080', { min: 1 }],
  ],
  [
    'Partitions of __consumer_offsets, when it is created.',
    ['offsets.topic.num.partitions', 'int', '50', { min: 1 }],
  ],
  [
    'Segment size in bytes of __consumer_offsets, when it is created.',
    ['offsets.topic.segment.bytes', 'int', '104857600', { min: 1 }],
  ],
  [
    'The id of the cluster that a new data directory is made for, 22 characters of base64url; drawn where it is not set.',
    ['odradek.cluster.id', 'string', null],
  ],
  [
    'Longest ms that a fetch waits for records, whatever it asks for.',
    [
      'odradek.fetch.max.wait.ms',
      'int',
      String(SERVER_LIMITS.fetchWaitMsMax),
      { min: 1, max: SERVER_LIMITS.fetchWaitMsMax },
    ],
  ],
  [
    'Whether record batches go from files to sockets by sendfile(2), where the platform has it; else they are read and written.',
    ['odradek.sendfile.enable', 'boolean', 'true'],
  ],
  [
    'Ms after which the sequence numbers of a silent producer are forgotten.',
    ['producer.id.expiration.ms', 'int', '86400000', { min: 1 }],
  ],
  [
    "Most bytes of requests in memory at a time; -1 for this broker's own limit.",
    ['queued.max.request.bytes', 'long', '-1', { min: 1, or: -1 }],
  ],
  ['Largest request in bytes.', ['socket.request.max.bytes', 'int', '104857600', { min: 1 }]],
  [
    'Hours after which data may be deleted, if neither ms nor minutes are set; -1 for never.',
    ['log.retention.hours', 'int', '168', { min: 1, or: -1 }],
  ],
  [
    'Minutes after which data may be deleted, if ms are not set; -1 for never.',
    ['log.retention.minutes', 'int', null, { min: 1, or: -1 }],
  ],
  [
    'Ms after which data may be deleted; -1 for never.',
    ['log.retention.ms', 'long', null, { min: 1, or: -1 }],
  ],
  [
    'Hours after which a new segment starts, if ms are not set.',
    ['log.roll.hours', 'int', '168', { min: 1 }],
  ],
  ['Ms after which a new segment starts.', ['log.roll.ms', 'long', null, { min: 1 }]],
  [
    'Largest random number of hours by which log.roll is shortened, if ms are not set.',
    ['log.roll.jitter.hours', 'int', '0', { min: 0 }],
  ],
  [
    'Largest random number of ms by which log.roll is shortened.',
    ['log.roll.jitter.ms', 'long', null, { min: 0 }],
  ],
  [
    'Ms between two syncs under odradek.flush=interval.',
    ['log.flush.interval.ms', 'long', null, { min: 0 }],
  ],
  [
    'Ms between two syncs, if log.flush.interval.ms is not set.',
    ['log.flush.scheduler.interval.ms', 'long', '9223372036854775807', { min: 1 }],
  ],
];

/**
 * Defaults of topics that Kafka lets clients change while the broker runs. Coarser units, and the
 * fallback for log.flush.interval.ms, are read at the start only, as in Kafka.
 */
const dynamicNames = new Set([
  'log.retention.ms',
  'log.roll.ms',
  'log.roll.jitter.ms',
  'log.flush.interval.ms',
]);

function brokerSettings(): Setting[] {
  const settings = honouredRows.map(([doc, row]) =>
    settingOf(row, { doc, dynamic: dynamicNames.has(row[0]) }),
  );
  for (const row of inertRows) settings.push(settingOf(row, { effect: 'inert' }));
  for (const { reason, rows } of promiseGroups) {
    for (const row of rows) settings.push(settingOf(row, { effect: 'promise', reason }));
  }
  const known = new Set(settings.map((setting) => setting.name));
  for (const topic of topicKeys.values()) {
    const name = topic.brokerKeys[0]?.name;
    if (name === undefined || known.has(name)) continue;
    // The broker's key is the topic's under another name: same type, default and range.
    settings.push(
      settingOf([name, topic.type, topic.defaultText, topic.valid], {
        doc: `Default of the topic setting ${topic.name}.`,
        dynamic: true,
      }),
    );
  }
  return settings;
}

/**
 * Every broker key of Apache Kafka 4.3.1 and Odradek's own. Defaults that differ from Kafka's are
 * listed with their reasons in the golden test of this table.
 */
export const brokerKeys: ReadonlyMap<string, Setting> = tableOf(brokerSettings());

const synonymChains: readonly (readonly string[])[] = [
  ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'],
  ['log.roll.ms', 'log.roll.hours'],
  ['log.roll.jitter.ms', 'log.roll.jitter.hours'],
];

/**
 * The broker keys that can hold the value of `name`, in order of precedence: Kafka's
 * `brokerConfigSynonyms`. The key alone where it has no synonym.
 */
export function brokerSynonyms(name: string): readonly string[] {
  if (name === 'log.flush.interval.ms') return [name, 'log.flush.scheduler.interval.ms'];
  return synonymChains.find((chain) => chain.includes(name)) ?? [name];
}

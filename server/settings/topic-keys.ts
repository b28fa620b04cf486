import { type Setting, type SettingRow, settingOf, tableOf } from './setting.js';

/** A topic setting with the broker keys that hold its default, the one it is named after first. */
export interface TopicSetting extends Setting {
  readonly brokerKeys: readonly BrokerKey[];
}

/** A broker key that a topic setting falls back to, with the factor to the topic key's unit. */
export interface BrokerKey {
  readonly name: string;
  readonly factor: number;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

function brokerKey(name: string, factor = 1): BrokerKey {
  return { name, factor };
}

function honoured(doc: string, brokerKeys: readonly BrokerKey[], row: SettingRow): TopicSetting {
  return { ...settingOf(row, { doc, dynamic: true }), brokerKeys };
}

function refused(reason: string, brokerKeys: readonly BrokerKey[], row: SettingRow): TopicSetting {
  return { ...settingOf(row, { effect: 'promise', reason, dynamic: true }), brokerKeys };
}

const NO_TIERS = 'this broker has no tiered storage; remove the key';
const NO_FOLLOWERS = 'this broker has no followers to throttle; remove the key';

const settings: readonly TopicSetting[] = [
  honoured(
    'What happens to old data: delete, compact, both, or (empty) neither.',
    [brokerKey('log.cleanup.policy')],
    ['cleanup.policy', 'list', 'delete', { oneOf: ['compact', 'delete'] }],
  ),
  honoured(
    'Age in ms at which data may be deleted; -1 for never.',
    [
      brokerKey('log.retention.ms'),
      brokerKey('log.retention.minutes', MINUTE_MS),
      brokerKey('log.retention.hours', HOUR_MS),
    ],
    ['retention.ms', 'long', '604800000', { min: -1 }],
  ),
  honoured(
    'Size in bytes per partition beyond which old segments are deleted; -1 for no limit.',
    [brokerKey('log.retention.bytes')],
    ['retention.bytes', 'long', '-1', { min: -1 }],
  ),
  honoured(
    'Size in bytes at which a new segment starts.',
    [brokerKey('log.segment.bytes')],
    ['segment.bytes', 'int', '1073741824', { min: 1_048_576 }],
  ),
  honoured(
    'Age in ms at which a new segment starts.',
    [brokerKey('log.roll.ms'), brokerKey('log.roll.hours', HOUR_MS)],
    ['segment.ms', 'long', '604800000', { min: 1 }],
  ),
  honoured(
    'Largest random amount in ms by which segment.ms is shortened.',
    [brokerKey('log.roll.jitter.ms'), brokerKey('log.roll.jitter.hours', HOUR_MS)],
    ['segment.jitter.ms', 'long', '0', { min: 0 }],
  ),
  honoured(
    'Size in bytes of an offset or time index at which a new segment starts.',
    [brokerKey('log.index.size.max.bytes')],
    ['segment.index.bytes', 'int', '10485760', { min: 4 }],
  ),
  honoured(
    'Bytes of log between two entries of an index.',
    [brokerKey('log.index.interval.bytes')],
    ['index.interval.bytes', 'int', '4096', { min: 0 }],
  ),
  honoured(
    'Largest record batch in bytes that is accepted.',
    [brokerKey('message.max.bytes')],
    ['max.message.bytes', 'int', '1048588', { min: 0 }],
  ),
  honoured(
    'CreateTime keeps the timestamp of the producer, LogAppendTime sets the time of the append.',
    [brokerKey('log.message.timestamp.type')],
    ['message.timestamp.type', 'string', 'CreateTime', { oneOf: ['CreateTime', 'LogAppendTime'] }],
  ),
  honoured(
    'How many ms a timestamp may lie before the time of the append.',
    [brokerKey('log.message.timestamp.before.max.ms')],
    ['message.timestamp.before.max.ms', 'long', '9223372036854775807', { min: 0 }],
  ),
  honoured(
    'How many ms a timestamp may lie after the time of the append.',
    [brokerKey('log.message.timestamp.after.max.ms')],
    ['message.timestamp.after.max.ms', 'long', '3600000', { min: 0 }],
  ),
  honoured(
    'Records between two syncs under odradek.flush=interval; 1 means odradek.flush=ack where that is not set.',
    [brokerKey('log.flush.interval.messages')],
    ['flush.messages', 'long', '9223372036854775807', { min: 1 }],
  ),
  honoured(
    'Ms between two syncs under odradek.flush=interval; 1000 if neither this nor flush.messages is set.',
    [brokerKey('log.flush.interval.ms'), brokerKey('log.flush.scheduler.interval.ms')],
    ['flush.ms', 'long', '9223372036854775807', { min: 0 }],
  ),
  honoured(
    'Ms between taking a segment out of the log and removing its files.',
    [brokerKey('log.segment.delete.delay.ms')],
    ['file.delete.delay.ms', 'long', '60000', { min: 0 }],
  ),
  honoured(
    'Copies that must hold a batch before acks=all is answered.',
    [brokerKey('min.insync.replicas')],
    ['min.insync.replicas', 'int', '1', { min: 1 }],
  ),
  honoured(
    'Share of a compacted log that must be uncompacted before it is compacted.',
    [brokerKey('log.cleaner.min.cleanable.ratio')],
    ['min.cleanable.dirty.ratio', 'double', '0.5', { min: 0, max: 1 }],
  ),
  honoured(
    'Shortest time in ms that a record of a compacted topic stays as it is.',
    [brokerKey('log.cleaner.min.compaction.lag.ms')],
    ['min.compaction.lag.ms', 'long', '0', { min: 0 }],
  ),
  honoured(
    'Longest time in ms that a record of a compacted topic stays uncompacted.',
    [brokerKey('log.cleaner.max.compaction.lag.ms')],
    ['max.compaction.lag.ms', 'long', '9223372036854775807', { min: 1 }],
  ),
  honoured(
    'Ms for which the tombstones of a compacted topic are kept.',
    [brokerKey('log.cleaner.delete.retention.ms')],
    ['delete.retention.ms', 'long', '86400000', { min: 0 }],
  ),
  honoured(
    'When a produce is answered: ack, after its sync; interval or os, once written.',
    [brokerKey('odradek.flush')],
    ['odradek.flush', 'string', 'ack', { oneOf: ['ack', 'interval', 'os'] }],
  ),
  honoured(
    'How a batch is judged: by its header, or by decoding its records as Kafka does.',
    [brokerKey('odradek.validate')],
    ['odradek.validate', 'string', 'header', { oneOf: ['header', 'records'] }],
  ),
  honoured(
    'Codec in which batches are stored; producer keeps them as they came and unpacks nothing.',
    [brokerKey('compression.type')],
    [
      'compression.type',
      'string',
      'producer',
      { oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'] },
    ],
  ),
  honoured(
    "Level of compression.type=gzip; -1 for gzip's own default.",
    [brokerKey('compression.gzip.level')],
    ['compression.gzip.level', 'int', '-1', { min: 1, max: 9, or: -1 }],
  ),
  honoured(
    'Level of compression.type=lz4; the package that packs has one level only, so it changes nothing.',
    [brokerKey('compression.lz4.level')],
    ['compression.lz4.level', 'int', '9', { min: 1, max: 17 }],
  ),
  honoured(
    'Level of compression.type=zstd.',
    [brokerKey('compression.zstd.level')],
    ['compression.zstd.level', 'int', '3', { min: -131_072, max: 22 }],
  ),
  refused(NO_FOLLOWERS, [], ['follower.replication.throttled.replicas', 'list', '']),
  refused(NO_FOLLOWERS, [], ['leader.replication.throttled.replicas', 'list', '']),
  refused(
    NO_TIERS,
    [brokerKey('log.local.retention.bytes')],
    ['local.retention.bytes', 'long', '-2', { min: -2 }],
  ),
  refused(
    NO_TIERS,
    [brokerKey('log.local.retention.ms')],
    ['local.retention.ms', 'long', '-2', { min: -2 }],
  ),
  refused(
    'this broker does not preallocate segment files; remove the key',
    [brokerKey('log.preallocate')],
    ['preallocate', 'boolean', 'false'],
  ),
  refused(NO_TIERS, [], ['remote.log.copy.disable', 'boolean', 'false']),
  refused(NO_TIERS, [], ['remote.log.delete.on.disable', 'boolean', 'false']),
  refused(NO_TIERS, [], ['remote.storage.enable', 'boolean', 'false']),
  refused(
    'this broker keeps one copy and elects no leaders; remove the key',
    [brokerKey('unclean.leader.election.enable')],
    ['unclean.leader.election.enable', 'boolean', 'false'],
  ),
];

/**
 * Every topic key of Apache Kafka 4.3.1 with its default and range, and Odradek's own. Differences
 * from Kafka: retention.bytes below -1 is refused.
 */
export const topicKeys = tableOf(settings) as ReadonlyMap<string, TopicSetting>;

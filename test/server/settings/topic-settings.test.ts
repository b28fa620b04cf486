import { describe, expect, test } from 'vitest';
import {
  resolveTopicSettings,
  validateTopicOverrides,
} from '../../../server/settings/topic-settings.js';

const NEVER = Number.POSITIVE_INFINITY;

describe('resolveTopicSettings', () => {
  test("gives Kafka's defaults as numbers, with Infinity for no limit", () => {
    expect(resolveTopicSettings({}, {}, {})).toEqual({
      cleanupPolicy: { delete: true, compact: false },
      compression: 'producer',
      compressionLevel: null,
      retentionMs: 604800000,
      retentionBytes: NEVER,
      segmentBytes: 1073741824,
      segmentMs: 604800000,
      segmentJitterMs: 0,
      segmentIndexBytes: 10485760,
      indexIntervalBytes: 4096,
      maxMessageBytes: 1048588,
      timestampType: 'create',
      timestampBeforeMaxMs: NEVER,
      timestampAfterMaxMs: 3600000,
      flush: 'ack',
      flushMessages: NEVER,
      flushMs: NEVER,
      fileDeleteDelayMs: 60000,
      minInsyncReplicas: 1,
      validate: 'header',
      minCleanableDirtyRatio: 0.5,
      minCompactionLagMs: 0,
      maxCompactionLagMs: NEVER,
      deleteRetentionMs: 86400000,
    });
  });

  test('takes the topic before the dynamic before the static value', () => {
    const key = 'log.segment.bytes';
    const topic = { 'segment.bytes': '4000000' };
    const segmentBytes = (own: Record<string, string>, dynamic: Record<string, string>): number =>
      resolveTopicSettings(own, dynamic, { [key]: '2000000' }).segmentBytes;
    expect(segmentBytes(topic, { [key]: '3000000' })).toBe(4000000);
    expect(segmentBytes({}, { [key]: '3000000' })).toBe(3000000);
    expect(segmentBytes({}, {})).toBe(2000000);
  });

  test.each<[Record<string, string>, number]>([
    [{ 'log.retention.hours': '2' }, 7200000],
    [{ 'log.retention.hours': '2', 'log.retention.minutes': '5' }, 300000],
    [{ 'log.retention.hours': '2', 'log.retention.minutes': '5', 'log.retention.ms': '9' }, 9],
    [{ 'log.retention.hours': '-1' }, NEVER],
    [{ 'log.retention.hours': '2147483647' }, 2147483647 * 3600000],
  ])('reads the retention of %j', (broker, retentionMs) => {
    expect(resolveTopicSettings({}, {}, broker).retentionMs).toBe(retentionMs);
  });

  test('reads policies, timestamp types, and a retention of -1 and of 0', () => {
    const settings = resolveTopicSettings(
      {
        'cleanup.policy': 'compact, delete',
        'message.timestamp.type': 'LogAppendTime',
        'retention.ms': '-1',
        'retention.bytes': '0',
      },
      {},
      {},
    );
    expect(settings).toMatchObject({
      cleanupPolicy: { delete: true, compact: true },
      timestampType: 'append',
      retentionMs: NEVER,
      retentionBytes: 0,
    });
    const neither = resolveTopicSettings({ 'cleanup.policy': '' }, {}, {});
    expect(neither.cleanupPolicy).toEqual({ delete: false, compact: false });
  });

  test.each<[string, Record<string, string>, Record<string, string>, Record<string, string>]>([
    ['ack', { 'flush.messages': '1' }, {}, { 'odradek.flush': 'os' }],
    ['os', { 'flush.messages': '1', 'odradek.flush': 'os' }, {}, {}],
    ['os', {}, {}, { 'odradek.flush': 'os' }],
    ['interval', {}, { 'odradek.flush': 'interval' }, { 'odradek.flush': 'os' }],
    ['ack', {}, { 'log.flush.interval.messages': '1' }, { 'odradek.flush': 'os' }],
    [
      'os',
      { 'flush.messages': '5' },
      { 'log.flush.interval.messages': '1' },
      { 'odradek.flush': 'os' },
    ],
    ['ack', {}, {}, {}],
  ])('promises %s for topic %j, dynamic %j, static %j', (flush, topic, dynamic, broker) => {
    expect(resolveTopicSettings(topic, dynamic, broker).flush).toBe(flush);
  });

  test('an interval that is not set is one second', () => {
    const own = { 'odradek.flush': 'interval' };
    expect(resolveTopicSettings(own, {}, {}).flushMs).toBe(1000);
    expect(resolveTopicSettings({ ...own, 'flush.ms': '50' }, {}, {}).flushMs).toBe(50);
    expect(resolveTopicSettings({ ...own, 'flush.messages': '50' }, {}, {}).flushMs).toBe(NEVER);
    expect(resolveTopicSettings(own, {}, { 'log.flush.scheduler.interval.ms': '70' }).flushMs).toBe(
      70,
    );
  });

  test('takes nothing from what every object inherits', () => {
    const polluted = Object.create({ 'segment.bytes': '5000000' }) as Record<string, string>;
    expect(resolveTopicSettings(polluted, {}, {}).segmentBytes).toBe(1073741824);
  });
});

describe('validateTopicOverrides', () => {
  test('finds nothing wrong with what Odradek honours', () => {
    expect([
      ...validateTopicOverrides({
        'cleanup.policy': 'compact,delete',
        'retention.ms': '-1',
        'flush.messages': '1',
        'odradek.flush': 'os',
        'odradek.validate': 'records',
        'min.cleanable.dirty.ratio': '0.1',
        'compression.type': 'zstd',
        'compression.zstd.level': '-5',
        'unclean.leader.election.enable': 'false',
        'follower.replication.throttled.replicas': '',
      }),
    ]).toEqual([]);
  });

  test.each<[string, string | null, string]>([
    [
      'retention.msx',
      '1',
      'Unknown topic config name: "retention.msx"; the nearest one is retention.ms',
    ],
    ['__proto__', '1', 'Unknown topic config name: "__proto__"'],
    ['retention.ms', 'soon', 'retention.ms=soon: expected a whole number'],
    ['retention.ms', '-2', 'of at least -1'],
    ['retention.bytes', '-2', 'at least -1'],
    ['segment.bytes', '1048575', 'from 1048576 to 2147483647'],
    ['segment.bytes', null, 'has no value'],
    ['cleanup.policy', 'keep', 'compact, delete'],
    ['flush.messages', '0', 'at least 1'],
    ['message.timestamp.type', 'createtime', 'one of CreateTime, LogAppendTime'],
    ['compression.type', 'brotli', 'one of uncompressed, zstd, lz4, snappy, gzip, producer'],
    ['compression.gzip.level', '0', 'from 1 to 9, or -1'],
    ['compression.zstd.level', '23', 'from -131072 to 22'],
    ['remote.storage.enable', 'true', 'is refused: this broker has no tiered storage'],
    ['unclean.leader.election.enable', 'true', 'is refused'],
    ['preallocate', 'true', 'is refused'],
    ['leader.replication.throttled.replicas', '*', 'is refused'],
  ])('refuses %s=%s', (name, value, message) => {
    const overrides = Object.fromEntries([[name, value]]);
    const problems = [...validateTopicOverrides(overrides)];
    expect(problems).toHaveLength(1);
    expect(problems[0]?.name).toBe(name);
    expect(problems[0]?.message).toContain(message);
  });

  test('lists every problem, and a shortest lag above the longest', () => {
    const problems = [
      ...validateTopicOverrides({
        'min.compaction.lag.ms': '10',
        'max.compaction.lag.ms': '5',
        nonsense: '1',
      }),
    ];
    expect(problems.map(({ name }) => name)).toEqual(['nonsense', 'min.compaction.lag.ms']);
  });
});

test.each([
  [{}, 'producer', null],
  [{ 'compression.type': 'uncompressed' }, 'none', null],
  [{ 'compression.type': 'gzip' }, 'gzip', null],
  [{ 'compression.type': 'gzip', 'compression.gzip.level': '9' }, 'gzip', 9],
  [{ 'compression.type': 'zstd' }, 'zstd', 3],
  [{ 'compression.type': 'zstd', 'compression.zstd.level': '-7' }, 'zstd', -7],
  [{ 'compression.type': 'lz4', 'compression.zstd.level': '7' }, 'lz4', null],
  [{ 'compression.type': 'snappy' }, 'snappy', null],
])('%j is stored as %s with level %s', (overrides, compression, compressionLevel) => {
  const settings = resolveTopicSettings(overrides, {}, {});
  expect(settings).toMatchObject({ compression, compressionLevel });
});

test("a topic takes the broker's codec, and the one that was changed while it runs before that", () => {
  const atStart = { 'compression.type': 'gzip' };
  expect(resolveTopicSettings({}, {}, atStart).compression).toBe('gzip');
  expect(resolveTopicSettings({}, { 'compression.type': 'lz4' }, atStart).compression).toBe('lz4');
});

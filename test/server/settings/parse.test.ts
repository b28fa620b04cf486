import { describe, expect, test } from 'vitest';
import { brokerKeys } from '../../../server/settings/broker-keys.js';
import {
  resolveBrokerSettings,
  SettingsError,
  type SettingsInput,
} from '../../../server/settings/parse.js';
import { formatPrintConfig } from '../../../server/settings/print-config.js';

function problemsOf(input: SettingsInput): readonly string[] {
  try {
    resolveBrokerSettings(input);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

/** config/server.properties as Apache Kafka 4.3.1 ships it, without the comments. */
const STOCK_FILE = `
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=localhost:9093
listeners=PLAINTEXT://:9092,CONTROLLER://:9093
inter.broker.listener.name=PLAINTEXT
advertised.listeners=PLAINTEXT://localhost:9092,CONTROLLER://localhost:9093
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL
num.network.threads=3
num.io.threads=8
socket.send.buffer.bytes=102400
socket.receive.buffer.bytes=102400
socket.request.max.bytes=104857600
log.dirs=/tmp/kraft-combined-logs
num.partitions=1
num.recovery.threads.per.data.dir=1
offsets.topic.replication.factor=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
log.retention.hours=168
log.segment.bytes=1073741824
log.retention.check.interval.ms=300000
`;

describe('resolveBrokerSettings', () => {
  test('has a default for everything', () => {
    const { settings, entries, brokerStatic, warnings } = resolveBrokerSettings({});
    expect(settings).toMatchObject({
      nodeId: 1,
      listeners: [{ name: 'PLAINTEXT', host: 'localhost', port: 9092 }],
      dataDir: './odradek-data',
      numPartitions: 1,
      autoCreateTopics: true,
      deleteTopics: true,
      requestBytesMax: 104857600,
      fetchBytesMax: 57671680,
      connectionsMax: null,
      connectionsPerAddressMax: null,
      bytesInFlightMax: null,
      connectionIdleMs: 600000,
      producerIdExpirationMs: 86400000,
      retentionCheckIntervalMs: 300000,
      topicDefaults: { flush: 'ack', retentionMs: 604800000, validate: 'header' },
    });
    expect(entries.map(({ name }) => name)).toEqual([...brokerKeys.keys()]);
    expect(brokerStatic).toEqual({});
    expect(warnings).toEqual([]);
  });

  test('takes --set before the environment before the file before the default', () => {
    const key = 'num.partitions';
    const layers: SettingsInput[] = [
      {
        sets: [`${key}=1`, `${key}=4`],
        environment: { KAFKA_NUM_PARTITIONS: '3' },
        fileText: `${key}=2`,
      },
      { environment: { KAFKA_NUM_PARTITIONS: '3' }, fileText: `${key}=2` },
      { fileText: `\n${key}=9\n${key}=2`, fileName: 'my.properties' },
      {},
    ];
    const found = layers.map((input) => {
      const { settings, entries } = resolveBrokerSettings(input);
      const entry = entries.find(({ name }) => name === key)!;
      return [settings.numPartitions, entry.source, entry.origin];
    });
    expect(found).toEqual([
      [4, 'set', '--set'],
      [3, 'environment', 'KAFKA_NUM_PARTITIONS'],
      [2, 'file', 'my.properties:3'],
      [1, 'default', 'default'],
    ]);
  });

  test('starts from the file that Apache Kafka ships', () => {
    const { settings, warnings } = resolveBrokerSettings({ fileText: STOCK_FILE });
    expect(settings.listeners).toMatchObject([
      { name: 'PLAINTEXT', advertised: { kind: 'fixed', host: 'localhost', port: 9092 } },
    ]);
    expect(settings.dataDir).toBe('/tmp/kraft-combined-logs');
    expect(warnings).toEqual([
      'accepted, but this broker has nothing that they control: controller.quorum.bootstrap.servers, inter.broker.listener.name, num.recovery.threads.per.data.dir, process.roles',
    ]);
  });

  test.each([
    ['ssl.keystore.location=/k', 'TLS'],
    ['sasl.enabled.mechanisms=PLAIN', 'authenticate'],
    ['security.inter.broker.protocol=SSL', 'authenticate'],
    ['authorizer.class.name=A', 'authorize'],
    ['default.replication.factor=3', 'one copy'],
    ['offsets.topic.replication.factor=3', 'one copy'],
    ['transaction.state.log.replication.factor=2', 'one copy'],
    ['quota.window.num=12', 'quotas'],
    ['create.topic.policy.class.name=P', 'policy'],
    ['log.preallocate=true', 'preallocate'],
    ['config.providers=file', 'providers'],
  ])('stops at %s, names the key and says why', (pair, why) => {
    const problems = problemsOf({ sets: [pair] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`--set: ${pair} is refused: `);
    expect(problems[0]).toContain(why);
  });

  test('accepts the default of every key, given as text', () => {
    const sets = [...brokerKeys.values()].map(
      ({ name, defaultText }) => `${name}=${defaultText ?? ''}`,
    );
    const { warnings, settings } = resolveBrokerSettings({ sets });
    expect(warnings).toEqual([]);
    expect(settings.topicDefaults).toEqual(resolveBrokerSettings({}).settings.topicDefaults);
  });

  test('stops at an unknown key and names the nearest', () => {
    expect(problemsOf({ fileText: 'log.retention.mss=1' })).toEqual([
      'server.properties:1: unknown key "log.retention.mss"; did you mean log.retention.ms? Correct it or remove it',
    ]);
    expect(problemsOf({ sets: ['__proto__=1'] })[0]).toContain('unknown key "__proto__"');
    expect(problemsOf({ sets: ['listener.name.a.ssl.keystore.location=/k'] })[0]).toContain(
      'no settings of a single listener',
    );
  });

  test('says of a key that is near to none that nobody has it, and of a dropped one what became of it', () => {
    expect(problemsOf({ sets: ['quux.frobnicate=1'] })).toEqual([
      '--set: unknown key "quux.frobnicate": neither Apache Kafka 4.3 nor this broker has it; remove it',
    ]);
    expect(problemsOf({ fileText: 'zookeeper.connect=localhost:2181' })).toEqual([
      'server.properties:1: "zookeeper.connect" is gone with ZooKeeper (Apache Kafka 4.0); remove it',
    ]);
    expect(problemsOf({ sets: ['inter.broker.protocol.version=3.9'] })[0]).toContain(
      'is gone since Apache Kafka 4.0',
    );
  });

  test('only warns of an unknown variable', () => {
    const { warnings } = resolveBrokerSettings({
      environment: { KAFKA_NUM_PARTITIONZ: '3', KAFKA_HEAP_OPTS: '-Xmx1g' },
    });
    expect(warnings).toEqual([
      'environment variable KAFKA_NUM_PARTITIONZ names no setting and is ignored; the nearest one is KAFKA_NUM_PARTITIONS',
    ]);
  });

  test.each([
    'log.segment.bytes=-1',
    'log.retention.hours=0',
    'log.retention.ms=-2',
    'auto.create.topics.enable=yes',
    'num.partitions=NaN',
    'message.max.bytes=1e6',
    'log.cleaner.min.cleanable.ratio=NaN',
    'odradek.flush=sometimes',
    'node.id=-1',
    'num.io.threads=0',
  ])('refuses %s with the key, the value and what is expected', (pair) => {
    expect(problemsOf({ sets: [pair] })[0]).toMatch(`--set: ${pair}: expected `);
  });

  test.each([
    ['log.dirs=/a,/b', 'one directory'],
    ['log.dirs=,', 'one directory'],
    ['listeners=PLAINTEXT://localhost:99999', 'NAME://HOST:PORT'],
    ['queued.max.request.bytes=5', 'would never fit'],
    ['log.cleaner.max.compaction.lag.ms=5', undefined],
    ['no-equals-sign', 'expected key=value'],
    ['=1', 'expected key=value'],
  ])('judges %s', (pair, message) => {
    const problems = problemsOf({ sets: [pair] });
    if (message === undefined) expect(problems).toEqual([]);
    else expect(problems.join('\n')).toContain(message);
  });

  test('lists every problem at once, with where it stands', () => {
    const problems = problemsOf({
      sets: ['num.partitions=0'],
      environment: { KAFKA_SSL_KEY_PASSWORD: 'hunter2' },
      fileText: 'nonsense=1\nlog.roll.ms=\\u12\n',
      fileName: 's.properties',
    });
    expect(problems).toHaveLength(4);
    const all = problems.join('\n');
    for (const origin of [
      '--set:',
      'KAFKA_SSL_KEY_PASSWORD:',
      's.properties:1:',
      's.properties:2:',
    ]) {
      expect(all).toContain(origin);
    }
    expect(all).not.toContain('hunter2');
  });

  test('takes broker.id for node.id, and refuses two that differ', () => {
    const { settings, brokerStatic } = resolveBrokerSettings({ sets: ['broker.id=7'] });
    expect(settings.nodeId).toBe(7);
    expect(brokerStatic).toEqual({ 'broker.id': '7', 'node.id': '7' });
    expect(resolveBrokerSettings({ sets: ['node.id=3', 'broker.id=-1'] }).settings.nodeId).toBe(3);
    expect(problemsOf({ sets: ['node.id=3', 'broker.id=4'] })[0]).toContain('differ');
  });

  test('takes log.dirs before log.dir, and limits that are set', () => {
    const { settings } = resolveBrokerSettings({
      sets: [
        'log.dir=/a',
        'log.dirs=/b',
        'max.connections=5',
        'connections.max.idle.ms=-1',
        'queued.max.request.bytes=104857600',
      ],
    });
    expect(settings).toMatchObject({
      dataDir: '/b',
      connectionsMax: 5,
      connectionIdleMs: Number.POSITIVE_INFINITY,
      bytesInFlightMax: 104857600,
    });
  });

  test('warns of a batch size that no request can carry', () => {
    const { warnings } = resolveBrokerSettings({ sets: ['socket.request.max.bytes=1000'] });
    expect(warnings[0]).toContain('message.max.bytes=1048588');
  });
});

describe('formatPrintConfig', () => {
  test('shows what was set with its source, and defaults that have an effect as comments', () => {
    const { entries } = resolveBrokerSettings({ sets: ['num.partitions=4', 'num.io.threads=9'] });
    const text = formatPrintConfig(entries);
    expect(text).toContain('\n# from --set\nnum.partitions=4\n');
    expect(text).toContain('\n# from --set\nnum.io.threads=9\n');
    expect(text).toContain('\n#log.retention.hours=168\n');
    expect(text).toContain('\n#log.retention.ms=\n');
    expect(text).not.toContain('num.network.threads');
  });

  test('shows the limits that are in effect, where they are not those of Kafka', () => {
    const sets = ['max.connections.per.ip=7', 'queued.max.request.bytes=-1'];
    const { entries } = resolveBrokerSettings({ sets });
    const text = formatPrintConfig(entries);
    expect(text).toContain("\n# Kafka's default is 2147483647\n#max.connections=10000\n");
    expect(text).toContain('\n# from --set\nmax.connections.per.ip=7\n');
    expect(text).toContain(
      '\n# from --set; -1 stands for 268435456\nqueued.max.request.bytes=-1\n',
    );
    expect(formatPrintConfig(entries, 500)).toContain(
      "\n# Kafka's default is 2147483647; ulimit -n has room for 500\n#max.connections=500\n",
    );
  });

  test.each([
    [[]],
    [['num.partitions=4', 'log.retention.ms=7', 'node.id=3', 'num.io.threads=9']],
    [['max.connections=2147483647', 'queued.max.request.bytes=-1', 'log.dirs=/a b\\c/#d=e']],
    [['log.dir= /with\tblanks and: marks!', 'listeners=PLAINTEXT://[::1]:9']],
    [['listeners=A://localhost:1', 'listener.security.protocol.map=A:PLAINTEXT', 'log.dir=ü/→']],
  ])('is read back to the same settings: %j', (sets) => {
    const before = resolveBrokerSettings({ sets });
    const fileText = formatPrintConfig(before.entries, 100);
    const after = resolveBrokerSettings({ fileText });
    expect(after.settings).toEqual(before.settings);
    expect(after.brokerStatic).toEqual(before.brokerStatic);
    expect(after.warnings).toEqual(before.warnings);
  });

  test('a secret is not shown, and a line end in a name of a file stays in its comment', () => {
    const secret = 'ssl.keystore.password';
    const entries = [
      { name: secret, text: 'sesame', source: 'set' as const, origin: '--set' },
      { name: 'num.partitions', text: '2', source: 'file' as const, origin: 'a\nlog.dir=x:1' },
    ];
    const text = formatPrintConfig(entries);
    expect(text).not.toContain('sesame');
    expect(text).toContain(`\n#${secret}=[hidden]\n`);
    expect(text).toContain('\n# from a log.dir=x:1\nnum.partitions=2\n');
  });
});

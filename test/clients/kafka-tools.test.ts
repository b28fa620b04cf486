import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { apacheJava } from './profiles.js';
import { frameCapture } from './support/frame-capture.js';
import {
  javaDriverClassPath,
  KAFKA_VERSIONS,
  kafkaClassPath,
  kafkaTool,
} from './support/kafka-tools.js';
import { TestCluster } from './support/test-cluster.js';

const TOOLS = 'org.apache.kafka.tools';
const TOPICS = `${TOOLS}.TopicCommand`;
const GROUPS = `${TOOLS}.consumer.group.ConsumerGroupCommand`;
const CONSOLE_CONSUMER = `${TOOLS}.consumer.ConsoleConsumer`;

const RELEASES = KAFKA_VERSIONS.map((version) => ({
  version,
  classPath: kafkaClassPath(version),
})).filter(({ classPath }) => classPath !== null);

/**
 * Each test goes on from where the one before it left the broker: this is one session of a person
 * who administers it.
 */
describe.each(RELEASES)("Apache Kafka's command-line tools, $version", ({ version, classPath }) => {
  const isFirst = version === KAFKA_VERSIONS[0];
  const configs = version === '4.4.0' ? `${TOOLS}.ConfigCommand` : 'kafka.admin.ConfigCommand';
  const isOld = version.startsWith('3.');
  const producer = isOld ? 'kafka.tools.ConsoleProducer' : `${TOOLS}.ConsoleProducer`;
  const versions = isOld
    ? 'kafka.admin.BrokerApiVersionsCommand'
    : `${TOOLS}.BrokerApiVersionsCommand`;
  // KIP-1147 gave the properties of reader and formatter a name each.
  const [ofReader, ofFormatter] = isOld
    ? ['--property', '--property']
    : ['--reader-property', '--formatter-property'];
  const capture = frameCapture(isFirst ? 'apache-tools' : `apache-tools-${version}`);
  let cluster: TestCluster;
  let root: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'odradek-tools-'));
    cluster = await TestCluster.start(capture.tap);
  });
  afterAll(async () => {
    await cluster?.close();
    await rm(root, { recursive: true, force: true });
    capture.write();
  });

  /** Runs a tool against the broker and expects it to end well. */
  async function run(mainClass: string, args: readonly string[], input?: string): Promise<string> {
    const all = ['--bootstrap-server', cluster.bootstrap, ...args];
    const { output, status } = await kafkaTool(classPath!, mainClass, all, input);
    expect(status, output).toBe(0);
    return output;
  }

  test('kafka-topics creates a topic with settings, lists and describes it', async () => {
    const settings = ['--partitions', '3', '--config', 'retention.ms=3600000'];
    const create = ['--create', '--topic', 'tools', ...settings];
    expect(await run(TOPICS, create)).toContain('Created topic tools.');
    expect(await run(TOPICS, ['--list'])).toMatch(/^tools$/m);
    const described = await run(TOPICS, ['--describe', '--topic', 'tools']);
    expect(described).toMatch(/PartitionCount: 3\s.*Configs: retention.ms=3600000/);
    expect(described).toMatch(/Partition: 2\s+Leader: 1\s+Replicas: 1\s+Isr: 1/);
  });

  test('kafka-topics adds partitions', async () => {
    await run(TOPICS, ['--alter', '--topic', 'tools', '--partitions', '4']);
    expect(await run(TOPICS, ['--describe', '--topic', 'tools'])).toContain('PartitionCount: 4');
  });

  test('kafka-configs alters and describes settings of topics and brokers', async () => {
    const ofTopic = ['--entity-type', 'topics', '--entity-name', 'tools'];
    const change = ['--add-config', 'segment.bytes=2097152', '--delete-config', 'retention.ms'];
    expect(await run(configs, ['--alter', ...ofTopic, ...change])).toContain('Completed updating');
    const described = await run(configs, ['--describe', ...ofTopic]);
    expect(described).toContain('segment.bytes=2097152');
    expect(described).not.toContain('retention.ms=3600000');
    const ofBroker = ['--entity-type', 'brokers', '--entity-name', '1', '--all'];
    const all = await run(configs, ['--describe', ...ofBroker]);
    expect(all).toContain('group.min.session.timeout.ms=1000');
  });

  test('kafka-console-producer and kafka-console-consumer pass keys, headers and values', async () => {
    const parse = ['parse.key=true', 'parse.headers=true'].flatMap((text) => [ofReader, text]);
    const lines = 'h:1\tk1\tv1\nh:2\tk2\tv2\n';
    await run(producer, ['--topic', 'tools', ...parse], lines);
    const print = ['print.key=true', 'print.headers=true'].flatMap((text) => [ofFormatter, text]);
    const bounds = ['--from-beginning', '--max-messages', '2', '--group', 'console'];
    const consumed = await run(CONSOLE_CONSUMER, ['--topic', 'tools', ...bounds, ...print]);
    expect(consumed).toContain('h:1\tk1\tv1');
    expect(consumed).toContain('h:2\tk2\tv2');
    expect(consumed).toContain('Processed a total of 2 messages');
  });

  test('kafka-get-offsets sums up to what was produced', async () => {
    const ends = await run(`${TOOLS}.GetOffsetShell`, ['--topic', 'tools']);
    expect(offsetsIn(ends).reduce((sum, offset) => sum + offset)).toBe(2);
    const starts = await run(`${TOOLS}.GetOffsetShell`, ['--topic', 'tools', '--time', 'earliest']);
    expect(offsetsIn(starts)).toEqual([0, 0, 0, 0]);
  });

  test('kafka-consumer-groups tells the members of a group and what they have', async () => {
    const client = apacheJava(javaDriverClassPath(classPath!)).connect(cluster.bootstrap);
    try {
      const member = await client.join({ group: 'active', topic: 'tools', instanceId: 'one' });
      await member.until((events) => events.some(({ event }) => event === 'assigned'));
      const group = ['--describe', '--group', 'active'];
      const members = await run(GROUPS, [...group, '--members', '--verbose']);
      expect(members).toMatch(/^active\s+one-\S+\s+one\s.*\s4\s.*(?:tools:|\()0,1,2,3/m);
      expect(await run(GROUPS, [...group, '--state'])).toMatch(/range\s+Stable\s+1/);
      await member.leave();
    } finally {
      await client.close();
    }
  });

  test('kafka-consumer-groups lists, describes, resets, and deletes offsets and groups', async () => {
    const group = ['--group', 'console'];
    expect(await run(GROUPS, ['--list'])).toMatch(/^console$/m);
    const described = await run(GROUPS, ['--describe', ...group]);
    expect(described.match(/^console\s+tools\s+\d\s+(\d)\s+\1\s+0\s/gm)).toHaveLength(4);
    expect(await run(GROUPS, ['--describe', '--state', ...group])).toMatch(/Empty\s+0/);
    const byTime = ['--to-datetime', '2001-01-01T00:00:00.000', '--topic', 'tools', '--dry-run'];
    const planned = await run(GROUPS, ['--reset-offsets', ...byTime, ...group]);
    // 3.9 prints its rows without line ends.
    expect(planned.match(/\bconsole\s+tools\s+\d\s+0\b/g)).toHaveLength(4);
    const reset = ['--reset-offsets', '--to-earliest', '--topic', 'tools'];
    await run(GROUPS, [...reset, '--execute', ...group]);
    const again = await run(GROUPS, ['--describe', ...group]);
    expect(again.match(/^console\s+tools\s+\d\s+0\s+\d\s+(\d)\s/gm)).toHaveLength(4);
    const offsets = await run(GROUPS, ['--delete-offsets', '--topic', 'tools', ...group]);
    expect(offsets.match(/Successful/g)).toHaveLength(4);
    expect(await run(GROUPS, ['--delete', ...group])).toContain('was successful');
    expect(await run(GROUPS, ['--list'])).not.toMatch(/^console$/m);
  });

  test('kafka-verifiable-producer and -consumer see each record once', async () => {
    const count = ['--topic', 'verifiable', '--max-messages', '50'];
    await run(TOPICS, ['--create', '--topic', 'verifiable', '--partitions', '2']);
    const produced = await run(`${TOOLS}.VerifiableProducer`, count);
    expect(produced).toContain('"sent":50,"acked":50');
    const options = ['--group-id', 'verifiable', '--reset-policy', 'earliest'];
    const consumed = await run(`${TOOLS}.VerifiableConsumer`, [...count, ...options]);
    const counts = [...consumed.matchAll(/"records_consumed","count":(\d+)/g)];
    expect(counts.reduce((sum, [, number]) => sum + Number(number), 0)).toBe(50);
    expect(consumed).toContain('"name":"offsets_committed"');
  });

  test('kafka-console-consumer reads committed offsets from __consumer_offsets', async () => {
    const topic = ['--topic', '__consumer_offsets'];
    const ends = await run(`${TOOLS}.GetOffsetShell`, topic);
    const count = offsetsIn(ends).reduce((sum, offset) => sum + offset);
    const formatter = ['--formatter', `${TOOLS}.consumer.OffsetsMessageFormatter`];
    const bounds = ['--from-beginning', '--max-messages', String(count)];
    const consumed = await run(CONSOLE_CONSUMER, [...topic, ...bounds, ...formatter]);
    expect(consumed).toMatch(/"group":"verifiable","topic":"verifiable","partition":[01]/);
  });

  test('kafka-delete-records moves the start of partitions', async () => {
    const file = join(root, 'delete.json');
    const partitions = [0, 1].map((partition) => ({ topic: 'verifiable', partition, offset: -1 }));
    await writeFile(file, JSON.stringify({ version: 1, partitions }));
    const deleted = await run(`${TOOLS}.DeleteRecordsCommand`, ['--offset-json-file', file]);
    const marks = [...deleted.matchAll(/partition: verifiable-\d\s+low_watermark: (\d+)/g)];
    expect(marks.reduce((sum, [, mark]) => sum + Number(mark), 0)).toBe(50);
    const earliest = ['--topic', 'verifiable', '--time', 'earliest'];
    const starts = offsetsIn(await run(`${TOOLS}.GetOffsetShell`, earliest));
    expect(starts.reduce((sum, start) => sum + start)).toBe(50);
  });

  test('kafka-log-dirs tells the sizes of partitions', async () => {
    const output = await run(`${TOOLS}.LogDirsCommand`, ['--describe', '--topic-list', 'tools']);
    const described = JSON.parse(output.split('\n').find((line) => line.startsWith('{'))!);
    const [directory] = described.brokers[0].logDirs;
    expect(directory.logDir).toBe(cluster.dataDir);
    expect(directory.partitions).toHaveLength(4);
  });

  test('kafka-broker-api-versions finds what a client needs usable', async () => {
    const output = await run(versions, []);
    for (const api of ['Produce', 'Fetch', 'JoinGroup', 'OffsetCommit', 'DescribeLogDirs']) {
      expect(output).toMatch(new RegExp(`\\b${api}\\(\\d+\\): \\d+ to \\d+ \\[usable: \\d+\\]`));
    }
  });

  test('kafka-topics describes a topic by its id, and says which id is not known', async () => {
    // By its id the tool asks for metadata, which has no eligible leaders.
    const describedBy = async (...topic: readonly string[]) =>
      (await run(TOPICS, ['--describe', ...topic])).replace(/Elr:.*$/gm, '');
    const described = await describedBy('--topic', 'tools');
    const [, id] = /TopicId: (\S+)/.exec(described)!;
    expect(await describedBy('--topic-id', id!)).toBe(described);
    const unknown = 'abcdefghijklmnopqrstuA';
    const all = ['--bootstrap-server', cluster.bootstrap, '--describe', '--topic-id', unknown];
    const { output, status } = await kafkaTool(classPath!, TOPICS, all);
    expect(status).not.toBe(0);
    expect(output).toContain(unknown);
  });

  test('kafka-leader-election finds that no election is needed', async () => {
    const election = ['--election-type', 'preferred', '--topic', 'tools', '--partition', '0'];
    const output = await run(`${TOOLS}.LeaderElectionCommand`, election);
    expect(output).toMatch(/Valid replica already elected for partitions? tools-0/);
    const all = ['--election-type', 'unclean', '--all-topic-partitions'];
    expect(await run(`${TOOLS}.LeaderElectionCommand`, all)).not.toContain('Error');
  });

  test('kafka-metadata-quorum describes the one node that keeps the metadata', async () => {
    const quorum = (what: string) => run(`${TOOLS}.MetadataQuorumCommand`, ['describe', what]);
    const status = await quorum('--status');
    expect(status).toMatch(/LeaderId:\s+1\s/);
    expect(status).toMatch(/CurrentVoters:.*1/);
    expect(await quorum('--replication')).toMatch(/^1\s+.*Leader/m);
  });

  test('kafka-transactions describes the producers of a partition', async () => {
    // Idempotent, as the verifiable producer is not; it chooses one of two partitions.
    await run(producer, ['--topic', 'verifiable'], 'one more\n');
    let output = '';
    for (const partition of ['0', '1']) {
      const place = ['--topic', 'verifiable', '--partition', partition];
      output += await run(`${TOOLS}.TransactionsCommand`, ['describe-producers', ...place]);
    }
    expect(output).toMatch(/^ProducerId\s+ProducerEpoch/m);
    expect(output).toMatch(/^\d+\s+0\s+-1\s+\d+\s+\d{13}\s+None/m);
  });

  test.each(['gzip', 'snappy', 'lz4', 'zstd', 'uncompressed'])(
    'the console tools pass what a topic stores as %s',
    async (codec) => {
      const topic = `stored-${codec}`;
      await run(TOPICS, ['--create', '--topic', topic, '--config', `compression.type=${codec}`]);
      const lines = Array.from({ length: 500 }, (_, at) => `${codec} ${at}`);
      const sent = codec === 'uncompressed' ? 'zstd' : 'none';
      const produce = ['--topic', topic, '--compression-codec', sent];
      await run(producer, produce, `${lines.join('\n')}\n`);
      const bounds = ['--from-beginning', '--max-messages', '500'];
      const consumed = await run(CONSOLE_CONSUMER, ['--topic', topic, ...bounds]);
      expect(consumed.split('\n').filter((line) => line.startsWith(codec))).toEqual(lines);
      const stored = codec === 'uncompressed' ? 'none' : codec;
      expect([...(await cluster.storedCodecs(topic))]).toEqual([stored]);
    },
  );

  test('kafka-topics deletes a topic', async () => {
    await run(TOPICS, ['--delete', '--topic', 'tools']);
    expect(await run(TOPICS, ['--list'])).not.toMatch(/^tools$/m);
  });
});

/** The last column of what kafka-get-offsets prints, one line a partition. */
function offsetsIn(output: string): number[] {
  return [...output.matchAll(/^\S+:\d+:(\d+)$/gm)].map(([, offset]) => Number(offset));
}

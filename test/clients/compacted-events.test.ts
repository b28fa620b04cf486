import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type RunningBroker, startBroker } from '../../server/index.js';
import { realEvents } from './support/events.js';
import { kafkaClassPath, kafkaTool } from './support/kafka-tools.js';
import { codecsOfKcat, kcat } from './support/kcat.js';
import { available, runs } from './support/tools.js';

const EVENTS = 101_229;
const KEYS = 10_101;
const DUMP = 'org.apache.kafka.tools.DumpLogSegments';

const events = realEvents();
const hasKcat = available('kcat', runs('kcat', '-V'), 'apt-get install kcat');
const codecs = hasKcat ? codecsOfKcat() : [];
const classPath = kafkaClassPath();

/** The last line of each key, in the order of those lines. */
function lastOfEachKey(lines: readonly string[]): string[] {
  const last = new Map(lines.map((line, at) => [line.slice(0, line.indexOf('\t')), at]));
  return [...last.values()].sort((a, b) => a - b).map((at) => lines[at]!);
}

describe.runIf(events !== null && hasKcat)('101,229 real events keyed by their path', () => {
  let root: string;
  let broker: RunningBroker;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'odradek-compacted-'));
    const config = { 'log.segment.bytes': '1048576', 'odradek.flush': 'os' };
    broker = await startBroker({ dataDir: join(root, 'data'), config });
    await writeFile(join(root, 'events.txt'), events!.text);
  });
  afterAll(async () => {
    await broker?.close();
    await rm(root, { recursive: true, force: true });
  });

  test('compact to the last of each of 10,101 keys, whatever the codec', async () => {
    const expected = lastOfEachKey(events!.lines);
    expect([events!.lines.length, expected.length]).toEqual([EVENTS, KEYS]);
    const admin = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    try {
      await admin.createTopics({
        topics: codecs.map((codec) => ({
          topic: `events-${codec}`,
          configEntries: [{ name: 'cleanup.policy', value: 'compact' }],
        })),
      });
      for (const codec of codecs) {
        const topic = ['-b', broker.bootstrap, '-t', `events-${codec}`];
        await kcat([...topic, '-P', '-K', '\t', '-z', codec, '-l', join(root, 'events.txt')]);
      }
      // What is older than a second is compacted, also in the segment that takes appends.
      await admin.alterConfigs({
        validateOnly: false,
        resources: codecs.map((codec) => ({
          type: 2,
          name: `events-${codec}`,
          configEntries: [
            { name: 'cleanup.policy', value: 'compact' },
            { name: 'max.compaction.lag.ms', value: '1000' },
          ],
        })),
      });
    } finally {
      await admin.disconnect();
    }
    await broker.clock.advance('1m');
    for (const codec of codecs) {
      const topic = ['-b', broker.bootstrap, '-t', `events-${codec}`];
      const read = await kcat([...topic, '-C', '-o', 'beginning', '-e', '-q', '-f', '%k\t%s\n']);
      expect(read.toString('utf8').split('\n').slice(0, -1), codec).toEqual(expected);
    }
  });

  test.runIf(classPath !== null)(
    "Apache Kafka's consumer reads what is left, past every gap",
    async () => {
      const { output, status } = await kafkaTool(
        classPath!,
        'org.apache.kafka.tools.consumer.ConsoleConsumer',
        [
          ...['--bootstrap-server', broker.bootstrap, '--topic', `events-${codecs.at(-1)}`],
          ...['--from-beginning', '--timeout-ms', '10000'],
        ],
      );
      expect(status, output.slice(-500)).toBe(0);
      expect(output).toContain(`Processed a total of ${KEYS} messages`);
    },
  );

  test.runIf(classPath !== null)(
    "Apache Kafka's dump tool finds every batch valid and every index entry true",
    async () => {
      await broker.close();
      const files: string[] = [];
      for (const folder of await readdir(join(root, 'data'))) {
        if (!/^events-.*-0$/.test(folder)) continue;
        for (const file of await readdir(join(root, 'data', folder))) {
          files.push(join(root, 'data', folder, file));
        }
      }
      expect(files.filter((file) => /\.(cleaned|swap)$/.test(file))).toEqual([]);
      const logs = files.filter((file) => file.endsWith('.log'));
      const deep = await kafkaTool(classPath!, DUMP, [
        '--deep-iteration',
        '--files',
        logs.join(','),
      ]);
      expect(deep.status).toBe(0);
      expect(deep.output).not.toMatch(/isvalid: false|invalid bytes/i);
      expect(deep.output.match(/\| offset: /g)?.length).toBe(KEYS * codecs.length);

      const indexes = files.filter((file) => /\.(time)?index$/.test(file));
      const verified = await kafkaTool(classPath!, DUMP, [
        '--verify-index-only',
        '--files',
        indexes.join(','),
      ]);
      expect(verified.status).toBe(0);
      expect(verified.output).not.toMatch(/mismatch|out of order|not found|found/i);
      expect(verified.output.match(/Dumping /g)?.length).toBe(indexes.length);
    },
  );
});

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerProcess, runCommand, spawnBroker } from '../support/spawn-broker.js';
import { realEvents } from './support/events.js';
import { kafkaClassPath, kafkaTool } from './support/kafka-tools.js';
import { codecsOfKcat, kcat } from './support/kcat.js';
import { available, runs } from './support/tools.js';

const SEGMENT_BYTES = 1024 * 1024;

let root: string;
let broker: BrokerProcess;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-events-'));
});
afterAll(async () => {
  await broker?.kill('SIGKILL');
  await rm(root, { recursive: true, force: true });
});

const startBroker = (): Promise<BrokerProcess> =>
  spawnBroker({ dataDir: join(root, 'data'), set: { 'log.segment.bytes': String(SEGMENT_BYTES) } });

/**
 * Every codec with kcat's own large batches, and one run with small ones, so that the sparse
 * indexes have entries to check.
 */
function runsOf(): { codec: string; batching: string[] }[] {
  const small = { codec: 'none', batching: ['-X', 'batch.num.messages=20'] };
  return [...codecsOfKcat().map((codec) => ({ codec, batching: [] })), small];
}

const events = realEvents();
const hasKcat = available('kcat', runs('kcat', '-V'), 'apt-get install kcat');

test.runIf(events !== null && hasKcat)(
  'every codec of kcat: 101,229 real events are produced, the broker is killed, and the same bytes come back',
  async () => {
    const { text, lines } = events!;
    expect(lines.length).toBe(101_229);
    const file = join(root, 'events.txt');
    await writeFile(file, text);
    broker = await startBroker();
    for (const { codec, batching } of runsOf()) {
      const topic = `events-${codec}-${batching.length}`;
      await runCommand(['topics', 'create', topic, '--bootstrap-server', broker.bootstrap]);
      const topicOf = ['-b', broker.bootstrap, '-t', topic];
      await kcat([...topicOf, '-P', '-K', '\t', '-z', codec, '-l', file, ...batching]);
      await broker.kill('SIGKILL');
      broker = await startBroker();
      const lineFormat = '%k\t%s\n';
      const read = await kcat([
        '-b',
        broker.bootstrap,
        '-t',
        topic,
        '-C',
        '-o',
        'beginning',
        '-e',
        '-q',
        '-f',
        lineFormat,
      ]);
      expect(read.equals(text), `${topic}: ${read.length} bytes came back of ${text.length}`).toBe(
        true,
      );
    }
  },
);

const classPath = kafkaClassPath();

test.runIf(classPath !== null && events !== null && hasKcat)(
  "Apache Kafka's own tool finds every batch valid and every index entry true",
  async () => {
    await broker.kill('SIGTERM');
    const files: string[] = [];
    for (const folder of await readdir(join(root, 'data'))) {
      if (!/^events-.*-0$/.test(folder)) continue;
      for (const file of await readdir(join(root, 'data', folder)))
        files.push(join(root, 'data', folder, file));
    }
    const logs = files.filter((file) => file.endsWith('.log'));
    const indexes = files.filter((file) => /\.(time)?index$/.test(file));
    expect(logs.length).toBeGreaterThan(runsOf().length);
    // Two of each segment but the last, which has none where its entries are few, and but those
    // that a kill kept from being saved: a checkpoint may be ahead of them, and a reader that needs
    // them builds them. Each topic met one kill; what was sealed after it has its indexes.
    const bare = logs.filter(
      (log) => !['index', 'timeindex'].every((kind) => indexes.includes(log.replace(/log$/, kind))),
    );
    console.log(
      `${indexes.length} indexes; without: ${bare.map((log) => basename(log)).join(' ')}`,
    );
    expect(indexes.length).toBeGreaterThan(0);

    const deep = await kafkaTool(classPath!, 'org.apache.kafka.tools.DumpLogSegments', [
      '--deep-iteration',
      '--files',
      logs.join(','),
    ]);
    expect(deep.status).toBe(0);
    expect(deep.output).not.toMatch(/isvalid: false|invalid bytes/i);
    expect(deep.output.match(/\| offset: /g)?.length).toBe(101_229 * runsOf().length);

    const verified = await kafkaTool(classPath!, 'org.apache.kafka.tools.DumpLogSegments', [
      '--verify-index-only',
      '--files',
      indexes.join(','),
    ]);
    expect(verified.status).toBe(0);
    expect(verified.output).not.toMatch(/mismatch|out of order|not found|found/i);
    expect(verified.output.match(/Dumping /g)?.length).toBe(indexes.length);
  },
);

import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BrokerProcess, spawnBroker } from '../support/spawn-broker.js';
import { realEvents } from './support/events.js';
import { kafkaClassPath, kafkaTool } from './support/kafka-tools.js';
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

/** The codecs that this kcat was built with. */
function codecs(): string[] {
  const { stdout, stderr } = spawnSync('kcat', ['-V'], { encoding: 'utf8' });
  const features = /builtin\.features=(\S+?)\)/.exec(stdout + stderr)?.[1]?.split(',') ?? [];
  return ['none', ...['gzip', 'snappy', 'lz4', 'zstd'].filter((codec) => features.includes(codec))];
}

function kcat(args: readonly string[], input?: Buffer): Promise<Buffer> {
  return new Promise((settle, fail) => {
    const child = spawn('kcat', [...args], { stdio: ['pipe', 'pipe', 'pipe'] });
    const out: Buffer[] = [];
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => {
      errors += String(chunk);
    });
    child.on('error', fail);
    child.on('close', (code) => {
      if (code === 0) settle(Buffer.concat(out));
      else fail(new Error(`kcat ${args.join(' ')} ended with ${code}: ${errors}`));
    });
    child.stdin.end(input);
  });
}

const events = realEvents();
const hasKcat = available('kcat', runs('kcat', '-V'), 'apt-get install kcat');

test.runIf(events !== null && hasKcat)(
  'every codec of kcat: 101,229 real events are produced, the broker is killed, and the same bytes come back',
  async () => {
    const { text, lines } = events!;
    expect(lines.length).toBe(101_229);
    broker = await startBroker();
    for (const codec of codecs()) {
      const topic = `events-${codec}`;
      spawnSync('node', [
        'dist/server/main.js',
        'topics',
        'create',
        topic,
        '--partitions',
        '1',
        '--bootstrap-server',
        broker.bootstrap,
      ]);
      await kcat(
        ['-b', broker.bootstrap, '-P', '-t', topic, '-K', '\t', '-z', codec, '-l', '/dev/stdin'],
        text,
      );
      await broker.kill('SIGKILL');
      broker = await startBroker();
      const read = await kcat([
        '-b',
        broker.bootstrap,
        '-C',
        '-t',
        topic,
        '-o',
        'beginning',
        '-e',
        '-q',
        '-f',
        '%k\t%s\n',
      ]);
      expect(read.equals(text), `${codec}: ${read.length} bytes came back of ${text.length}`).toBe(
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
    expect(logs.length).toBeGreaterThan(codecs().length);
    expect(indexes.length).toBe(2 * logs.length);

    const deep = kafkaTool(classPath!, 'org.apache.kafka.tools.DumpLogSegments', [
      '--deep-iteration',
      '--files',
      logs.join(','),
    ]);
    expect(deep.status).toBe(0);
    expect(deep.output).not.toMatch(/isvalid: false|invalid bytes/i);
    expect(deep.output.match(/\| offset: /g)?.length).toBe(101_229 * codecs().length);

    const verified = kafkaTool(classPath!, 'org.apache.kafka.tools.DumpLogSegments', [
      '--verify-index-only',
      '--files',
      indexes.join(','),
    ]);
    expect(verified.status).toBe(0);
    expect(verified.output).not.toMatch(/mismatch|out of order|not found|found/i);
    expect(verified.output.match(/Dumping /g)?.length).toBe(indexes.length);
  },
);

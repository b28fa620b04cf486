import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import { Client } from '../../../server/cli/client.js';
import { APIS } from '../../../server/handlers/apis.js';
import { runCommand, spawnCommand } from '../../support/spawn-broker.js';
import { startTestBroker } from '../../support/start-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const NAME = '00000000000000000000.log';

function batch(baseOffset: number, count: number): Buffer {
  const records = Array.from({ length: count }, (_, at) => ({
    key: `key-${baseOffset + at}`,
    value: `value\n${baseOffset + at}`,
    timestamp: 1_700_000_000_000 + baseOffset + at,
  }));
  return buildBatchSync(records, { baseOffset, leaderEpoch: 0 });
}

function logFile(...batches: Buffer[]): string {
  const path = join(temporaryFolder(), NAME);
  writeFileSync(path, Buffer.concat(batches));
  return path;
}

describe('a log', () => {
  test('is shown batch by batch, with a summary', async () => {
    const batches = [batch(0, 3), batch(3, 1)];
    const path = logFile(...batches);
    const { code, stdout, stderr } = await runCommand(['dump-log', path]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const [first, second] = batches.map(({ length }) => length);
    expect(stdout).toBe(
      [
        `offsets=0-2 records=3 position=0 size=${first} codec=none crc=ok time=2023-11-14T22:13:20.000Z/2023-11-14T22:13:20.002Z time.type=create leader.epoch=0 producer=none`,
        `offsets=3-3 records=1 position=${first} size=${second} codec=none crc=ok time=2023-11-14T22:13:20.003Z/2023-11-14T22:13:20.003Z time.type=create leader.epoch=0 producer=none`,
        `${path}: batches=2 records=4 bytes=${first! + second!} no damage\n`,
      ].join('\n'),
    );
  });

  test('shows its records on demand, on one line each', async () => {
    const packed = await buildBatch(
      [
        { key: null, value: 'a\u001b[2Jb', timestamp: 1, headers: [['trace', '1']] },
        { key: 'k', value: null, timestamp: 2 },
      ],
      { codec: 'gzip', producerId: 7, producerEpoch: 1, baseSequence: 5 },
    );
    const { code, stdout } = await runCommand(['dump-log', '--records', logFile(packed)]);
    expect(code).toBe(0);
    expect(stdout).toContain('codec=gzip');
    expect(stdout).toContain('producer=7 epoch=1 sequence=5\n');
    expect(stdout).toContain(
      '  offset=0 time=1970-01-01T00:00:00.001Z key=null value="a\\x1b[2Jb" headers=trace:"1"\n',
    );
    expect(stdout).toContain('  offset=1 time=1970-01-01T00:00:00.002Z key="k" value=null\n');
  });

  test('with a flipped byte is damaged there, goes on behind it, and ends with 1', async () => {
    const batches = [batch(0, 2), batch(2, 2), batch(4, 2)];
    const bytes = Buffer.concat(batches);
    const at = batches[0]!.length + 80;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    const path = logFile(bytes);
    const { code, stdout } = await runCommand(['dump-log', path]);
    expect(code).toBe(1);
    expect(stdout.match(/crc=\w+/g)).toEqual(['crc=ok', 'crc=BAD', 'crc=ok']);
    expect(stdout).toContain(`batches=3 records=6 bytes=${bytes.length} DAMAGED in 1 place\n`);
  });

  test('with a torn end says where, and that a crash does that', async () => {
    const whole = batch(0, 2);
    const path = logFile(whole, batch(2, 2).subarray(0, 70));
    const { code, stdout } = await runCommand(['dump-log', path]);
    expect(code).toBe(1);
    expect(stdout).toContain(`damage: position=${whole.length} size=70: a batch of `);
    expect(stdout).toContain('a crash leaves such an end');
  });

  test('with offsets that go back is damaged', async () => {
    const { code, stdout } = await runCommand(['dump-log', logFile(batch(5, 2), batch(6, 1))]);
    expect(code).toBe(1);
    expect(stdout).toContain('damage: its offsets are not above those before it');
  });

  test('that is empty is sound', async () => {
    const { code, stdout } = await runCommand(['dump-log', logFile()]);
    expect(code).toBe(0);
    expect(stdout).toContain('batches=0 records=0 bytes=0 no damage');
  });

  test('of many batches ends quietly when its reader leaves', async () => {
    const batches = Array.from({ length: 5000 }, (_, at) => batch(at, 1));
    const command = spawnCommand(['dump-log', logFile(...batches)]);
    command.child.stdout?.once('data', () => command.child.stdout?.destroy());
    expect(await command.exited).toEqual({ code: 0, signal: null });
    expect(command.stderr).toBe('');
  });
});

describe('what is no log gets one clear line and 1', () => {
  test.each([
    ['a text', (path: string) => writeFileSync(path, 'Dear reader,\n'.repeat(20)), 'is not a log'],
    ['nothing', () => {}, 'there is no such file'],
  ])('%s', async (_, make, why) => {
    const path = join(temporaryFolder(), 'letter.txt');
    make(path);
    const { code, stdout, stderr } = await runCommand(['dump-log', path]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^odradek: .*\n$/);
    expect(stderr).toContain(path);
    expect(stderr).toContain(why);
  });

  test('a folder', async () => {
    const { code, stderr } = await runCommand(['dump-log', temporaryFolder()]);
    expect(code).toBe(1);
    expect(stderr).toContain('is a folder: name a file in it');
  });
});

test("a broker's log and both indexes are sound, and an index that lies is found out", async () => {
  const dataDir = temporaryFolder();
  const config = { 'log.index.interval.bytes': '100', 'log.segment.bytes': '1048576' };
  const broker = await startTestBroker({ dataDir, config });
  const client = await Client.connect({ bootstrap: broker.bootstrap });
  onTestFinished(() => client.close());
  await client.request(APIS.CreateTopics, {
    topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
    timeoutMs: 1000,
  });
  for (let at = 0; at < 20; at++) {
    await client.request(APIS.Produce, {
      acks: -1,
      timeoutMs: 1000,
      topics: [{ name: 'a', partitions: [{ index: 0, records: batch(0, 5) }] }],
    });
  }
  client.close();
  await broker.close();

  const folder = join(dataDir, 'a-0');
  const files = readdirSync(folder).filter((name) => /\.(log|index|timeindex)$/.test(name));
  expect(files).toHaveLength(3);
  for (const file of files) {
    const { code, stdout } = await runCommand(['dump-log', join(folder, file)]);
    expect({ file, code }).toEqual({ file, code: 0 });
    expect(stdout).toMatch(/(batches|entries)=[1-9]\d* .*no damage\n$/);
  }

  const index = join(folder, '00000000000000000000.index');
  const bytes = readFileSync(index);
  bytes.writeInt32BE(bytes.readInt32BE(8) + 1, 8);
  writeFileSync(index, Buffer.concat([bytes, Buffer.from([1])]));
  const { code, stdout } = await runCommand(['dump-log', index]);
  expect(code).toBe(1);
  expect(stdout).toContain('damage: the batch there ends with ');
  expect(stdout).toContain('damage: 1 byte at the end makes no whole entry');
  expect(stdout).toContain('DAMAGED in 2 places');
});

import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startBroker } from '../../../server/index.js';
import { runCommand } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const SEGMENT = '00000000000000000000.log';
/** Of the header: no read goes on behind a wrong one. Of a record: only its checksum tells. */
const MAGIC_AT = 16;
const VALUE_AT = 70;

/**
 * Partition 0 of `t` has ten records, one a batch, and then its file is damaged; partition 1 has
 * two.
 */
async function damagedBy(damage: (path: string) => void) {
  const dataDir = temporaryFolder();
  const first = await startBroker({ dataDir, config: { 'num.partitions': '2' } });
  const producer = new Kafka({ brokers: [first.bootstrap], logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  for (let n = 0; n < 10; n++) {
    await producer.send({ topic: 't', messages: [{ partition: 0, value: `value ${n}` }] });
  }
  for (const value of ['x', 'y']) {
    await producer.send({ topic: 't', messages: [{ partition: 1, value }] });
  }
  await producer.disconnect();
  await first.close();
  damage(join(dataDir, 't-0', SEGMENT));
  const broker = await startBroker({ dataDir });
  onTestFinished(() => broker.close());
  return (...args: string[]) => runCommand(['consume', 't', ...args, '-b', broker.bootstrap]);
}

/** The sixth batch is changed at `byte`. */
function damagedAt(byte: number) {
  return damagedBy((path) => {
    const bytes = readFileSync(path);
    const at = (bytes.length / 10) * 5 + byte;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
  });
}

function lines(text: string): string[] {
  return text.trimEnd().split('\n').sort();
}

const SOUND = [0, 1, 2, 3, 4].map((n) => `value ${n}`);

test.each([
  ['a record', VALUE_AT],
  ['a header', MAGIC_AT],
])('what lies before a damaged batch is printed, then what to do (%s)', async (_, byte) => {
  const consume = await damagedAt(byte);
  const ended = await consume('--exit');
  expect(ended.code).toBe(1);
  expect(lines(ended.stdout)).toEqual([...SOUND, 'x', 'y']);
  expect(ended.stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(
      /^odradek: t-0 cannot be read from offset 5 on, .*odradek repair-log DIR\/t-0 --execute/,
    ),
  ]);
  const endless = await consume('--partition', '0');
  expect(endless).toMatchObject({ code: 1, stderr: ended.stderr });
  expect(lines(endless.stdout)).toEqual(SOUND);
});

test('a group commits what was printed before damage, and no more', async () => {
  const consume = await damagedAt(VALUE_AT);
  const first = await consume('--group', 'g');
  expect(first.code).toBe(1);
  expect(lines(first.stdout)).toEqual([...SOUND, 'x', 'y']);
  expect(await consume('--group', 'g')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('offset 5'),
  });
});

test('a count of records that ends before the damage is no failure', async () => {
  const consume = await damagedAt(VALUE_AT);
  expect(await consume('--partition', '0', '--count', '5')).toMatchObject({ code: 0, stderr: '' });
  expect(await consume('--partition', '0', '--from', '6', '--exit')).toMatchObject({
    code: 0,
    stdout: 'value 6\nvalue 7\nvalue 8\nvalue 9\n',
  });
});

describe('a partition that does not open is told, and the others are read', () => {
  test.each([
    ['from the beginning', []],
    ['from an offset', ['--from', '0']],
    ['by its last records', ['--from=-5']],
    ['in a group', ['--group', 'g']],
  ])('%s', async (_, args) => {
    const consume = await damagedBy((path) => truncateSync(path, 20));
    expect(await consume('--exit', ...args)).toEqual({
      code: 1,
      stdout: 'x\ny\n',
      stderr: expect.stringMatching(/^odradek: t-0 cannot be read: .*\(KAFKA_STORAGE_ERROR\)/),
    });
  });
});

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { pipeCommand } from '../../support/pipe-command.js';
import { MAIN, runCommand, spawnCommand } from '../../support/spawn-broker.js';
import { startTestBroker } from '../../support/start-broker.js';

async function testBroker(config: Record<string, string> = {}) {
  const broker = await startTestBroker({ config });
  const at = ['-b', broker.bootstrap];
  return {
    broker,
    produce: (input: string | Buffer, ...args: string[]) =>
      pipeCommand(['produce', ...args, ...at], [input]),
    consume: (...args: string[]) => pipeCommand(['consume', ...args, ...at]),
    at,
  };
}

/** What a command that worked printed. */
function text({ code, stdout, stderr }: { code: number | null; stdout: Buffer; stderr: string }) {
  expect(stderr).toMatch(/^(?:\d+ records? (?:stored|sent, without an answer) in \w+\n)?$/);
  expect(code).toBe(0);
  return stdout.toString();
}

describe('what goes in comes out', () => {
  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'bytes of any kind, with codec %s',
    async (codec) => {
      const { produce, consume } = await testBroker();
      // Every byte but the newline, which ends a record.
      const bytes = randomBytes(100_000).map((byte) => (byte === 0x0a ? 0 : byte));
      const input = Buffer.from(bytes);
      for (let at = 0; at < input.length; at += 999) input[at] = 0x0a;
      text(await produce(input, 't', '--codec', codec));
      const { code, stdout } = await consume('t', '--exit');
      expect(code).toBe(0);
      expect(stdout.equals(Buffer.concat([input, Buffer.from('\n')]))).toBe(true);
    },
  );

  test('keys, headers, nulls and empty values, as text and as JSON into another topic', async () => {
    const { broker, produce, consume } = await testBroker();
    text(await produce('a:1\nb:\n:3\n4\n\n', 't', '-K', ':', '-H', 'h=x', '-H', 'h=y'));
    const format = '%k|%K|%s|%S|%h\\n';
    const expected =
      'a|1|1|1|h=x,h=y\nb|1||0|h=x,h=y\n|0|3|1|h=x,h=y\n|-1|4|1|h=x,h=y\n|-1||0|h=x,h=y\n';
    expect(text(await consume('t', '-e', '-f', format))).toBe(expected);
    text(await produce(text(await consume('t', '-e', '-f', 'json')), 'copy', '-f', 'json'));
    expect(text(await consume('copy', '-e', '-f', format))).toBe(expected);
    expect(text(await consume('copy', '-e', '-K', ' => '))).toBe(
      'a => 1\nb => \n => 3\n => 4\n => \n',
    );

    text(await produce('a:\n', 'tombs', '-K', ':', '--null'));
    const consumer = new Kafka({ brokers: [broker.bootstrap], logLevel: logLevel.NOTHING }).admin();
    await consumer.connect();
    onTestFinished(() => consumer.disconnect());
    expect(await consumer.fetchTopicOffsets('tombs')).toMatchObject([{ high: '1' }]);
    expect(text(await consume('tombs', '-e', '-f', '%k %S\\n'))).toBe('a -1\n');
  });

  test('100,000 lines, 100 MB, in little memory, in their order', async () => {
    const { at, produce } = await testBroker();
    const lineOf = (number: number): string =>
      `${String(number).padStart(6, '0')}${'x'.repeat(993)}\n`;
    function* lines(): Generator<Buffer> {
      for (let from = 0; from < 100_000; from += 100) {
        yield Buffer.from(Array.from({ length: 100 }, (_, index) => lineOf(from + index)).join(''));
      }
    }
    const small = await produce(lineOf(0), 'small');
    const produced = await pipeCommand(['produce', 'large', ...at], lines());
    text(produced);
    let next = 0;
    let rest = '';
    const consumed = await pipeCommand(['consume', 'large', '-e', ...at], [], (chunk) => {
      const whole = (rest + chunk.toString('latin1')).split('\n');
      rest = whole.pop()!;
      for (const line of whole)
        if (Number(line.slice(0, 6)) === next && line.length === 999) next += 1;
    });
    text(consumed);
    expect({ next, rest }).toEqual({ next: 100_000, rest: '' });
    const extra = 64 * 1024 * 1024;
    expect(produced.peakBytes).toBeLessThan(small.peakBytes + extra);
    expect(consumed.peakBytes).toBeLessThan(small.peakBytes + extra);
  });
});

test('records go where their key belongs, or where they are told to', async () => {
  const { produce, consume } = await testBroker({ 'num.partitions': '3' });
  text(await produce('abc:1\na-little-bit-long-string:2\nabc:3\n', 't', '-K', ':'));
  const placed = text(await consume('t', '-e', '-f', '%p %k\\n'))
    .trim()
    .split('\n');
  // murmur2, as in partitioner.test.ts, without its sign, modulo 3.
  expect(new Set(placed)).toEqual(new Set(['0 abc', '2 a-little-bit-long-string']));
  text(await produce('only here\n', 't', '--partition', '1'));
  expect(text(await consume('t', '-e', '--partition', '1'))).toBe('only here\n');
});

test('reading begins where --from says, and ends where --count says', async () => {
  const { produce, consume } = await testBroker();
  text(await produce('one\ntwo\nthree\n', 't'));
  const old = JSON.stringify({ value: 'four', timestamp: Date.parse('2026-01-02T03:04:05Z') });
  text(await produce(`${old}\n`, 'times', '-f', 'json'));
  text(
    await produce(
      `${JSON.stringify({ value: 'five', timestamp: Date.parse('2026-01-03') })}\n`,
      'times',
      '-f',
      'json',
    ),
  );
  const all = ['--exit', '-f', '%s '];
  expect(text(await consume('t', ...all))).toBe('one two three ');
  expect(text(await consume('t', ...all, '--from', '1'))).toBe('two three ');
  expect(text(await consume('t', ...all, '--from', '-1'))).toBe('three ');
  expect(text(await consume('t', ...all, '--from', '-99'))).toBe('one two three ');
  expect(text(await consume('t', ...all, '--from', 'end'))).toBe('');
  expect(text(await consume('times', ...all, '--from', '2026-01-02T03:04:05Z'))).toBe('four five ');
  expect(text(await consume('times', ...all, '--from', '2026-01-02T03:04:06Z'))).toBe('five ');
  expect(text(await consume('times', ...all, '--from', new Date().toISOString()))).toBe('');
  expect(text(await consume('t', '-f', '%s ', '--count', '2'))).toBe('one two ');
});

test('consume waits for what is produced while it runs, and a signal ends it with 0', async () => {
  const { produce, at } = await testBroker();
  text(await produce('before\n', 't'));
  const command = spawnCommand(['consume', 't', ...at]);
  await once(command.child.stdout!, 'data');
  text(await produce('after\n', 't'));
  while (!command.stdout.includes('after\n')) await once(command.child.stdout!, 'data');
  expect(await command.kill('SIGINT')).toEqual({ code: 0, signal: null });
  expect(command.stdout).toBe('before\nafter\n');
  expect(command.stderr).toBe('');
});

test('produce sends what has come, although more may come', async () => {
  const { consume, at } = await testBroker();
  await runCommand(['topics', 'create', 't', ...at]);
  const producer = spawn(process.execPath, [MAIN, 'produce', 't', ...at], { stdio: 'pipe' });
  producer.stdin.write('first\nsec');
  expect(text(await consume('t', '--count', '1'))).toBe('first\n');
  producer.stdin.end('ond');
  expect(await once(producer, 'close')).toEqual([0, null]);
  expect(text(await consume('t', '--exit'))).toBe('first\nsecond\n');
});

describe('a reader that leaves', () => {
  test('ends consume quietly with 0', async () => {
    const { produce, at } = await testBroker();
    text(await produce('x\n'.repeat(200_000), 't'));
    const command = spawnCommand(['consume', 't', ...at]);
    await once(command.child.stdout!, 'data');
    command.child.stdout!.destroy();
    expect(await command.exited).toEqual({ code: 0, signal: null });
    expect(command.stderr).toBe('');
  });
});

describe('acks', () => {
  test.each(['all', '1', '0'])('%s', async (acks) => {
    const { produce, consume } = await testBroker();
    text(await produce('one\ntwo\n', 't', '--acks', acks));
    expect(text(await consume('t', '--exit'))).toBe('one\ntwo\n');
  });

  test('a refusal is told with all, and guessed from the lost connection with 0', async () => {
    const { broker, produce } = await testBroker();
    text(await produce('one\n', 't'));
    broker.faults.next('Produce', 'CLUSTER_AUTHORIZATION_FAILED', { times: 2 });
    expect(await produce('one\n', 't')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('CLUSTER_AUTHORIZATION_FAILED'),
    });
    expect(await produce('one\n', 't', '--acks', '0')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--acks all tells why'),
    });
  });

  test('what may pass is tried again, and stored once', async () => {
    const { broker, produce, consume } = await testBroker({ 'num.partitions': '2' });
    broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER', { times: 2, partition: 1 });
    text(await produce('a:1\nb:2\nc:3\nd:4\n', 't', '-K', ':'));
    const values = text(await consume('t', '--exit'))
      .trim()
      .split('\n');
    expect(values.sort()).toEqual(['1', '2', '3', '4']);
  });
});

test('what cannot be done ends with one line that says what to do', async () => {
  const { produce, consume, at } = await testBroker({ 'auto.create.topics.enable': 'false' });
  await runCommand(['topics', 'create', 't', '--config', 'max.message.bytes=1000', ...at]);
  const failures: [Promise<{ code: number | null; stderr: string }>, number, string][] = [
    [produce('a\n', 'missing'), 1, 'there is no topic missing: "odradek topics list" shows'],
    [consume('missing'), 1, 'there is no topic missing'],
    [produce('a\n', 't', '-p', '7'), 1, 'topic t has no partition 7: it has 1, counted from 0'],
    [produce(`ok\n${'x'.repeat(2000)}\n`, 't'), 1, 'the setting max.message.bytes of the topic'],
    [produce('not json\n', 't', '-f', 'json'), 1, 'line 1: not JSON'],
    [produce('a\n', 't', '-H', 'novalue'), 2, 'expected NAME=VALUE'],
    [produce('a\n', 't', '-z', 'brotli'), 2, 'Allowed choices are none, gzip, snappy, lz4, zstd'],
    [produce('a\n', 't', '-a', '2'), 2, 'all, 1 or 0 is expected'],
    [consume('t', '--from', '5'), 1, 't-0 has no offset 5: it holds 0 up to 0'],
    [consume('t', '--from', 'soon'), 2, 'an offset such as 42'],
    [consume('t', '-f', '%y'), 2, '%y stands for nothing'],
    [consume('t', '-c', '0'), 2, 'a whole number from 1 on is expected'],
  ];
  for (const [failure, expectedCode, why] of failures) {
    const { code, stderr } = await failure;
    expect({ code, stderr }).toEqual({ code: expectedCode, stderr: expect.stringContaining(why) });
  }
});

test('consume goes on behind records that were deleted meanwhile, and says so', async () => {
  const { broker, produce, at } = await testBroker();
  text(await produce('one\ntwo\n', 't'));
  await broker.clock.advance('8d');
  text(await produce('three\n', 't'));
  const piped = await pipeCommand(['consume', 't', '--from', '0', '-e', ...at]);
  expect(piped).toMatchObject({
    code: 0,
    stderr: 'odradek: t-0 begins with offset 2 now: 0 and what follows are deleted\n',
  });
  expect(piped.stdout.toString()).toBe('three\n');
});

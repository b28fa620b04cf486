import { expect, onTestFinished, test } from 'vitest';
import type { Measured } from '../../../../server/cli/perf/measurement.js';
import { cliBroker } from '../../../support/cli-broker.js';
import { spawnCommand } from '../../../support/spawn-broker.js';

type Summary = Measured & { topic: string; complete: boolean };

async function withTopic() {
  const broker = await cliBroker();
  await broker.run('topics', 'create', 't', '-p', '2');
  return {
    ...broker,
    perf: async (...args: string[]) => (await broker.objects<Summary>('perf', ...args))[0]!,
    values: async () => (await broker.run('consume', 't', '--to', 'end', '-f', '%p %s\\n')).stdout,
  };
}

const SUMMARY =
  /^(\d+) records (sent|read) in [\d.]+ s, \d+ records\/s, [\d.]+ MB\/s\n(fetch )?latency in ms: avg [\d.]+, p50 [\d.]+, p95 [\d.]+, p99 [\d.]+, p99\.9 [\d.]+, max [\d.]+\n$/;

test('produce sends so many records of that size, over all partitions', async () => {
  const { run, values } = await withTopic();
  const sent = await run('perf', 'produce', 't', '-n', '500', '--size', '100');
  expect(sent).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(SUMMARY) });
  const lines = (await values()).trimEnd().split('\n');
  expect(lines).toHaveLength(500);
  expect(new Set(lines.map((line) => line[0]))).toEqual(new Set(['0', '1']));
  expect(lines.every((line) => /^[01] [A-Z]{100}$/.test(line))).toBe(true);
  expect(new Set(lines).size).toBeGreaterThan(490);
});

test.each([
  ['to one partition', ['-p', '1']],
  ['one request at a time', ['--in-flight', '1']],
  ['compressed', ['--codec', 'lz4']],
  ['compressed, by the other name', ['--compression', 'gzip']],
  ['acks=1', ['--acks', '1']],
  ['at a rate', ['--rate', '20000']],
  ['at a rate, each alone', ['--rate', '5000', '--linger-ms', '0', '--batch-size', '1']],
  ['empty values', ['--size', '0']],
])('%s', async (_, args) => {
  const { perf, values } = await withTopic();
  const summary = await perf('produce', 't', '-n', '200', '--size', '50', ...args);
  const bytes = args.includes('--size') ? 0 : 10_000;
  expect(summary).toMatchObject({ topic: 't', records: 200, bytes, complete: true });
  const { avg, p50, p999, max } = summary.latencyMs!;
  expect(Math.min(avg, p50)).toBeGreaterThan(0);
  expect(p999).toBeLessThanOrEqual(max * 1.01);
  expect((await values()).trimEnd().split('\n')).toHaveLength(200);
});

test('a record larger than a batch goes alone', async () => {
  const { perf, values } = await withTopic();
  await perf('produce', 't', '-n', '3', '--size', '20000', '--batch-size', '1000');
  expect((await values()).length).toBe(3 * 20_003);
});

test('with acks=0 all have arrived at the end, and there is no latency', async () => {
  const { perf, values } = await withTopic();
  const summary = await perf('produce', 't', '-n', '300', '--acks', '0');
  expect(summary).toMatchObject({ records: 300, latencyMs: null });
  expect((await values()).trimEnd().split('\n')).toHaveLength(300);
});

test('what may pass is tried again, and what fails tells what was done before', async () => {
  const { broker, perf, run } = await withTopic();
  broker.faults.next('Produce', 'NOT_LEADER_OR_FOLLOWER', { times: 2 });
  expect(await perf('produce', 't', '-n', '100')).toMatchObject({ records: 100, complete: true });
  await run('topics', 'alter', 't', '--set', 'max.message.bytes=1000');
  const failed = await run('perf', 'produce', 't', '--size', '2000', '--batch-size', '1');
  expect(failed).toMatchObject({ code: 1, stdout: '' });
  expect(failed.stderr).toMatch(/^odradek: cannot produce to t-[01]: .*\(MESSAGE_TOO_LARGE\)\n$/);
});

test('consume reads all that there is, or so many, or some of it', async () => {
  const { perf, run } = await withTopic();
  await perf('produce', 't', '-n', '500', '--size', '10');
  expect(await run('perf', 'consume', 't')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(SUMMARY),
  });
  expect(await perf('consume', 't')).toMatchObject({ records: 500, bytes: 5000, complete: true });
  expect(await perf('consume', 't', '-n', '7')).toMatchObject({ records: 7, complete: true });
  expect(await perf('consume', 't', '--from', '-3')).toMatchObject({ records: 6 });
});

test('records that do not come are told, after what came', async () => {
  const { perf, run } = await withTopic();
  await perf('produce', 't', '-n', '5');
  const { code, stdout, stderr } = await run(
    ...['perf', 'consume', 't', '-n', '9', '--timeout', '100ms', '--json'],
  );
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ records: 5, complete: false });
  expect(stderr).toContain('5 of 9 records came, and none for 100 ms; --timeout waits longer');
});

test('Ctrl-C prints what was done', async () => {
  const { broker, run } = await withTopic();
  const args = ['perf', 'produce', 't', '--rate', '200', '--json', '-b', broker.bootstrap];
  const command = spawnCommand(args);
  onTestFinished(() => void command.kill('SIGKILL'));
  await run('consume', 't', '--count', '20');
  expect(await command.kill('SIGINT')).toEqual({ code: 0, signal: null });
  const summary = JSON.parse(command.stdout) as Summary;
  expect(summary.complete).toBe(false);
  expect(summary.records).toBeGreaterThanOrEqual(19);
  const kept = (await run('consume', 't', '--exit')).stdout.trimEnd().split('\n');
  expect(kept).toHaveLength(summary.records);
});

test.each([
  [['produce', 'absent'], 1, 'there is no topic absent'],
  [['consume', 'absent'], 1, 'there is no topic absent'],
  [['produce'], 2, "missing required argument 'topic'"],
  [['produce', 't', '-p', '5'], 1, 'topic t has no partition 5'],
  [['produce', 't', '--records', '0'], 2, 'a whole number from 1 on is expected'],
  [['produce', 't', '--size', '99999999'], 2, 'a whole number from 0 to 10485760 is expected'],
  [['produce', 't', '--rate', '0'], 2, 'a number of records a second is expected'],
  [['produce', 't', '--rate', '1e99'], 2, 'a number of records a second is expected'],
  [['produce', 't', '--in-flight', '1000'], 2, 'a whole number from 1 to 100 is expected'],
  [['produce', 't', '--codec', 'brotli'], 2, 'Allowed choices are none, gzip'],
  [['consume', 't', '--timeout', '5'], 2, 'a time is expected, such as 500ms'],
  [['consume', 't', '--from', 'end'], 2, 'nothing lies between'],
])('perf %j ends with %d', async (args, code, why) => {
  const { broker } = await withTopic();
  const command = spawnCommand(['perf', ...args, '-b', broker.bootstrap]);
  expect(await command.exited).toEqual({ code, signal: null });
  expect(command).toMatchObject({ stdout: '', stderr: expect.stringContaining(why) });
});

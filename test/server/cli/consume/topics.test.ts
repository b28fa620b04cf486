import { describe, expect, test } from 'vitest';
import { valued } from '../../../support/cli-broker.js';
import { untilStdout, withTopics } from '../../../support/consuming.js';

describe('several topics', () => {
  test.each([
    ['as words', ['a', 'b']],
    ['with a comma', ['a,b']],
    ['by a pattern', ['--pattern', 'a|b']],
    ['by a pattern among the topics', ['^(a|b)']],
    ['by the option of kafka-console-consumer', ['--include', 'a|b']],
    ['by name and by pattern', ['a', '--pattern', '[ab]']],
  ])('%s: each line begins with its topic', async (_, args) => {
    const { run, produce } = await withTopics('a', 'b', 'ab');
    await produce('a', 0, valued('1'));
    await produce('b', 1, valued('2', '3'));
    await produce('ab', 0, valued('not this'));
    const { code, stdout, stderr } = await run('consume', ...args, '--exit');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n').sort()).toEqual(['a\t1', 'b\t2', 'b\t3']);
  });

  test('JSON has the topic, and a format has what it says', async () => {
    const { run, objects, produce } = await withTopics('a', 'b');
    await produce('a', 0, valued('1'));
    await produce('b', 1, valued('2'));
    const records = await objects('consume', 'a', 'b', '--exit');
    expect(records.map(({ topic, partition, value }) => [topic, partition, value]).sort()).toEqual([
      ['a', 0, '1'],
      ['b', 1, '2'],
    ]);
    const { stdout } = await run('consume', 'a', 'b', '-e', '-f', '%s ');
    expect(stdout.trim().split(' ').sort()).toEqual(['1', '2']);
  });

  test('internal topics match no pattern, and are read when they are named', async () => {
    const { run, produce } = await withTopics('a');
    await produce('a', 0, valued('1'));
    await run('consume', 'a', '--group', 'g', '--exit');
    expect(await run('consume', '--pattern', '.*', '--exit')).toMatchObject({ stdout: 'a\t1\n' });
    const named = await run('consume', '__consumer_offsets', '--exit', '-f', '%t ');
    expect(named.stdout).toContain('__consumer_offsets');
  });

  test('more partitions than one answer holds are all read', async () => {
    const { run, produce } = await withTopics('a', 'b', 'c', 'd', 'e', 'f');
    const large = { key: null, value: 'x'.repeat(900_000), timestamp: 1_700_000_000_000 };
    for (const topic of ['a', 'b', 'c', 'd', 'e', 'f']) {
      for (const partition of [0, 1]) {
        await produce(topic, partition, [large]);
        await produce(topic, partition, [large]);
      }
    }
    const { stdout } = await run('consume', '--pattern', '.', '--exit', '-f', '%t%p%o ');
    expect(new Set(stdout.trim().split(' ')).size).toBe(24);
  });
});

describe('--to', () => {
  async function withTimes() {
    const broker = await withTopics('t');
    const at = (value: string, timestamp: number) => [{ key: null, value, timestamp }];
    await broker.produce('t', 0, valued('a', 'b', 'c', 'd'));
    await broker.produce('t', 1, at('e', Date.parse('2026-01-02T00:00:00Z')));
    await broker.produce('t', 1, at('f', Date.parse('2026-01-03T00:00:00Z')));
    return {
      ...broker,
      values: async (...args: string[]) => {
        const { stdout, stderr, code } = await broker.run('consume', 't', '-f', '%s ', ...args);
        expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
        return stdout.trim().split(' ').sort().join('');
      },
    };
  }

  test.each([
    [['--to', 'end'], 'abcdef'],
    [['--to', '1'], 'ae'],
    [['--to', '3', '-p', '0'], 'abc'],
    [['--to', '-1'], 'abce'],
    [['--from', '-2', '--to', '-1'], 'ce'],
    [['--from', '1', '--to', '2'], 'bf'],
    [['--to', '2026-01-02T12:00:00Z'], 'abcde'],
    [['--from', '2026-01-01', '--to', '2026-01-02T12:00:00Z'], 'e'],
    [['--to', '0s'], 'abcdef'],
    [['--to', '4', '--exit'], 'abcdef'],
    [['--to', 'end', '--count', '2', '-p', '0'], 'ab'],
    [['--from', '3', '--to', '-2', '-p', '0'], ''],
  ])('%j', async (args, expected) => {
    const { values } = await withTimes();
    expect(await values(...args)).toBe(expected);
  });

  test('the middle of a batch is its end, also in a compressed one', async () => {
    const { run, produce } = await withTopics('t');
    await produce('t', 0, valued('a', 'b', 'c'), { codec: 'gzip' });
    expect((await run('consume', 't', '-p', '0', '--to', '2')).stdout).toBe('a\nb\n');
  });

  test('an offset that is not there yet is waited for', async () => {
    const { spawn, produce } = await withTopics('t');
    await produce('t', 0, valued('a'));
    const command = spawn('t', '-p', '0', '--to', '2');
    await untilStdout(command, 'a\n');
    await produce('t', 0, valued('b', 'c'));
    expect(await command.exited).toEqual({ code: 0, signal: null });
    expect(command.stdout).toBe('a\nb\n');
  });

  test('a group stops there, and goes on from there', async () => {
    const { lines, produce } = await withTopics('t', 'u');
    await produce('t', 0, valued('a', 'b', 'c'));
    await produce('u', 1, valued('d', 'e'));
    const group = ['consume', 't', 'u', '--group', 'g'];
    expect((await lines(...group, '--to', '-1')).sort()).toEqual(['t\ta', 't\tb', 'u\td']);
    expect((await lines(...group, '--to', 'end')).sort()).toEqual(['t\tc', 'u\te']);
    expect(await lines(...group, '--to', 'end')).toEqual([]);
  });
});

test.each([
  [[], 2, 'the name of a topic is missing'],
  [['a,,b'], 2, 'the name of a topic is empty'],
  [['a', 'absent', '-e'], 1, 'there is no topic absent'],
  [['--pattern', 'x.*', '-e'], 1, 'no topic matches x.*: "odradek topics list"'],
  [['--pattern', 'x.*', '--to', 'end'], 1, 'no topic matches x.*'],
  [['--pattern', '(', '-e'], 2, 'is no regular expression: Unterminated group'],
  [['--pattern', 'a', '-p', '0'], 2, '--partition and a pattern exclude each other'],
  [['a', '--group', 'g', '-p', '0'], 2, 'the group hands out the partitions'],
  [['a', '-p', '7', '-e'], 1, 'topic a has no partition 7'],
  [['a', '--json', '-f', '%s'], 2, '--json and --format exclude each other'],
  [['a', '--json', '-K', ':'], 2, '--key-separator and JSON exclude each other'],
  [['a', '--from', '5', '--to', '5'], 2, 'nothing lies between --from 5 and --to 5'],
])('consume %j ends with %d and prints nothing', async (args, code, why) => {
  const { run } = await withTopics('a');
  expect(await run('consume', ...args)).toMatchObject({
    code,
    stdout: '',
    stderr: expect.stringContaining(why),
  });
});

import { describe, expect, onTestFinished, test } from 'vitest';
import { valued } from '../../../support/cli-broker.js';
import { untilStdout, withTopics } from '../../../support/consuming.js';

describe('while it runs', () => {
  test.each([
    ['alone', []],
    ['in a group', ['--group', 'g']],
  ])('a topic that comes and matches is read from its beginning (%s)', async (_, args) => {
    const { run, spawn, produce } = await withTopics('other');
    const command = spawn('--pattern', 'orders-.*', '--from', 'end', ...args);
    await command.untilStderr('odradek: no topic matches orders-.* yet\n');
    await run('topics', 'create', 'orders-eu');
    await produce('orders-eu', 0, valued('first'));
    await untilStdout(command, 'orders-eu\tfirst\n');
    await run('topics', 'create', 'orders-us');
    await produce('orders-us', 0, valued('second'));
    await untilStdout(command, 'orders-us\tsecond\n');
    await produce('orders-eu', 0, valued('third'));
    await untilStdout(command, 'orders-eu\tthird\n');
    expect(await command.kill('SIGINT')).toEqual({ code: 0, signal: null });
    expect(command.stdout.split('\n')).toHaveLength(4);
  });

  test.each([
    ['alone', []],
    ['in a group', ['--group', 'g']],
  ])('a topic that is deleted is told, and the others are read (%s)', async (_, args) => {
    const { run, spawn, produce } = await withTopics('a', 'b');
    await produce('a', 0, valued('1'));
    const command = spawn('a', 'b', ...args);
    await untilStdout(command, 'a\t1\n');
    await run('topics', 'delete', 'a');
    await command.untilStderr('odradek: topic a deleted while being read\n');
    await produce('b', 0, valued('2'));
    await untilStdout(command, 'b\t2\n');
    await run('topics', 'delete', 'b');
    expect(await command.exited).toEqual({ code: 1, signal: null });
    expect(command.stderr.split('\n')).toEqual([
      'odradek: topic a deleted while being read',
      'odradek: topic b deleted while being read',
      '',
    ]);
  });

  test('a topic that is made anew under a pattern is read from its beginning', async () => {
    const { run, spawn, produce } = await withTopics('a');
    await produce('a', 0, valued('1'));
    const command = spawn('^a');
    await untilStdout(command, 'a\t1\n');
    await run('topics', 'delete', 'a');
    await run('topics', 'create', 'a');
    await produce('a', 0, valued('2'));
    await untilStdout(command, 'a\t2\n');
    expect(command.stderr).toBe('odradek: topic a deleted while being read\n');
    expect(await command.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });
});

test('members of one group that read different topics get the partitions of all', async () => {
  const { run, spawn, produce } = await withTopics('a', 'b');
  const first = spawn('a', '--group', 'g');
  const second = spawn('b', '--group', 'g');
  onTestFinished(
    async () => void (await Promise.all([first.kill('SIGINT'), second.kill('SIGINT')])),
  );
  await expect
    .poll(async () => (await run('groups', 'describe', 'g', '--members', '--json')).stdout)
    .toMatch(/"a".*\n.*"b"|"b".*\n.*"a"/);
  await produce('a', 1, valued('1'));
  await produce('b', 1, valued('2'));
  await Promise.all([untilStdout(first, '1\n'), untilStdout(second, '2\n')]);
});

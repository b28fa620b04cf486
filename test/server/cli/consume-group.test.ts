import { once } from 'node:events';
import { Kafka, logLevel } from 'kafkajs';
import { expect, onTestFinished, test } from 'vitest';
import { pipeCommand } from '../../support/pipe-command.js';
import { type CommandProcess, runCommand, spawnCommand } from '../../support/spawn-broker.js';
import { startTestBroker } from '../../support/start-broker.js';

async function testBroker() {
  const { bootstrap } = await startTestBroker({ config: { 'num.partitions': '4' } });
  const at = ['-b', bootstrap];
  return {
    bootstrap,
    produce: async (values: readonly number[]): Promise<void> => {
      // A key of its own for each, so that they spread over the partitions.
      const lines = values.map((value) => `${value}:${value}\n`);
      const { code } = await pipeCommand(['produce', 't', '-K', ':', ...at], lines);
      expect(code).toBe(0);
    },
    consume: (...args: string[]) => runCommand(['consume', 't', '--group', 'g', ...args, ...at]),
    member: (): CommandProcess => {
      const command = spawnCommand(['consume', 't', '--group', 'g', ...at]);
      onTestFinished(() => void command.kill('SIGKILL'));
      return command;
    },
  };
}

function range(from: number, end: number): number[] {
  return Array.from({ length: end - from }, (_, at) => from + at);
}

function numbers(...texts: string[]): number[] {
  return texts
    .join('')
    .split('\n')
    .filter((line) => line !== '')
    .map(Number)
    .sort((a, b) => a - b);
}

/** Resolves when the processes have printed `count` lines together. */
async function untilLines(count: number, ...members: CommandProcess[]): Promise<void> {
  while (numbers(...members.map(({ stdout }) => stdout)).length < count) {
    await Promise.race(members.map(({ child }) => once(child.stdout!, 'data')));
  }
}

test('a run goes on where the one before ended, to the record', async () => {
  const { produce, consume } = await testBroker();
  await produce(range(0, 10));
  const first = await consume('--count', '4');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(numbers(first.stdout)).toHaveLength(4);
  const second = await consume('--exit');
  expect(numbers(first.stdout, second.stdout)).toEqual(range(0, 10));
  expect(await consume('--exit')).toEqual({ code: 0, stdout: '', stderr: '' });
  await produce(range(10, 12));
  expect(numbers((await consume('--exit')).stdout)).toEqual([10, 11]);
});

test('members share the partitions; who leaves hands them over, and nothing is printed twice', async () => {
  const { produce, member, bootstrap } = await testBroker();
  await produce(range(0, 100));
  const first = member();
  await untilLines(100, first);
  const second = member();
  const admin = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  const stableWith = async (count: number): Promise<boolean> => {
    const { groups } = await admin.describeGroups(['g']);
    return groups[0]?.state === 'Stable' && groups[0].members.length === count;
  };
  await expect.poll(() => stableWith(2)).toBe(true);
  await produce(range(100, 200));
  await untilLines(200, first, second);
  expect(numbers(second.stdout).length).toBeGreaterThan(0);
  expect(numbers(first.stdout).length).toBeGreaterThan(100);
  expect(await first.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  await expect.poll(() => stableWith(1)).toBe(true);
  await produce(range(200, 300));
  await untilLines(300, first, second);
  expect(numbers(first.stdout, second.stdout)).toEqual(range(0, 300));
  expect(await second.kill('SIGINT')).toEqual({ code: 0, signal: null });
  await expect.poll(() => stableWith(0)).toBe(false);
});

test('a reader that leaves ends it quietly with 0, and the group is left', async () => {
  const { produce, member, bootstrap } = await testBroker();
  await produce(range(0, 10));
  const command = member();
  await untilLines(10, command);
  command.child.stdout!.destroy();
  await produce(range(10, 20));
  expect(await command.exited).toEqual({ code: 0, signal: null });
  expect(command.stderr).toBe('');
  const { stdout } = await runCommand(['groups', 'list', '--state', '-b', bootstrap]);
  expect(stdout).toContain('Empty');
});

test('--group and --partition exclude each other', async () => {
  const { consume } = await testBroker();
  expect(await consume('--partition', '0')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the group hands out the partitions'),
  });
});

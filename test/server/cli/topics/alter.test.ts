import { expect, test } from 'vitest';
import { cliBroker } from '../../../support/cli-broker.js';

interface Described {
  readonly settings: readonly { readonly name: string; readonly value: string; source: string }[];
  readonly partitions: readonly unknown[];
}

async function withOrders() {
  const broker = await cliBroker();
  await broker.run('topics', 'create', 'orders', '--config', 'retention.ms=1000');
  return {
    ...broker,
    now: async () => {
      const [topic] = await broker.objects<Described>('topics', 'describe', 'orders');
      const own = topic!.settings.filter(({ source }) => source === 'DYNAMIC_TOPIC_CONFIG');
      const settings = own.map(({ name, value }) => `${name}=${value}`);
      return { settings, partitions: topic!.partitions.length };
    },
  };
}

test('settings and the number of partitions are changed together', async () => {
  const { run, now } = await withOrders();
  const changes = ['--set', 'segment.bytes=1048576', '--delete', 'retention.ms'];
  const more = ['--append', 'cleanup.policy=compact', '--config', 'max.message.bytes=5000'];
  expect(await run('topics', 'alter', 'orders', '-p', '3', ...changes, ...more)).toEqual({
    code: 0,
    stdout: 'Altered topic orders.\n',
    stderr: '',
  });
  const { settings, partitions } = await now();
  expect(partitions).toBe(3);
  expect(settings.sort()).toEqual([
    'cleanup.policy=delete,compact',
    'max.message.bytes=5000',
    'segment.bytes=1048576',
  ]);
});

test('a dry run changes nothing and finds what is wrong', async () => {
  const { run, objects, now } = await withOrders();
  const args = ['topics', 'alter', 'orders', '--set', 'retention.ms=5', '--dry-run'];
  expect(await objects(...args, '-p', '2')).toEqual([{ topic: 'orders', altered: false }]);
  expect(await run(...args, '-p', '1')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('INVALID_PARTITIONS'),
  });
  expect(await now()).toEqual({ settings: ['retention.ms=1000'], partitions: 1 });
});

test('what cannot be done leaves the rest undone', async () => {
  const { run, now } = await withOrders();
  const wrong = await run('topics', 'alter', 'orders', '--set', 'retention.ms=5', '-p', '1');
  expect(wrong).toMatchObject({ code: 1, stdout: '' });
  expect(wrong.stderr).toContain('cannot alter topic orders: ');
  expect(await now()).toEqual({ settings: ['retention.ms=1000'], partitions: 1 });
});

test.each([
  [['orders'], 2, 'change what? Say --partitions'],
  [['orders', '--set', 'retention.ms'], 2, '--set "retention.ms": expected key=value'],
  [['orders', '--set', 'retention.mss=1'], 1, 'retention.ms'],
  [['absent', '--set', 'retention.ms=1'], 1, 'there is no topic absent'],
  [['absent', '-p', '2'], 1, 'there is no topic absent'],
])('alter %j ends with %d', async (args, code, why) => {
  const { run } = await withOrders();
  const result = await run('topics', 'alter', ...args);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(why) });
  expect(result.stderr).toMatch(/^odradek: .*\n$/);
});

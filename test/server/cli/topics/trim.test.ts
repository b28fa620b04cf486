import { expect, test } from 'vitest';
import { cliBroker, valued } from '../../../support/cli-broker.js';

async function withOrders() {
  const broker = await cliBroker();
  await broker.run('topics', 'create', 'orders', '-p', '2');
  await broker.produce('orders', 0, valued('a', 'b', 'c'));
  await broker.produce('orders', 1, valued('d'));
  const late = { key: null, value: 'e', timestamp: 1_780_000_000_000 };
  await broker.produce('orders', 1, [late]);
  return {
    ...broker,
    starts: async () => {
      const [topic] = await broker.objects<{ partitions: { startOffset: number }[] }>(
        'topics',
        'describe',
        'orders',
      );
      return topic!.partitions.map(({ startOffset }) => startOffset);
    },
  };
}

test('says what would go, and deletes nothing', async () => {
  const { run, starts } = await withOrders();
  expect(await run('topics', 'trim', 'orders', '--before', '1')).toEqual({
    code: 0,
    stdout: [
      'TOPIC   PARTITION  START  NEW-START  DELETED',
      'orders          0      0          1        1',
      'orders          1      0          1        1',
      '',
    ].join('\n'),
    stderr: 'odradek: nothing was changed; --execute does it\n',
  });
  expect(await starts()).toEqual([0, 0]);
});

test.each([
  ['an offset', ['--before', '2', '--partition', '0', '--execute'], [2, 0]],
  ['a time', ['--before', '2026-01-01T00:00:00Z', '--execute'], [3, 1]],
  ['the last records', ['--before', '-1', '--yes'], [2, 1]],
  ['the end', ['--before', 'end', '--execute'], [3, 2]],
])('with --execute or --yes deletes what lies before %s', async (_, args, after) => {
  const { run, starts } = await withOrders();
  expect(await run('topics', 'trim', 'orders', ...args)).toMatchObject({ code: 0, stderr: '' });
  expect(await starts()).toEqual(after);
});

test('what is gone already stays so', async () => {
  const { run, objects } = await withOrders();
  await run('topics', 'trim', 'orders', '--before', 'end', '-y');
  expect(await objects('topics', 'trim', 'orders', '--before', '1', '-p', '0', '-y')).toEqual([
    { topic: 'orders', partition: 0, startOffset: 3, newStartOffset: 3, deleted: 0 },
  ]);
});

test.each([
  [['orders'], 2, 'up to where? Say --before'],
  [['orders', '--before', 'soon'], 2, '--before "soon": beginning, end, an offset'],
  [['orders', '--before', '1', '--execute', '--dry-run'], 2, 'exclude each other'],
  [['orders', '--before', '3', '--execute'], 1, 'orders-1 ends at offset 2, before 3'],
  [['orders', '--before', '1', '-p', '7'], 1, 'topic orders has no partition 7'],
  [['absent', '--before', '1'], 1, 'there is no topic absent'],
])('trim %j ends with %d and deletes nothing', async (args, code, why) => {
  const { run, starts } = await withOrders();
  const result = await run('topics', 'trim', ...args);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(why) });
  expect(await starts()).toEqual([0, 0]);
});

test('a compacted topic keeps the last record of each key, and says so', async () => {
  const { run } = await withOrders();
  await run('topics', 'alter', 'orders', '--set', 'cleanup.policy=compact');
  const { code, stderr } = await run('topics', 'trim', 'orders', '--before', '1', '--execute');
  expect(code).toBe(1);
  expect(stderr).toContain('its cleanup.policy is compact alone');
});

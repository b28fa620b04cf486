import { expect, test } from 'vitest';
import { cliBroker, valued } from '../../../support/cli-broker.js';

async function withOrders() {
  const broker = await cliBroker();
  await broker.run('topics', 'create', 'orders', '-p', '2', '--config', 'retention.ms=3600000');
  await broker.produce('orders', 1, valued('a', 'b', 'c'));
  return broker;
}

test('a topic is described with its settings, and the offsets and sizes of its partitions', async () => {
  const { lines } = await withOrders();
  await lines('topics', 'trim', 'orders', '--partition', '1', '--before', '1', '--execute');
  const [first, id, ...rest] = await lines('topics', 'describe', 'orders');
  expect(first).toBe('Topic orders: 2 partitions, replication factor 1, 85 B');
  expect(id).toMatch(/^Id [\w-]{22}$/);
  expect(rest).toEqual([
    '',
    'SETTING        VALUE    SET BY',
    'odradek.flush  os       broker, at its start',
    'retention.ms   3600000  topic',
    '',
    'PARTITION  LEADER  EPOCH  REPLICAS  IN-SYNC  START  END  OFFSETS  SIZE',
    '        0       1      0  1         1            0    0        0   0 B',
    '        1       1      0  1         1            1    3        2  85 B',
  ]);
});

test('several topics are described in the order of their names, or all of them', async () => {
  const { lines, run } = await withOrders();
  await run('topics', 'create', 'events');
  const named = await lines('topics', 'describe', 'orders', '-t', 'events');
  const all = await lines('topics', 'describe');
  const heads = named.filter((line) => line.startsWith('Topic '));
  expect(heads).toEqual([
    expect.stringContaining('Topic events: 1 partition,'),
    expect.stringContaining('Topic orders: 2 partitions,'),
  ]);
  expect(all).toEqual(named);
});

test('--json has the same facts, one topic a line', async () => {
  const { objects } = await withOrders();
  expect(await objects('topics', 'describe', 'orders')).toEqual([
    {
      topic: 'orders',
      topicId: expect.stringMatching(/^[\w-]{22}$/),
      internal: false,
      replicationFactor: 1,
      sizeBytes: 85,
      settings: [
        { name: 'odradek.flush', value: 'os', source: 'STATIC_BROKER_CONFIG' },
        { name: 'retention.ms', value: '3600000', source: 'DYNAMIC_TOPIC_CONFIG' },
      ],
      partitions: [
        expect.objectContaining({ partition: 0, startOffset: 0, endOffset: 0, sizeBytes: 0 }),
        expect.objectContaining({ partition: 1, leader: 1, endOffset: 3, error: null }),
      ],
    },
  ]);
});

test('a topic that is not there ends with 1, and nothing is printed of the others', async () => {
  const { run } = await withOrders();
  expect(await run('topics', 'describe', 'orders', 'odrers')).toEqual({
    code: 1,
    stdout: '',
    stderr: 'odradek: there is no topic odrers: "odradek topics list" shows those that there are\n',
  });
});

import { expect, test } from 'vitest';
import { cliBroker } from '../../../support/cli-broker.js';

async function withTopics() {
  const broker = await cliBroker();
  await broker.run('topics', 'create', 'orders', '--config', 'retention.ms=1000');
  await broker.run('topics', 'create', 'events');
  return broker;
}

test('settings are printed with who has set them, defaults only when they are asked for', async () => {
  const { lines, run } = await withTopics();
  expect(await lines('configs', 'describe', 'orders')).toEqual([
    'SETTING        VALUE  SET BY',
    'odradek.flush  os     broker, at its start',
    'retention.ms   1000   topic',
  ]);
  const all = await lines('configs', 'describe', 'orders', '--all');
  expect(all.length).toBeGreaterThan(20);
  expect(all.some((line) => /^segment\.bytes +1073741824 +default$/.test(line))).toBe(true);
  const keys = ['-k', 'segment.bytes', '--key', 'retention.ms'];
  expect(await lines('configs', 'describe', 'orders', '-t', 'events', ...keys)).toEqual([
    'OF            SETTING        VALUE       SET BY',
    'topic orders  retention.ms   1000        topic',
    'topic orders  segment.bytes  1073741824  default',
    'topic events  retention.ms   604800000   default',
    'topic events  segment.bytes  1073741824  default',
  ]);
  expect(await run('configs', 'describe', '--all-brokers')).toEqual({
    code: 0,
    stdout: 'SETTING  VALUE  SET BY\n',
    stderr: 'odradek: nothing is set; --all prints the defaults, too\n',
  });
});

test('a broker is changed while it runs, by its id or as the only one', async () => {
  const { lines, objects } = await withTopics();
  await lines('configs', 'alter', '--broker', '--set', 'log.retention.ms=5000');
  await lines('configs', 'alter', '--all-brokers', '--set', 'log.segment.bytes=2000000');
  expect(await lines('configs', 'describe', '--broker', '1', '-k', 'log.retention.ms')).toEqual([
    'SETTING           VALUE  SET BY',
    'log.retention.ms  5000   broker, while running',
  ]);
  expect(await objects('configs', 'describe', '--all-brokers')).toEqual([
    {
      resource: 'all brokers',
      name: 'log.segment.bytes',
      value: '2000000',
      source: 'DYNAMIC_DEFAULT_BROKER_CONFIG',
      readOnly: false,
      sensitive: false,
      documentation: expect.any(String),
    },
  ]);
});

test('several topics are changed together, and none when one is not there', async () => {
  const { lines, run, objects } = await withTopics();
  const change = ['--set', 'retention.ms=7', '--append', 'cleanup.policy=compact'];
  expect(await run('configs', 'alter', 'orders', 'absent', ...change)).toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('there is no topic absent'),
  });
  expect(await lines('configs', 'alter', 'orders', 'events', ...change, '--dry-run')).toEqual([
    'The settings of topic orders can be altered so; nothing was changed.',
    'The settings of topic events can be altered so; nothing was changed.',
  ]);
  const key = ['-k', 'retention.ms'];
  expect(await objects('configs', 'describe', 'orders', ...key)).toMatchObject([{ value: '1000' }]);
  expect(await lines('configs', 'alter', 'orders', 'events', ...change)).toEqual([
    'Altered the settings of topic orders.',
    'Altered the settings of topic events.',
  ]);
  expect(await objects('configs', 'describe', 'orders', 'events', ...key)).toMatchObject([
    { value: '7' },
    { value: '7' },
  ]);
  await lines('configs', 'alter', 'orders', '--subtract', 'cleanup.policy=compact', '-d', key[1]!);
  expect(await objects('configs', 'describe', 'orders', ...key)).toMatchObject([
    { value: '604800000', source: 'DEFAULT_CONFIG' },
  ]);
});

test.each([
  [['describe'], 2, 'whose settings? Name topics, or say --broker'],
  [['describe', 'orders', '--all-brokers'], 2, 'whose settings?'],
  [['describe', 'absent'], 1, 'there is no topic absent'],
  [['describe', '--broker', '7'], 1, 'expected 1 or empty string'],
  [['alter', 'orders'], 2, 'change what?'],
  [['alter', 'orders', '--set', '=1'], 2, '--set "=1": expected key=value'],
  [['alter', 'orders', '--set', 'retention.ms=soon'], 1, 'retention.ms'],
  [['alter', '--broker', '--set', 'log.dirs=/tmp'], 1, 'log.dirs'],
])('%j ends with %d and one line', async (args, code, why) => {
  const { run } = await withTopics();
  const result = await run('configs', ...args);
  expect(result).toMatchObject({ code, stdout: '', stderr: expect.stringContaining(why) });
  expect(result.stderr).toMatch(/^odradek: .*\n$/);
});

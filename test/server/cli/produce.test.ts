import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cliBroker } from '../../support/cli-broker.js';
import { MAIN } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function fileOf(...lines: string[]): string {
  const path = join(temporaryFolder(), 'lines.txt');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  return path;
}

test('lines of a file are stored, and how many is said at the end', async () => {
  const { run, broker, objects } = await cliBroker({ topics: { orders: {} } });
  const file = fileOf('one', 'two', 'three');
  expect(await run('produce', 'orders', '--file', file)).toEqual({
    code: 0,
    stdout: '',
    stderr: '3 records stored in orders\n',
  });
  expect((await broker.records('orders')).map(({ value }) => value)).toEqual([
    'one',
    'two',
    'three',
  ]);
  expect(await objects('produce', 'orders', '--file', file)).toEqual([
    { topic: 'orders', records: 3 },
  ]);
  expect((await run('produce', 'orders', '--acks', '0', '--file', file)).stderr).toBe(
    '3 records sent, without an answer in orders\n',
  );
});

test('a failure says how many records were stored before it', async () => {
  const { run, broker } = await cliBroker({ topics: { orders: {} } });
  broker.faults.next('Produce', [null, 'INVALID_RECORD']);
  const long = 'x'.repeat(600_000);
  const refused = await run('produce', 'orders', '--file', fileOf(long, long, long));
  expect(refused.code).toBe(1);
  const stored = (await broker.records('orders')).length;
  expect(stored).toBeGreaterThan(0);
  expect(stored).toBeLessThan(3);
  const counted = `${stored} record${stored === 1 ? '' : 's'} stored`;
  expect(refused.stderr).toContain(`; ${counted}\n`);
  const bad = await run('produce', 'orders', '-f', 'json', '--file', fileOf('{"value":"a"}', '{'));
  expect(bad.stderr).toMatch(/line 2: .*; 0 records stored\n$/);
});

test('a broker that goes away in between leaves a count of what it had stored', async () => {
  const { run, broker } = await cliBroker({ topics: { orders: { partitions: 2 } } });
  broker.faults.disconnect('Produce', { partition: 1, times: Infinity });
  const long = 'x'.repeat(600_000);
  const refused = await run('produce', 'orders', '--file', fileOf(long, long, long));
  expect(refused.code).toBe(1);
  const stored = (await broker.records('orders')).length;
  expect(stored).toBeGreaterThan(0);
  expect(stored).toBeLessThan(3);
  expect(refused.stderr).toContain(`${stored} record${stored === 1 ? '' : 's'} stored\n`);
});

test('Ctrl-C leaves the count of what was stored by then', async () => {
  const { broker } = await cliBroker({ topics: { orders: {} } });
  const child = spawn(process.execPath, [MAIN, 'produce', 'orders', '-b', broker.bootstrap], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdin.write('one\ntwo\n');
  await broker.until({ topic: 'orders', count: 2 });
  // The third line is behind the answers to the first two.
  child.stdin.write('three\n');
  await broker.until({ topic: 'orders', count: 3 });
  child.kill('SIGINT');
  const [code] = await once(child, 'close');
  expect([code, stderr]).toEqual([130, expect.stringMatching(/at least [23] records stored\n$/)]);
});

test.runIf(process.platform === 'linux')(
  'a file that cannot be read leaves the count',
  async () => {
    const { run } = await cliBroker({ topics: { orders: {} } });
    const refused = await run('produce', 'orders', '--file', '/proc/self/mem');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('0 records stored\n');
    expect(refused.stderr).toContain('EIO');
  },
);

test('a file that is not there, and a folder, are told before anything is sent', async () => {
  const { run, broker } = await cliBroker({ topics: { orders: {} } });
  const folder = temporaryFolder();
  expect((await run('produce', 'orders', '--file', join(folder, 'none'))).stderr).toContain(
    'ENOENT',
  );
  expect((await run('produce', 'orders', '--file', folder)).stderr).toContain('is a folder');
  expect(broker.requests({ api: 'Metadata' })).toEqual([]);
});

import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { odradek } from '../../support/cli-broker.js';
import { startTestBroker } from '../../support/start-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('a copy of a stopped broker’s directory is served by another, with topics and records', async () => {
  const folder = temporaryFolder();
  const [data, copy] = [join(folder, 'data'), join(folder, 'copy')];
  const first = await startTestBroker({
    dataDir: data,
    topics: {
      orders: { partitions: 2, records: [{ value: 'a' }, { value: 'b' }, { value: 'c' }] },
    },
  });
  const running = await odradek('backup', data, copy);
  expect(running.code).toBe(1);
  expect(running.stderr).toContain('stop it first');
  expect(existsSync(copy)).toBe(false);
  await first.close();
  const made = await odradek('backup', data, copy);
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toMatch(/copy: \d+ partitions?, \d+ B\n$/);
  const second = await startTestBroker({ dataDir: copy });
  const values = (await second.records('orders')).map(({ value }) => value).sort();
  expect(values).toEqual(['a', 'b', 'c']);
  await second.close();
  const again = await odradek('backup', data, copy);
  expect(again.code).toBe(1);
  expect(again.stderr).toContain('is there already: name another folder');
  const described = await odradek('backup', data, join(folder, 'other'), '--json');
  expect(JSON.parse(described.stdout)).toMatchObject({ path: join(folder, 'other') });
});

test('a folder that is no data directory is refused, and none is made of it', async () => {
  const folder = temporaryFolder();
  const missing = await odradek('backup', join(folder, 'typo'), join(folder, 'copy'));
  expect(missing.code).toBe(1);
  expect(missing.stderr).toContain('name an odradek data directory');
  expect(readdirSync(folder)).toEqual([]);
});

test('a program’s directory is copied while nothing has it open', async () => {
  const folder = temporaryFolder();
  const engine = await openEngine(join(folder, 'data'));
  const log = await engine.log('orders', { segmentBytes: 300 });
  for (let at = 0; at < 20; at++) await log.append({ value: `${at}` });
  await engine.close();
  const made = await odradek('backup', join(folder, 'data'), join(folder, 'copy'));
  expect(made.stdout).toMatch(/1 partition, .* of them as hard links\n$/);
});

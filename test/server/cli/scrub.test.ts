import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { DEFAULT_LOG_SETTINGS, openEngine } from '../../../engine/index.js';
import { batchOf } from '../../support/batches.js';
import { runCommand } from '../../support/spawn-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A data directory in use, with two logs of five records each. */
async function twoLogs(): Promise<string> {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  onTestFinished(() => engine.close());
  for (const name of ['orders', 'users']) {
    const log = await engine.log(name);
    for (let n = 0; n < 5; n++) await log.append({ value: `value ${n}` });
  }
  return root;
}

const scrub = (path: string) => runCommand(['scrub', path]);

test('a data directory that is in use is read, and what is damaged is named with the way out', async () => {
  const root = await twoLogs();
  expect(await scrub(root)).toEqual({
    code: 0,
    stdout: `${root}: 10 whole batches, 2 segments, 2 partitions, no damage\n`,
    stderr: '',
  });
  const folder = join(root, 'users-0');
  const path = join(folder, '00000000000000000000.log');
  const bytes = readFileSync(path);
  const at = (bytes.length / 5) * 2;
  bytes[at + 70]! ^= 1;
  writeFileSync(path, bytes);
  const lines = [
    `${path}: byte ${at} (offset 2): the checksum of a batch does not match its bytes; the next whole batch is at offset 3`,
    '  stop the broker, and restore the file from a copy; without one:',
    `  odradek repair-log ${folder} says what a repair would lose, and`,
    `  odradek repair-log ${folder} --execute does it`,
  ];
  expect(await scrub(root)).toEqual({
    code: 1,
    stdout: `${lines.join('\n')}\n${root}: 9 whole batches, 2 segments, 2 partitions, DAMAGED in 1 place\n`,
    stderr: '',
  });
  expect(await scrub(join(root, 'orders-0'))).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('5 whole batches, 1 segment, 1 partition, no damage'),
  });
});

test('a torn tail is no damage, as for a repair: the next start cuts it off', async () => {
  const root = await twoLogs();
  const path = join(root, 'users-0', '00000000000000000000.log');
  const { length } = readFileSync(path);
  appendFileSync(path, 'torn');
  expect(await scrub(root)).toEqual({
    code: 0,
    stdout:
      `${path}: byte ${length} (offset 5): the file ends inside the header of a batch; the next start cuts it off\n` +
      `${root}: 10 whole batches, 2 segments, 2 partitions, no damage\n`,
    stderr: '',
  });
});

test('an end below the checkpoint is damage', async () => {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const log = await engine.log('events');
  for (let n = 0; n < 5; n++) await log.append({ value: `value ${n}` });
  await engine.close();
  const path = join(root, 'events-0', '00000000000000000000.log');
  const { length } = readFileSync(path);
  truncateSync(path, length - 3);
  expect(await scrub(root)).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(
      `${path}: byte ${(length / 5) * 4} (offset 4): the log was durable up to offset 4: what follows is missing`,
    ),
  });
});

test.each(['damaged', 'missing'])(
  'a scrub says that it is half blind where catalog.mdb is %s, and that is damage',
  async (state) => {
    const root = temporaryFolder();
    const engine = await openEngine(root);
    const log = await engine.log('events');
    for (let n = 0; n < 5; n++) await log.append({ value: `value ${n}` });
    await engine.close();
    const catalog = join(root, 'catalog.mdb');
    if (state === 'missing') rmSync(catalog);
    else writeFileSync(catalog, 'x'.repeat(9000));
    expect(await scrub(root)).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(
        `${catalog} is ${state}: missing first and last segments cannot be told; run 'odradek catalog check ${root}'`,
      ),
    });
  },
);

test('what a crash has left below the log start is no damage, where only the catalog knows that', async () => {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const name = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };
  const log = await engine.openPartition(name, { ...DEFAULT_LOG_SETTINGS, retentionBytes: 0 });
  for (let n = 0; n < 12; n++) {
    if (n > 0 && n % 4 === 0) await log.maintenance.roll();
    await log.append(batchOf('value'));
  }
  const first = join(root, 'events-0', '00000000000000000000.log');
  const bytes = readFileSync(first);
  await log.maintenance.applyRetention();
  await engine.close();
  writeFileSync(first, bytes);
  expect(await scrub(root)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('no damage'),
  });
});

test('what is no folder of logs is refused, with what to name', async () => {
  const root = temporaryFolder();
  expect(await scrub(root)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('name an odradek data directory'),
  });
  expect(await scrub(join(root, 'none'))).toMatchObject({ code: 1 });
});

import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { odradek } from '../../support/cli-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** A directory with a log of five batches, and the file of its segment. */
async function place() {
  const root = temporaryFolder();
  const engine = await openEngine(root);
  const log = await engine.log('orders');
  for (let at = 0; at < 5; at++) {
    await log.append({ key: 'k', value: `${at}`, headers: { by: Buffer.of(0xff) } });
  }
  await engine.close();
  return { root, path: join(root, 'orders-0', '00000000000000000000.log') };
}

async function objects(...args: string[]): Promise<Record<string, unknown>[]> {
  const { stdout } = await odradek(...args, '--json');
  return stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('dump-log --json has each batch and record, then a summary', async () => {
  const { root, path } = await place();
  const found = await objects('dump-log', '--records', path);
  expect(found.map(({ kind }) => kind)).toEqual([
    ...Array.from({ length: 5 }, () => ['batch', 'record']).flat(),
    'summary',
  ]);
  expect(found[2]).toMatchObject({
    baseOffset: 1,
    recordCount: 1,
    crcMatches: true,
    problem: null,
  });
  expect(found[3]).toMatchObject({
    offset: 1,
    key: 'k',
    value: '1',
    headers: [{ key: 'by', valueBase64: '/w==' }],
  });
  expect(found.at(-1)).toMatchObject({ path, batches: 5, records: 5, damaged: 0 });
  const index = readdirSync(join(root, 'orders-0')).find((name) => name.endsWith('.index'));
  if (index !== undefined) {
    const entries = await objects('dump-log', join(root, 'orders-0', index));
    expect(entries.at(-1)).toMatchObject({ kind: 'summary', damaged: 0 });
  }
});

test('scrub --json and dump-log --json name damage, and what a crash has torn', async () => {
  const { root, path } = await place();
  const bytes = readFileSync(path);
  const size = bytes.length / 5;
  bytes[size + 70]! ^= 1;
  writeFileSync(path, bytes);
  expect(await objects('scrub', root)).toEqual([
    expect.objectContaining({ kind: 'damage', topic: 'orders', path, position: size, offset: 1 }),
    expect.objectContaining({ kind: 'summary', folder: root, batches: 4, damaged: 1 }),
  ]);
  appendFileSync(path, bytes.subarray(0, 40));
  const dumped = await objects('dump-log', path);
  expect(dumped[1]).toMatchObject({ kind: 'batch', crcMatches: false });
  expect(dumped.at(-2)).toMatchObject({ kind: 'damage', torn: true });
  expect(dumped.at(-1)).toMatchObject({ kind: 'summary', damaged: 2 });
  bytes[size + 70]! ^= 1;
  writeFileSync(path, Buffer.concat([bytes, bytes.subarray(0, 40)]));
  expect(await objects('scrub', root)).toEqual([
    expect.objectContaining({ kind: 'torn', path }),
    expect.objectContaining({ kind: 'summary', batches: 5, damaged: 0 }),
  ]);
});

test('catalog check --json ends with whether all is sound, and what to do', async () => {
  const { root } = await place();
  const sound = await objects('catalog', 'check', root);
  expect(sound.at(-1)).toMatchObject({ kind: 'summary', folder: root });
  writeFileSync(join(root, 'catalog.mdb'), 'garbage');
  const damaged = await objects('catalog', 'check', root);
  expect(damaged[0]).toMatchObject({ kind: 'finding' });
  expect(damaged.at(-1)).toMatchObject({ kind: 'summary', isSound: false });
});

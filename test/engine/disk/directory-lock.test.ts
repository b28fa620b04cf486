import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  type DirectoryLock,
  isLockFileName,
  lockDirectory,
  noLocker,
} from '../../../engine/disk/directory-lock.js';
import { native } from '../../../engine/disk/native.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const ways: [string, () => ReturnType<typeof native>][] = [
  ['flock', () => native()],
  ['a socket', () => null],
];

describe.each(ways)('a directory lock by %s', (way, calls) => {
  const lock = (root: string): Promise<DirectoryLock> => lockDirectory(root, calls());

  it('has one owner, and the second opener learns its pid', async () => {
    const root = temporaryFolder();
    const first = await lock(root);
    await expect(lock(root)).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      path: root,
      message: expect.stringContaining(`this process (pid ${process.pid})`),
    });
    await first.release();
    await first.release();
    const second = await lock(root);
    await expect(lock(root)).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    await second.release();
  });

  it('leaves only names that a data directory calls its own', async () => {
    const root = temporaryFolder();
    const held = await lock(root);
    expect(readFileSync(join(root, '.lock'), 'utf8')).toMatch(
      new RegExp(`^pid=${process.pid}\nstarted=\\d{4}-.*Z\nhost=.+\n$`),
    );
    const names = readdirSync(root);
    expect(names).toContain('.lock');
    expect(names.filter((name) => !isLockFileName(name))).toEqual([]);
    await held.release();
    expect(readFileSync(join(root, '.lock'), 'utf8')).toBe('');
  });

  it('has one winner among many that come at once', async () => {
    const root = temporaryFolder();
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => lock(root)));
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners.length).toBe(1);
    for (const winner of winners) await winner.value.release();
    const next = await lock(root);
    await next.release();
  });

  it('ends with its owner, however that ends', async () => {
    const root = temporaryFolder();
    const owner = spawn(process.execPath, ['-e', OWNER[way]!, root], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((resolve) => owner.stdout.once('data', resolve));
    writeFileSync(join(root, '.lock'), 'pid=4242\nstarted=2026-01-01T00:00:00.000Z\nhost=far\n');
    await expect(lock(root)).rejects.toMatchObject({
      code: 'DIRECTORY_LOCKED',
      message: expect.stringContaining('process 4242 on far, running since 2026-01-01'),
    });
    const ended = new Promise((resolve) => owner.once('exit', resolve));
    owner.kill('SIGKILL');
    await ended;
    const held = await lock(root);
    await held.release();
  });

  it('rejects for a folder that is not there', async () => {
    await expect(lock(join(temporaryFolder(), 'missing'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });

  it('works where the path is too long for a socket', async () => {
    const root = join(temporaryFolder(), 'long'.repeat(25), 'long'.repeat(25));
    mkdirSync(root, { recursive: true });
    const held = await lock(root);
    await expect(lock(root)).rejects.toMatchObject({ code: 'DIRECTORY_LOCKED' });
    await held.release();
    await (await lock(root)).release();
  });
});

/** Another program that owns a directory: it locks in the same way, says so, and waits. */
const OWNER: Record<string, string> = {
  flock: `
    const { openSync } = require('node:fs');
    const koffi = require(${JSON.stringify(createRequire(import.meta.url).resolve('koffi'))});
    const fd = openSync(process.argv[1] + '/.lock', 'a+');
    const flock = koffi.load(null).func('int flock(int, int)');
    process.stdout.write(String(flock(fd, 6)));
    setInterval(() => {}, 1000);`,
  'a socket': `
    const server = require('node:net').createServer((socket) => socket.destroy());
    server.listen(process.argv[1] + '/.lock.7.sock', () => process.stdout.write('0'));`,
};

it('a simulated directory can have any number of owners', async () => {
  const first = await noLocker.lock('/data');
  const second = await noLocker.lock('/data');
  await Promise.all([first.release(), second.release()]);
});

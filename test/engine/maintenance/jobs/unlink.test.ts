import { expect, test } from 'vitest';
import { unlinkFiles } from '../../../../engine/maintenance/jobs/unlink.js';
import { SimDisk } from '../../../support/sim-disk.js';

function diskWith(sizes: Record<string, number>): SimDisk {
  const disk = new SimDisk();
  disk.mkdirSync('/data');
  for (const [name, size] of Object.entries(sizes)) {
    disk.openSync(`/data/${name}`, 'create').writevSync([Buffer.alloc(size)], 0);
  }
  return disk;
}

test('files are gone, missing ones count for nothing, and the bytes are those that went', async () => {
  const disk = diskWith({ a: 10, b: 5, c: 1 });
  const paths = ['/data/a', '/data/none', '/data/b'];
  expect(await unlinkFiles(disk, { paths })).toEqual({ bytes: 15 });
  expect(await disk.readdir('/data')).toEqual(['c']);
  expect(await unlinkFiles(disk, { paths })).toEqual({ bytes: 0 });
});

test('a file that cannot be unlinked ends the job with the error of the disk', async () => {
  const disk = diskWith({ a: 10, b: 5, c: 1 });
  disk.failNext({ op: 'unlink', path: /b$/, code: 'EIO' });
  const paths = ['/data/a', '/data/b', '/data/c'];
  await expect(unlinkFiles(disk, { paths })).rejects.toMatchObject({ code: 'EIO' });
  expect((await disk.readdir('/data')).sort()).toEqual(['b', 'c']);
});

test('a file that vanishes under the job counts for nothing', async () => {
  const disk = diskWith({ a: 10, b: 5 });
  disk.failNext({ op: 'unlink', path: /a$/, code: 'ENOENT' });
  expect(await unlinkFiles(disk, { paths: ['/data/a', '/data/b'] })).toEqual({ bytes: 5 });
});

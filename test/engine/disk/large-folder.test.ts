import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import { LIMITS } from '../../../engine/limits.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

test('the names of a folder are all there, however many they are and in how many pieces they come', async () => {
  const folder = join(temporaryFolder(), 'large');
  mkdirSync(folder);
  const names: string[] = [];
  // Long names fill a folder with few files; some file systems tell another size, and then all come
  // at once.
  while (statSync(folder).size < LIMITS.folderAtOnceBytes && names.length < 3_000) {
    const name = String(names.length).padStart(240, 'x');
    writeFileSync(join(folder, name), '');
    names.push(name);
  }
  expect((await nodeDisk.readdir(folder)).sort()).toEqual(names.sort());
});

/**
 * Another writer on the same file system: `writer FOLDER` writes 50 MB/s into the page cache, to
 * new files, until it is ended.
 */
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const [folder = '.'] = process.argv.slice(2);
const CHUNK_BYTES = 1024 * 1024;
const CHUNKS_PER_FILE = 128;
const PERIOD_MS = 20;
const FILES_KEPT = 3;

const chunk = Buffer.alloc(CHUNK_BYTES, 3);
const pathOf = (number: number): string => join(folder, `other-${number}`);
let number = 0;
let file = openSync(pathOf(number), 'w');
let chunks = 0;

function write(): void {
  writeSync(file, chunk);
  if (++chunks < CHUNKS_PER_FILE) return;
  chunks = 0;
  closeSync(file);
  number++;
  file = openSync(pathOf(number), 'w');
  if (number >= FILES_KEPT) rmSync(pathOf(number - FILES_KEPT));
}

const ticking = setInterval(write, PERIOD_MS);
process.once('SIGTERM', () => {
  clearInterval(ticking);
  closeSync(file);
  for (let at = Math.max(0, number - FILES_KEPT); at <= number; at++) {
    rmSync(pathOf(at), { force: true });
  }
});

// What making N files durable costs: node sync-figures.mjs FOLDER
// Each round appends 16 KB to each of N files, then syncs them all; milliseconds per round, p50 and p99.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { nodeDisk } from '../../../dist/engine/index.js';

const ROUNDS = 60;
const BYTES = Buffer.alloc(16 * 1024, 1);
const folder = join(process.argv[2] ?? '.', 'sync-figures');

async function measure(files, sync) {
  const times = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const file of files) file.writevSync([BYTES], round * BYTES.length);
    const began = performance.now();
    await sync();
    times.push(performance.now() - began);
  }
  times.sort((a, b) => a - b);
  return [0.5, 0.99].map((part) => times[Math.floor(part * ROUNDS)].toFixed(2)).join(', ');
}

mkdirSync(folder);
try {
  for (const count of [1, 2, 4, 16, 64, 256]) {
    const files = [];
    for (let at = 0; at < count; at++) {
      files.push(nodeDisk.openSync(join(folder, `${count}-${at}`), 'create'));
    }
    await nodeDisk.syncDirectory(folder);
    const each = await measure(files, () => Promise.all(files.map((file) => file.datasync())));
    const all = await measure(files, () => nodeDisk.syncFileSystem?.(folder));
    process.stdout.write(`| ${count} | ${each} | ${all} |\n`);
    for (const file of files) await file.close();
  }
} finally {
  nodeDisk.releaseFileSystem?.(folder);
  rmSync(folder, { recursive: true });
}

import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { MemoryCatalog } from '../../engine/index.js';
import { LIMITS } from '../../engine/limits.js';
import { batchOf, readValues } from '../support/batches.js';
import { forwarding } from '../support/forwarding-disk.js';
import { killProcess, newWorld, openLog, openWorld, partition } from '../support/sim-engine.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const PROGRAM = fileURLToPath(new URL('./support/many-segments.mjs', import.meta.url));
const run = promisify(execFile);

describe.each([true, false])('recovery keeps few files open, syncfs: %s,', (syncFileSystem) => {
  test.each([
    [1, 200, 3 * LIMITS.recoveredFilesUnsyncedMax],
    [1, 100, 4],
    [8, 30, 10],
  ])('of %i logs with %i segments each, where %i may be open', async (logs, segments, max) => {
    const world = newWorld({ syncFileSystem });
    const engine = await openWorld(world);
    const settings = { flush: 'os', segmentBytes: 100 } as const;
    const names = Array.from({ length: logs }, (_, number) => partition(number));
    for (const name of names) {
      const log = await openLog(engine, settings, name);
      for (let at = 0; at < segments; at++) await log.append(batchOf(`${at}`.padEnd(40)));
    }
    // Without a checkpoint every segment lies behind it.
    const found = { ...killProcess(world), catalog: new MemoryCatalog() };
    let openMax = 0;
    const reopened = await openWorld(found, {
      descriptorsOpenMax: max,
      wrap: (disk) => ({
        ...forwarding(disk),
        openSync: (path, mode) => {
          const file = disk.openSync(path, mode);
          openMax = Math.max(openMax, disk.openCount);
          return file;
        },
      }),
    });
    const opened = await Promise.all(names.map((name) => openLog(reopened, settings, name)));
    // Beside those with unsynced bytes each log reads one, and has one more while it is closed.
    expect(openMax).toBeLessThanOrEqual(max + 3 * logs);
    for (const log of opened) expect((await readValues(log)).size).toBe(segments);
  });
});

test('a process that may have 100 files open recovers 300 segments', async () => {
  const directory = temporaryFolder();
  await run(process.execPath, [PROGRAM, directory, 'fill', '300']).catch((error) => {
    // It ends itself.
    expect(error).toMatchObject({ signal: 'SIGKILL' });
  });
  await rm(join(directory, 'catalog.mdb'));
  const open = `ulimit -n 100; exec "${process.execPath}" "${PROGRAM}" "${directory}" open`;
  const { stdout } = await run('sh', ['-c', open]);
  expect(stdout).toBe('300\n');
});

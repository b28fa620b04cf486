import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { openEngine } from '../../../engine/index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const WRITER = fileURLToPath(new URL('./writer.mjs', import.meta.url));

function startWriter(path: string): ChildProcess {
  const child = fork(WRITER, [path]);
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

/** Resolves once the writer has come to `end`. */
async function reaches(writer: ChildProcess, end: number): Promise<void> {
  for (;;) {
    const [reached] = (await once(writer, 'message')) as [number];
    if (reached >= end) return;
  }
}

test('a reader follows a writer through rolls, deletions, a kill and its restart', async () => {
  const path = temporaryFolder();
  let writer = startWriter(path);
  await reaches(writer, 1);
  const engine = await openEngine(path, { readOnly: true, pollIntervalMs: 1 });
  onTestFinished(() => engine.close());
  const log = await engine.log('events', { valueEncoding: 'utf8' });
  const wanted = 2500;
  let next = log.startOffset;
  let kills = 0;
  for await (const { offset, value } of log.follow({ from: next })) {
    // Nothing is left out, nothing comes twice, and each is what was appended there.
    expect([offset, value]).toEqual([next, `${next}`]);
    next++;
    if (kills < 3 && next > (kills + 1) * 500) {
      kills++;
      writer.kill('SIGKILL');
      await once(writer, 'exit');
      writer = startWriter(path);
      await reaches(writer, 1);
    }
    if (next % 50 === 0) writer.send(next);
    if (next >= wanted) break;
  }
  expect(kills).toBe(3);
  await log.flush();
  expect(log.startOffset).toBeGreaterThan(1000);
  writer.kill('SIGKILL');
});

test('a reader changes nothing: no file is made, written or locked', async () => {
  const path = temporaryFolder();
  const first = await openEngine(path);
  const log = await first.log('events', { segmentBytes: 40_000, indexIntervalBytes: 0 });
  const appended = Array.from({ length: 600 }, (_, at) => ({ value: `${at}` }));
  for (const event of appended) await log.append(event, { expectedOffset: log.endOffset });
  await first.close();
  // They are made again in memory, and not written.
  const folder = join(path, 'events-0');
  for (const name of readdirSync(folder)) if (/index$/.test(name)) rmSync(join(folder, name));
  const files = (): string[] =>
    (readdirSync(path, { recursive: true }) as string[]).sort().map((name) => {
      const { size, mtimeMs, ino } = statSync(join(path, name));
      return `${name} ${size} ${mtimeMs} ${ino}`;
    });
  const before = files();
  const engine = await openEngine(path, { readOnly: true });
  const read = await engine.log('events');
  let count = 0;
  for await (const _ of read.records({})) count++;
  for await (const _ of read.records({ reverse: true })) count++;
  await read.offsetForTimestamp(0);
  expect((await read.last())?.offset).toBe(599);
  await engine.close();
  expect(count).toBe(1200);
  expect(files()).toEqual(before);
});

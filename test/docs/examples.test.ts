import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const EXAMPLES = 'docs/examples';

const PRINTS: Readonly<Record<string, string | RegExp>> = {
  'chat-room.mjs': "bob heard [ 'ann: hello?', 'ann: well', 'bob: I am' ]",
  // Whoever reads first.
  'event-store.mjs': /^(Ann got 80\nBob|Bob got 80\nAnn) is refused: 20 are left\n$/,
  'export-range.mjs': 'exported from 2026-01-02; the newest is of 2026-01-03',
  'follower-across-restart.mjs': 'from 0 to 2: {"tea":3,"cake":1}\nfrom 2 to 4: {"tea":6,"cake":2}',
  'job-queue.mjs': [
    'first: wash',
    'first: dry',
    'first ends, 2 are left',
    'second: fold',
    'second: iron',
    'second ends, 0 are left',
  ].join('\n'),
  'key-value-state.mjs': '1 { dark: true, n: 3 } undefined',
  'large-payloads.mjs': 'film: 8000000 bytes, as they were sent',
  'publish-subscribe.mjs': [
    'early: rain, sun, good night',
    'another: rain, sun, good night',
    'late, from the start: rain, sun, good night',
    'late, from now: good night',
  ].join('\n'),
};

/** A project that has this build as a package. */
function project(): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(resolve('.'), join(folder, 'node_modules', 'odradek'));
  return folder;
}

describe('the examples', () => {
  test('are all run, and the page links to each', () => {
    const names = readdirSync(EXAMPLES).sort();
    expect(names).toEqual(Object.keys(PRINTS));
    const page = readFileSync('docs/embedding.md', 'utf8');
    expect(names.filter((name) => !page.includes(`(examples/${name})`))).toEqual([]);
  });

  test.each(Object.keys(PRINTS))('%s prints what it shows, and ends', (name) => {
    const cwd = project();
    copyFileSync(join(EXAMPLES, name), join(cwd, name));
    const { stdout, stderr, status } = spawnSync(process.execPath, [name], {
      cwd,
      encoding: 'utf8',
    });
    const prints = PRINTS[name]!;
    expect({ stdout, stderr, status }).toEqual({
      stdout: typeof prints === 'string' ? `${prints}\n` : expect.stringMatching(prints),
      stderr: '',
      status: 0,
    });
  });

  test('the exported file has the records of the range', () => {
    const cwd = project();
    copyFileSync(join(EXAMPLES, 'export-range.mjs'), join(cwd, 'export-range.mjs'));
    spawnSync(process.execPath, ['export-range.mjs'], { cwd });
    const lines = readFileSync(join(cwd, 'visits.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line).key)).toEqual(['2026-01-02', '2026-01-03']);
  });
});

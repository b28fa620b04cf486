import { existsSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { sourcesIn } from '../house/sources.js';

/** Between single backticks, without the text of code blocks. */
const NAMED = [
  ...readFileSync('docs/design.md', 'utf8')
    .replace(/```[\s\S]*?```/g, '')
    .matchAll(/`([^`]+)`/g),
].map(([, name]) => name!);

const PATHS = [...sourcesIn('engine'), ...sourcesIn('server')].map(({ path }) => path);

test('docs/design.md has every room, and every file that is in none', () => {
  const rooms = PATHS.map((path) => {
    const [house, room, file] = path.replace('engine/log/', 'log/').split('/');
    return house === 'log'
      ? `${room}${file === undefined ? '' : '/'}`
      : `${room}${file ? '/' : ''}`;
  });
  const missing = [...new Set(rooms)].filter((room) => !NAMED.includes(room));
  expect(missing).toEqual([]);
});

test('docs/design.md names no file that is not there', () => {
  const names = NAMED.filter((name) => /^[\w/-]+\.ts$/.test(name));
  const sources = new Set(PATHS.map((path) => posix.basename(path)));
  const tests = sourcesIn('test').map(({ path }) => path);
  const isThere = (name: string): boolean =>
    PATHS.some((path) => path === name || path.endsWith(`/${name}`)) ||
    existsSync(name) ||
    tests.some((path) => path.endsWith(`/${name}`));
  expect(sources.size).toBeGreaterThan(100);
  expect(names.filter((name) => !isThere(name))).toEqual([]);
});

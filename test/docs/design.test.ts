import { readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { expect, test } from 'vitest';
import { sourcesIn } from '../house/sources.js';

/** Between single backticks, without the text of code blocks. */
const NAMED = new Set(
  [
    ...readFileSync('docs/design.md', 'utf8')
      .replace(/```[\s\S]*?```/g, '')
      .matchAll(/`([^`]+)`/g),
  ].map(([, name]) => name!),
);
const BASENAMES = new Set([...NAMED].map((name) => posix.basename(name, '.ts')));

/**
 * Whether the map has a row for the file, or for its folder: the rooms of `engine/log` have none
 * that tells their files.
 */
function isMapped(path: string): boolean {
  if (BASENAMES.has(posix.basename(path, '.ts'))) return true;
  if (path.startsWith('engine/log/')) return false;
  const [, folder, file] = path.split('/');
  return file !== undefined && [`${folder}/`, `${folder}/<api>.ts`].some((row) => NAMED.has(row));
}

test('docs/design.md has every source, by its name or with its folder', () => {
  const paths = [...sourcesIn('engine'), ...sourcesIn('server')].map(({ path }) => path);
  expect(paths.filter((path) => !isMapped(path))).toEqual([]);
});

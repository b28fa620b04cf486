import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** Rows of the page's tables of faults and of rules. */
function rowsOf(): string[] {
  const page = readFileSync('docs/reliability.md', 'utf8');
  const tables = page.slice(
    page.indexOf('\n## What can fail'),
    page.indexOf('\n## What is served of a damaged log'),
  );
  return tables.split('\n').filter((line) => /^\| [^-]/.test(line));
}

/** Those without a folder are of `test/crash`. */
function namedTests(): string[] {
  const cells = rowsOf().map((row) => row.split(' | ').at(-1)!);
  const names = cells.flatMap((cell) =>
    [...cell.matchAll(/`([\w./-]+)`/g)].map(([, name]) => name!),
  );
  return names.map((name) => (name.startsWith('test/') ? name : `test/crash/${name}`));
}

test('docs/reliability.md names tests that are there', () => {
  const named = namedTests().filter((name) => name !== 'test/crash/');
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((name) => !existsSync(name) && !existsSync(`${name}.test.ts`))).toEqual([]);
});

test('docs/reliability.md names a fault or a rule once', () => {
  const firstCells = rowsOf().map((row) => row.split(' | ')[0]!);
  const named = firstCells.filter((cell) => !cell.startsWith('| …'));
  expect(named.filter((cell, at) => named.indexOf(cell) !== at)).toEqual([]);
});

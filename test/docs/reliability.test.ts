import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

/** The tests that the page's two tables name; those without a folder are of `test/crash`. */
function namedTests(): string[] {
  const page = readFileSync('docs/reliability.md', 'utf8');
  const tables = page.slice(
    page.indexOf('\n## What can fail'),
    page.indexOf('\n## What is served of a damaged log'),
  );
  const rows = tables.split('\n').filter((line) => line.startsWith('| '));
  const cells = rows.map((row) => row.split(' | ').at(-1)!);
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

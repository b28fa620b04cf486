import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('THIRD-PARTY-NOTICES has the licences of what the build put in', () => {
  // Otherwise `npm run docs:notices` makes it anew.
  const built = readFileSync('dist/THIRD-PARTY-NOTICES', 'utf8');
  expect(readFileSync('THIRD-PARTY-NOTICES', 'utf8')).toBe(built);
  expect(built.split(`\n${'-'.repeat(80)}\n`).length).toBeGreaterThan(20);
});

test('what is put in is in no list of what is installed beside it', () => {
  const { dependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const installed = Object.keys({ ...dependencies, ...optionalDependencies });
  const notices = readFileSync('THIRD-PARTY-NOTICES', 'utf8');
  expect(installed.filter((name) => notices.includes(`\n${name} `))).toEqual([]);
});

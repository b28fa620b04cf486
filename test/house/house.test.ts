import { expect, test } from 'vitest';
import { circlesOf } from './circles.js';
import { firstFloor, upwardImports } from './rooms.js';
import { type Source, sourcesIn } from './sources.js';

const house = [...sourcesIn('engine'), ...sourcesIn('server')];

const made = (imports: Record<string, string[]>): Source[] =>
  Object.entries(imports).map(([path, to]) => ({ path, text: '', imports: to }));

test('no file leads back to itself, by types either', () => {
  expect(circlesOf(house)).toEqual([]);
});

test('a circle is found whole, and once', () => {
  const imports = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: ['d'], f: ['a'] };
  expect(circlesOf(made(imports))).toEqual([
    ['d', 'e'],
    ['a', 'b', 'c'],
  ]);
});

test('rooms of engine/log import those below them, and nobody but the directory a log', () => {
  expect(upwardImports(house)).toEqual([]);
});

test('an import upward, or of a log, is found', () => {
  const imports = {
    'engine/log/log.ts': ['engine/log/read/read.ts'],
    'engine/log/partition-log.ts': ['engine/log/segments/segment.ts'],
    'engine/log/read/read.ts': ['engine/log/segments/segment.ts', 'engine/log/log.ts'],
    'engine/log/segments/segment.ts': ['engine/log/read/read.ts', 'engine/log/log-settings.ts'],
  };
  expect(upwardImports(made(imports))).toEqual([
    'engine/log/partition-log.ts → engine/log/segments/segment.ts',
    'engine/log/read/read.ts → engine/log/log.ts',
    'engine/log/segments/segment.ts → engine/log/read/read.ts',
  ]);
});

test('the first floor of engine/log is a list that one takes in', () => {
  expect(firstFloor(house).length).toBeLessThanOrEqual(12);
});

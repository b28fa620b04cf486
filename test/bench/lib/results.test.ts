import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Machine } from '../../../bench/lib/machine.js';
import {
  type DatedRow,
  lastRows,
  mergeRows,
  type RunRecord,
  readRuns,
  writeRun,
} from '../../../bench/lib/results.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

function row(id: string, reason: string): DatedRow {
  const dated = { date: '2026-01-01', commit: reason, seconds: 1 };
  return { id, title: id, conditions: {}, status: 'skipped', reason, ...dated };
}

function run(rows: DatedRow[], isSmoke = false): RunRecord {
  return { format: 1, suite: 'alone', isSmoke, command: '', machine: {} as Machine, rows };
}

test('rows that ran again replace their former selves in place, and new ones follow', () => {
  const merged = mergeRows([row('a', '1'), row('b', '1')], [row('c', '2'), row('a', '2')]);
  expect(merged.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(merged[0]).toMatchObject({ reason: '2' });
});

test('a run keeps the rows of the suite that it has not reached, in the order of the suite', () => {
  const folder = temporaryFolder();
  writeRun(run([row('b', '1'), row('no more', '1')]), { folder, partOf: ['b', 'no more'] });
  writeRun(run([row('a', '2')]), { folder, partOf: ['a', 'b'] });
  expect(readRuns(folder)[0]!.rows).toEqual([row('a', '2'), row('b', '1')]);
  expect(lastRows('alone', false, folder)).toEqual([row('a', '2'), row('b', '1')]);
  expect(lastRows('kafka', false, folder)).toEqual([]);
});

test('the figures of a smoke run are never read for a report', () => {
  const folder = temporaryFolder();
  const path = writeRun(run([row('a', '1')], true), { folder, partOf: ['a'] });
  expect(existsSync(path)).toBe(true);
  expect(readRuns(folder)).toEqual([]);
  expect(readRuns(`${folder}/none`)).toEqual([]);
});

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import { BENCH } from './paths.js';
import type { RowResult } from './row.js';
import type { TimedRow } from './runner.js';

/**
 * A row with when it was measured, and of which commit: rows of one file may be of several runs.
 */
export type DatedRow = TimedRow & { readonly date: string; readonly commit: string };

/** One run of a suite, as its JSON file holds it. */
export interface RunRecord {
  readonly format: 1;
  readonly suite: string;
  readonly isSmoke: boolean;
  readonly command: string;
  readonly machine: Machine;
  readonly rows: readonly DatedRow[];
}

/** Where runs are kept. Files in it are committed when their figures are published. */
export const RESULTS = join(BENCH, 'results');

export interface WriteRunOptions {
  /**
   * Ids of the rows that the suite has. Of those that did not run (yet), what the file has is kept.
   */
  readonly partOf: readonly string[];
  readonly folder?: string;
}

/**
 * Writes `<suite>.json`, or `<suite>.smoke.json`: its rows over those of the run before, in the
 * suite's order. Returns its path.
 */
export function writeRun(run: RunRecord, { partOf, folder = RESULTS }: WriteRunOptions): string {
  mkdirSync(folder, { recursive: true });
  const path = pathOf(folder, run.suite, run.isSmoke);
  const merged = mergeRows(readRows(path), run.rows);
  const rows = partOf.flatMap((id) => merged.find((row) => row.id === id) ?? []);
  const partial = `${path}.${process.pid}`;
  writeFileSync(partial, `${JSON.stringify({ ...run, rows }, null, 1)}\n`);
  renameSync(partial, path);
  return path;
}

/** The rows of a suite as they were measured last; none before its first run. */
export function lastRows(suite: string, isSmoke: boolean, folder = RESULTS): readonly DatedRow[] {
  return readRows(pathOf(folder, suite, isSmoke));
}

function pathOf(folder: string, suite: string, isSmoke: boolean): string {
  return join(folder, `${suite}${isSmoke ? '.smoke' : ''}.json`);
}

function readRows(path: string): readonly DatedRow[] {
  return existsSync(path) ? readRun(path).rows : [];
}

/** The runs that may be published: no smoke. In the order of their suites' names. */
export function readRuns(folder = RESULTS): RunRecord[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.json') && !name.endsWith('.smoke.json'))
    .sort()
    .map((name) => readRun(join(folder, name)));
}

function readRun(path: string): RunRecord {
  return JSON.parse(readFileSync(path, 'utf8')) as RunRecord;
}

/**
 * A run in which rows of another one replace those with the same id, so that single rows can be run
 * again.
 */
export function mergeRows<R extends RowResult>(before: readonly R[], again: readonly R[]): R[] {
  const replaced = new Map(again.map((row) => [row.id, row]));
  const merged = before.map((row) => {
    const newer = replaced.get(row.id);
    replaced.delete(row.id);
    return newer ?? row;
  });
  return [...merged, ...replaced.values()];
}

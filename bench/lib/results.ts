import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.js';
import { BENCH } from './paths.js';
import type { RowResult } from './row.js';

/** A row with when it was measured, and of which commit: rows of one file may be of several runs. */
export type DatedRow = RowResult & { readonly date: string; readonly commit: string };

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
  /** Ids of the rows that the suite has. Only some of them ran; what the file has of the others is kept. Without it, the run is whole. */
  readonly partOf?: readonly string[];
  readonly folder?: string;
}

/** Writes `<suite>.json`, or `<suite>.smoke.json`, over the run before. Returns its path. */
export function writeRun(
  run: RunRecord,
  { partOf, folder = RESULTS }: WriteRunOptions = {},
): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${run.suite}${run.isSmoke ? '.smoke' : ''}.json`);
  const before = partOf && existsSync(path) ? readRun(path).rows : [];
  const kept = before.filter(({ id }) => partOf?.includes(id));
  const whole = { ...run, rows: mergeRows(kept, run.rows) };
  writeFileSync(path, `${JSON.stringify(whole, null, 1)}\n`);
  return path;
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

/** A run in which rows of another one replace those with the same id, so that single rows can be run again. */
export function mergeRows<R extends RowResult>(before: readonly R[], again: readonly R[]): R[] {
  const replaced = new Map(again.map((row) => [row.id, row]));
  const merged = before.map((row) => {
    const newer = replaced.get(row.id);
    replaced.delete(row.id);
    return newer ?? row;
  });
  return [...merged, ...replaced.values()];
}

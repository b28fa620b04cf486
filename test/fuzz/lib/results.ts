import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { RangeOfTarget } from './run-child.js';
import type { Finding } from './run-target.js';

/** One line a range of inputs that was fed. */
const RESULTS = resolve('docs/soak/fuzz.jsonl');
/** What was found and is not yet understood; it goes to `found/` with its mending. */
const FRESH = resolve('dist/fuzz-found');

export interface ResultLine extends RangeOfTarget {
  readonly commit: string;
  readonly seconds: number;
  /** `ok`, or what was found. */
  readonly result: unknown;
}

/** Something that an input broke, as a file. */
export interface FoundFile {
  readonly target: string;
  readonly what: string;
  readonly seed: number;
  readonly index: number;
  /** In hex, in the order in which they were fed. */
  readonly inputs: readonly string[];
}

export function appendResult(line: ResultLine): void {
  mkdirSync(resolve('docs/soak'), { recursive: true });
  appendFileSync(RESULTS, `${JSON.stringify(line)}\n`);
}

/**
 * How many inputs of a target broke nothing, without a gap from the first one on, with this seed.
 */
export function fedSoFar(target: string, seed: number): number {
  if (!existsSync(RESULTS)) return 0;
  const lines = readFileSync(RESULTS, 'utf8').trimEnd().split('\n');
  return lines
    .map((line) => JSON.parse(line) as ResultLine)
    .filter((line) => line.target === target && line.seed === seed && line.result === 'ok')
    .sort((a, b) => a.from - b.from)
    .reduce((end, { from, count }) => (from <= end ? Math.max(end, from + count) : end), 0);
}

/** Writes a finding to a file, and returns its path. */
export function keepFinding({ target, seed }: RangeOfTarget, finding: Finding): string {
  mkdirSync(FRESH, { recursive: true });
  const { index, inputs } = finding;
  const name = createHash('sha256').update(finding.error).digest('hex').slice(0, 8);
  const path = join(FRESH, `${target}-${name}.json`);
  const file: FoundFile = { target, what: finding.error, seed, index, inputs };
  writeFileSync(path, `${JSON.stringify(file, null, 1)}\n`);
  return path;
}

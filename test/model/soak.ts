import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';

export interface Soak {
  /** Name of the file below `docs/soak/` that gets a line. */
  readonly results: string;
  /** How many there are, unless `ODRADEK_SOAK_SEQUENCES` says so. */
  readonly sequences: number;
  /** Behind those of the test suite. */
  readonly firstSeed: number;
  /** What is to be counted of a sequence, by name; rejects when it went wrong. */
  run(seed: number): Promise<Readonly<Record<string, number>>>;
}

/**
 * Runs sequences with seeds that no run has used, notes the outcome, and returns the seeds that
 * failed with the first of their errors.
 */
export async function soak({ results, sequences, firstSeed: lowest, run }: Soak): Promise<{
  failedSeeds: readonly number[];
  failure: unknown;
}> {
  const path = new URL(`../../docs/soak/${results}`, import.meta.url);
  const count = Number(process.env.ODRADEK_SOAK_SEQUENCES ?? sequences);
  const firstSeed = nextSeed(path) ?? lowest;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const began = new Date();
  const failedSeeds: number[] = [];
  const counts: Record<string, number> = {};
  let failure: unknown = null;
  for (let seed = firstSeed; seed < firstSeed + count; seed++) {
    try {
      for (const [name, value] of Object.entries(await run(seed))) {
        counts[name] = (counts[name] ?? 0) + value;
      }
    } catch (error) {
      failedSeeds.push(seed);
      failure ??= error;
    }
  }
  const seconds = Math.round((Date.now() - began.getTime()) / 1000);
  const result = failure === null ? 'ok' : failedSeeds;
  const line = { firstSeed, commit, began: began.toISOString(), sequences: count };
  mkdirSync(new URL('.', path), { recursive: true });
  appendFileSync(path, `${JSON.stringify({ ...line, seconds, ...counts, result })}\n`);
  return { failedSeeds, failure };
}

/** Goes on behind the last seed that was tried. */
function nextSeed(path: URL): number | null {
  const last = existsSync(path) && readFileSync(path, 'utf8').trimEnd().split('\n').at(-1);
  if (!last) return null;
  const { firstSeed, sequences } = JSON.parse(last) as { firstSeed: number; sequences: number };
  return firstSeed + sequences;
}

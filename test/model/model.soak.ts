import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { runSeed } from './run-seed.js';

const RESULTS = new URL('../../docs/soak/model.jsonl', import.meta.url);
const SEQUENCES = Number(process.env.ODRADEK_SOAK_SEQUENCES ?? 100_000);
/** Behind those of the test suite. */
const FIRST_SEED = 100_000;

/** Goes on behind the last seed that was tried. */
function nextSeed(): number {
  const last = existsSync(RESULTS) && readFileSync(RESULTS, 'utf8').trimEnd().split('\n').at(-1);
  if (!last) return FIRST_SEED;
  const { firstSeed, sequences } = JSON.parse(last) as { firstSeed: number; sequences: number };
  return firstSeed + sequences;
}

test('a soak of random sequences', async () => {
  const firstSeed = nextSeed();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const began = new Date();
  const failedSeeds: number[] = [];
  let lostPages = 0;
  let failure: unknown = null;
  for (let seed = firstSeed; seed < firstSeed + SEQUENCES; seed++) {
    try {
      if ((await runSeed(seed)) === 'lost-page') lostPages++;
    } catch (error) {
      failedSeeds.push(seed);
      failure ??= error;
    }
  }
  const seconds = Math.round((Date.now() - began.getTime()) / 1000);
  const result = failure === null ? 'ok' : failedSeeds;
  const line = { firstSeed, commit, began: began.toISOString(), sequences: SEQUENCES };
  mkdirSync(new URL('.', RESULTS), { recursive: true });
  appendFileSync(RESULTS, `${JSON.stringify({ ...line, seconds, lostPages, result })}\n`);
  if (failure !== null) throw failure;
  expect(failedSeeds).toEqual([]);
});

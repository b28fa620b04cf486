import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { seededRandom } from '../../engine/index.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Acknowledged, startAppender, verifyDirectory } from './support/appender.js';

const RESULTS = new URL('../../docs/soak/crash.jsonl', import.meta.url);
const ROUNDS = Number(process.env.ODRADEK_SOAK_ROUNDS ?? 200);
const NUMBERS_PER_ROUND = 1_000_000;

/** Goes on behind the last seed that was tried. */
function nextSeed(): number {
  if (!existsSync(RESULTS)) return 1;
  const last = readFileSync(RESULTS, 'utf8').trimEnd().split('\n').at(-1);
  return last ? (JSON.parse(last) as { seed: number }).seed + 1 : 1;
}

test('a soak of kills', async () => {
  const seed = nextSeed();
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const began = new Date();
  const directory = temporaryFolder();
  const random = seededRandom(seed);
  const acknowledged: Acknowledged = new Map();
  let round = 0;
  let records = 0;
  let failure: unknown = null;
  try {
    for (; round < ROUNDS; round++) {
      const firstNumber = round * NUMBERS_PER_ROUND;
      const appender = startAppender(directory, { flush: 'ack', seed, firstNumber }, acknowledged);
      await appender.reached(1 + Math.floor(random.next() * 600));
      await appender.kill();
      const found = await verifyDirectory(directory, 'ack', acknowledged);
      expect(found.lost).toBe(0);
      records = found.records;
    }
  } catch (error) {
    failure = error;
  }
  const result = failure === null ? 'ok' : String(failure);
  const line = { seed, commit, began: began.toISOString(), rounds: round, records, result };
  mkdirSync(new URL('.', RESULTS), { recursive: true });
  appendFileSync(RESULTS, `${JSON.stringify(line)}\n`);
  expect(result).toBe('ok');
});

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../support/temporary-folder.js';

const RESULTS = new URL('../../docs/soak/clients.jsonl', import.meta.url);
const ROUNDS = Number(process.env.ODRADEK_SOAK_ROUNDS ?? 20);

/** What is read of a report of vitest. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[];
  }[];
}

function commit(): string {
  return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
}

/** Rounds are numbered on from those that are written down. */
function nextRound(): number {
  if (!existsSync(RESULTS)) return 1;
  const last = readFileSync(RESULTS, 'utf8').trimEnd().split('\n').at(-1);
  return last ? (JSON.parse(last) as { round: number }).round + 1 : 1;
}

async function runAll(reportFile: string): Promise<Report> {
  const args = ['run', '--config', 'test/clients/all.config.ts'];
  const reporter = ['--reporter=json', `--outputFile=${reportFile}`];
  // Not as a worker of this run, which it would take itself for.
  const { VITEST: _, VITEST_WORKER_ID: __, VITEST_POOL_ID: ___, ...env } = process.env;
  const vitest = join('node_modules', 'vitest', 'vitest.mjs');
  const child = spawn(process.execPath, [vitest, ...args, ...reporter], { env, stdio: 'ignore' });
  await once(child, 'close');
  return JSON.parse(readFileSync(reportFile, 'utf8')) as Report;
}

function failuresIn({ testResults }: Report): string[] {
  return testResults.flatMap(({ name, message, assertionResults }) => [
    ...(message === '' ? [] : [`${name}: ${message}`]),
    ...assertionResults.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName),
  ]);
}

test('the scenarios of every client, many times in a row', async () => {
  const folder = temporaryFolder();
  const first = nextRound();
  for (let round = first; round < first + ROUNDS; round++) {
    const began = new Date();
    const report = await runAll(join(folder, `${round}.json`));
    const failures = failuresIn(report);
    const line = {
      round,
      commit: commit(),
      began: began.toISOString(),
      seconds: Math.round((Date.now() - began.getTime()) / 1000),
      passed: report.numPassedTests,
      result: failures.length === 0 ? 'ok' : failures,
    };
    mkdirSync(new URL('.', RESULTS), { recursive: true });
    appendFileSync(RESULTS, `${JSON.stringify(line)}\n`);
    expect(failures).toEqual([]);
  }
});

/**
 * The command behind `npm run bench`, `bench:kafka` and `bench:micro`. `--help` says what it takes.
 */
import { cpus, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { cleanUpAtExit } from './lib/children.js';
import { createRunFolder, FULL, type Scale, SMOKE } from './lib/context.js';
import { needCores } from './lib/driver.js';
import { estimateSeconds, formatSeconds } from './lib/estimate.js';
import { describeMachine, touchFreeMemory } from './lib/machine.js';
import { NoFigure } from './lib/outcome.js';
import { stopPageReporting } from './lib/page-reporting.js';
import { lastRows, type RunRecord, writeRun } from './lib/results.js';
import { type RowPlan, runRows } from './lib/runner.js';
import { formatRow } from './lib/table.js';
import { profile } from './profile/profile.js';
import { report } from './report/report.js';
import { isSuite, SUITES } from './suites.js';

const HELP = `npm run bench -- [SUITE] [options]      figures go to the terminal and to bench/results/
npm run bench -- report                   docs/benchmarks.md, its appendix and pictures, from bench/results/
npm run bench -- profile produce|fetch    where the broker's time goes: a flame picture and the costliest functions

suites: ${Object.keys(SUITES).join(', ')}

  --smoke          every row end to end with tiny slices; its figures mean nothing
  --only TEXT      the row with that id, or those whose id contains it; more than one: A,B
  --pairs N        slices of each side in a row (default 15; with fewer a row says so)
  --resume         leave out rows that the last run of this commit has measured
  --list           say which rows there are
  --data FOLDER    the file system to measure (default: the folder for temporary files)
  --no-touch       do not touch the machine's free memory first
`;

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      pairs: { type: 'string' },
      resume: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      data: { type: 'string', default: tmpdir() },
      'no-touch': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const [suite = 'alone', argument = ''] = positionals;
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  if (suite === 'report') return report(say);
  if (!isSuite(suite) && suite !== 'profile') {
    say(`there is no suite "${suite}"; there are: ${Object.keys(SUITES).join(', ')}`);
    return 2;
  }
  const scale = withPairs(values.smoke ? SMOKE : FULL, values.pairs);
  if (scale === null) {
    say('--pairs takes a whole number above 0');
    return 2;
  }
  if (isSuite(suite) && values.list) {
    for (const { id, title } of SUITES[suite]) process.stdout.write(`${id}  ${title}\n`);
    return 0;
  }
  needCores(cpus().length);
  const runFolder = createRunFolder(values.data);
  const pageReporting = stopPageReporting();
  say(`free page reporting: ${pageReporting}`);
  if (!values.smoke && !values['no-touch']) {
    const touched = touchFreeMemory(runFolder);
    say(`touched ${(touched / 1e9).toFixed(1)} GB of memory`);
  }
  const machine = describeMachine(values.data, pageReporting);
  const { date, commit } = machine;
  if (!isSuite(suite)) return profile(argument, { runFolder, scale, say, commit });

  const all: readonly RowPlan[] = SUITES[suite];
  const before = lastRows(suite, values.smoke);
  const isDone = (id: string): boolean =>
    before.some((row) => row.id === id && row.status === 'measured' && row.commit === commit);
  const plans = chosen(all, values.only.split(',')).filter(
    ({ id }) => !(values.resume && isDone(id)),
  );
  const command = `npm run bench -- ${process.argv.slice(2).join(' ')}`.trim();
  const run = { format: 1, suite, isSmoke: values.smoke, command, machine } as const;
  const done: RunRecord['rows'][number][] = [];
  const partOf = all.map(({ id }) => id);
  const estimate = estimateSeconds(plans, scale, before);
  say(`${plans.length} rows, about ${formatSeconds(estimate)}`);
  const rows = await runRows(plans, {
    runFolder,
    scale,
    say,
    onRow: (row) => {
      process.stdout.write(`${formatRow(row)}\n\n`);
      done.push({ ...row, date, commit });
      writeRun({ ...run, rows: done }, { partOf });
    },
  });
  if (rows.length > 0) say(`written to ${writeRun({ ...run, rows: done }, { partOf })}`);
  const empty = rows.filter(({ status }) => status !== 'measured');
  say(`${rows.length - empty.length} rows measured, ${empty.length} void or skipped`);
  return 0;
}

/**
 * By each text the row that has it for an id; without one, those that have it in theirs and need
 * not be named.
 */
function chosen(plans: readonly RowPlan[], texts: readonly string[]): RowPlan[] {
  const ids = new Set(plans.map(({ id }) => id));
  return plans.filter(({ id, onlyIfNamed }) =>
    texts.some((text) => (ids.has(text) || onlyIfNamed ? id === text : id.includes(text))),
  );
}

/** Null for what is no number of pairs. */
function withPairs(scale: Scale, text: string | undefined): Scale | null {
  if (text === undefined) return scale;
  const pairs = Number(text);
  return Number.isInteger(pairs) && pairs > 0 ? { ...scale, pairs } : null;
}

cleanUpAtExit();
try {
  process.exitCode = await main();
} catch (error) {
  const isFault = !(error instanceof NoFigure) && !hasCode(error);
  say(isFault ? String((error as Error).stack ?? error) : (error as Error).message);
  process.exitCode = 1;
}

/** Errors of the system and of `parseArgs`, whose message says enough. */
function hasCode(error: unknown): boolean {
  return typeof (error as { code?: unknown }).code === 'string';
}

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../lib/paths.js';
import { RESULTS, type RunRecord, readRuns } from '../lib/results.js';
import type { MeasuredRow } from '../lib/row.js';
import { besideKafkaPicture } from './beside-kafka.js';
import { readCauses } from './causes.js';
import { curvePicture, curvesOf, formatCurve } from './curves.js';
import { formatGoals } from './goals.js';
import { formatRun, formatShortfalls, replaceFigures } from './markdown.js';
import { barPicture, ratioPicture } from './pictures.js';
import { formatProfiles, readProfiles } from './profiles.js';
import { formatSummary } from './summary.js';

/** For readers: one table. */
const PAGE = join(PROJECT, 'docs', 'benchmarks.md');
const PICTURES = join(PROJECT, 'docs', 'benchmarks');
/** Its appendix: every row, beside the pictures. */
const APPENDIX = join(PICTURES, 'figures.md');
/** What the README shows. */
const FRONT_PICTURE = join(PICTURES, 'beside-kafka.svg');

/**
 * Writes the figures of `bench/results/` into the page and its appendix, and their pictures beside
 * that. Returns the exit code.
 */
export function report(say: (line: string) => void): number {
  const runs = readRuns();
  if (runs.length === 0) {
    say('there are no figures in bench/results/: run "npm run bench" first (a smoke run has none)');
    return 1;
  }
  mkdirSync(PICTURES, { recursive: true });
  const causes = readCauses(join(RESULTS, 'causes.md'));
  const sections = [
    formatShortfalls(runs, causes),
    formatGoals(runs),
    ...runs
      .filter(({ suite }) => !isCurves(suite))
      .map((run) => formatRun(run, causes, drawPictures(run))),
    ...formatCurves(runs.filter(({ suite }) => isCurves(suite))),
    formatProfiles(readProfiles(), causes) ?? [],
  ].flat();
  writeFigures(PAGE, formatSummary(runs));
  writeFigures(APPENDIX, sections.join('\n\n'));
  const front = besideKafkaPicture(runs.flatMap(measuredRows));
  if (front !== null) writeFileSync(FRONT_PICTURE, front);
  say(`written: ${PAGE}, ${APPENDIX} and its pictures`);
  return 0;
}

function writeFigures(page: string, figures: string): void {
  writeFileSync(page, replaceFigures(readFileSync(page, 'utf8'), figures));
}

function isCurves(suite: string): boolean {
  return suite.startsWith('curves');
}

/** All curves with their pictures, those of both systems on the same axes. */
function formatCurves(runs: readonly RunRecord[]): string[] {
  const curves = curvesOf(runs);
  if (curves.length === 0) return [];
  const where = runs.map(
    ({ command, machine }) =>
      `\`${command}\` on ${machine.date.slice(0, 10)}, commit ${machine.commit}`,
  );
  return [
    '## Cost curves',
    `${where.join('; ')}. Points are medians; a slope of 0 is a cost that does not grow, 1 one that grows in proportion, with the 95 % interval that the scatter around the line leaves.`,
    ...curves.flatMap((curve) => {
      const svg = curvePicture(curve);
      const shown: string[] = [];
      if (svg !== null) {
        writeFileSync(join(PICTURES, `curve-${curve.name}.svg`), svg);
        shown.push(`![By ${curve.name}](curve-${curve.name}.svg)`);
      }
      return [...shown, formatCurve(curve)];
    }),
  ];
}

/** Writes the pictures of a run and returns how the page shows them. */
function drawPictures(run: RunRecord): string[] {
  return picturesOf(run).map(([name, title, svg]) => {
    writeFileSync(join(PICTURES, name), svg);
    return `![${title}](${name})`;
  });
}

function measuredRows({ rows }: RunRecord): MeasuredRow[] {
  return rows.flatMap((row) => (row.status === 'measured' ? [row] : []));
}

function picturesOf(run: RunRecord): [name: string, title: string, svg: string][] {
  const { suite } = run;
  const measured = measuredRows(run);
  const asked = measured.filter(({ compared }) => compared.some(({ threshold }) => threshold));
  const ratios = 'Ratios of which something is asked (dashed), with their 95 % intervals';
  const all: [string, string, string | null][] = [
    [`${suite}-ratios.svg`, ratios, ratioPicture(ratios, asked)],
    [
      `${suite}-throughput.svg`,
      'MB/s',
      barPicture('MB/s, each row on a scale of its own: more is better', 'throughputMBs', measured),
    ],
    [
      `${suite}-cpu.svg`,
      'CPU seconds per GB',
      barPicture(
        'CPU seconds per GB, each row on a scale of its own: less is better',
        'cpuSPerGB',
        measured,
      ),
    ],
  ];
  return all.filter((made): made is [string, string, string] => made[2] !== null);
}

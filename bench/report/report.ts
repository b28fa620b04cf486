import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT } from '../lib/paths.js';
import { type RunRecord, readRuns } from '../lib/results.js';
import type { MeasuredRow } from '../lib/row.js';
import { formatRun, replaceFigures } from './markdown.js';
import { barPicture, ratioPicture } from './pictures.js';

const PAGE = join(PROJECT, 'docs', 'benchmarks.md');
const PICTURES = join(PROJECT, 'docs', 'benchmarks');

/** Writes the figures of `bench/results/` into the page, and their pictures beside it. Returns the exit code. */
export function report(say: (line: string) => void): number {
  const runs = readRuns();
  if (runs.length === 0) {
    say('there are no figures in bench/results/: run "npm run bench" first (a smoke run has none)');
    return 1;
  }
  mkdirSync(PICTURES, { recursive: true });
  const sections = runs.map((run) => {
    const pictures = picturesOf(run).map(([name, svg]) => {
      writeFileSync(join(PICTURES, name), svg);
      return `![${name.replace('.svg', '')}](benchmarks/${name})`;
    });
    const [head, ...rest] = formatRun(run).split('\n\n');
    return [head, ...pictures, ...rest].join('\n\n');
  });
  writeFileSync(PAGE, replaceFigures(readFileSync(PAGE, 'utf8'), sections.join('\n\n')));
  say(`written: ${PAGE} and its pictures in ${PICTURES}`);
  return 0;
}

function picturesOf({ suite, rows }: RunRecord): [name: string, svg: string][] {
  const measured = rows.flatMap((row): MeasuredRow[] => (row.status === 'measured' ? [row] : []));
  const wanted = measured.filter(({ compared }) => compared.some(({ threshold }) => threshold));
  const all: [string, string | null][] = [
    [
      `${suite}-ratios.svg`,
      ratioPicture(`${suite}: ratios with a threshold (dashed), 95 % intervals`, wanted),
    ],
    [`${suite}-throughput.svg`, barPicture(`${suite}: MB/s`, 'throughputMBs', measured)],
    [`${suite}-cpu.svg`, barPicture(`${suite}: CPU-s/GB`, 'cpuSPerGB', measured)],
  ];
  return all.filter((made): made is [string, string] => made[1] !== null);
}

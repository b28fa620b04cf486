import { FULL } from '../lib/context.js';
import { labelOf } from '../lib/metrics.js';
import type { DatedRow, RunRecord } from '../lib/results.js';
import type { MeasuredRow, RowResult } from '../lib/row.js';
import type { Verdict } from '../lib/statistics.js';
import { figureLines, formatConditions, formatRatio, formatThreshold } from '../lib/table.js';
import type { Causes } from './causes.js';

export const BEGIN = '<!-- figures: begin (written by "npm run bench -- report") -->';
export const END = '<!-- figures: end -->';

/** The page with its figures replaced. Throws when the marks are missing. */
export function replaceFigures(page: string, figures: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" … "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

/** What a suite is about, as its heading. */
const HEADINGS: Readonly<Record<string, string>> = {
  alone: 'Odradek and the floors',
  kafka: 'Beside Apache Kafka',
  stores: 'The engine beside embedded stores',
  micro: 'Small pieces of work',
};

/** A run as it stands in the page: where and how, the verdicts, then every row. */
export function formatRun(
  { suite, command, machine, rows }: RunRecord,
  causes: Causes,
  pictures: readonly string[] = [],
): string {
  const { cpu, cores, memoryBytes, kernel, node, fileSystem, pageReporting, commit, date } =
    machine;
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  return [
    `## ${HEADINGS[suite] ?? suite}`,
    `\`${command}\` on ${date.slice(0, 10)}, commit ${commit}: ${cpu}, ${cores} cores, ${memory}, ${fileSystem}, Linux ${kernel}, Node ${node}. Free page reporting: ${pageReporting}.`,
    ...pictures,
    formatVerdicts(rows),
    ...rows.map((row) => formatRow(row, commit, causes)),
  ].join('\n\n');
}

/** One thing that was asked of a row, and what became of it. */
export interface Asked {
  readonly row: RowResult;
  readonly what: string;
  readonly wanted: string;
  readonly found: string;
  readonly verdict: Verdict | 'no figure';
}

export function askedOf(row: RowResult): Asked[] {
  if (row.status !== 'measured')
    return [{ row, what: row.status, wanted: '', found: '', verdict: 'no figure' }];
  const ratios = row.compared.flatMap(({ metric, theirs, threshold, ratio, verdict }): Asked[] =>
    threshold
      ? [
          {
            row,
            what: `${labelOf(metric)} beside ${theirs}`,
            wanted: formatThreshold(threshold),
            found: ratio ? formatRatio(ratio) : '-',
            verdict: verdict ?? 'no figure',
          },
        ]
      : [],
  );
  const bounds = row.bounds.map(
    ({ metric, side, threshold, verdict }): Asked => ({
      row,
      what: `${labelOf(metric)} of ${side}`,
      wanted: formatThreshold(threshold),
      found: medianOf(row, side, metric),
      verdict,
    }),
  );
  return [...ratios, ...bounds];
}

export const WORST_FIRST = ['fail', 'median-only', 'no figure', 'pass'];

/** What was asked of the rows and what became of it; what falls short first. */
export function formatVerdicts(rows: readonly RowResult[]): string {
  const asked = rows
    .flatMap(askedOf)
    .sort((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict));
  if (asked.length === 0) return 'Nothing is asked of the rows of this suite.';
  return [
    '| row | what | wanted | found | verdict |',
    '| --- | --- | --- | --- | --- |',
    ...asked.map(
      ({ row, what, wanted, found, verdict }) =>
        `| ${row.id} | ${what} | ${wanted} | ${found} | ${verdict === 'pass' ? verdict : `**${verdict}**`} |`,
    ),
  ].join('\n');
}

const NO_CAUSE = 'The cause has not been found yet.';

/** Everything of all runs that is no pass, with its cause. */
export function formatShortfalls(runs: readonly RunRecord[], causes: Causes): string {
  const rows = runs.flatMap((run) => run.rows);
  const entries = rows.flatMap((row) => {
    const short = askedOf(row).filter(({ verdict }) => verdict !== 'pass');
    if (short.length === 0) return [];
    const figures = short.map(({ what, wanted, found, verdict }) =>
      row.status === 'measured'
        ? `${what}: ${found}, wanted ${wanted}, **${verdict}**`
        : `**${row.status}**: ${row.reason}`,
    );
    const cause = causes.get(row.id) ?? (row.status === 'measured' ? NO_CAUSE : '');
    return [`- **${row.title}** (\`${row.id}\`). ${figures.join('; ')}. ${cause}`.trimEnd()];
  });
  const passed = rows.flatMap(askedOf).filter(({ verdict }) => verdict === 'pass').length;
  return [
    '## Where we fall short, and why',
    `What was asked was reached ${passed} times with the whole interval. What was not:`,
    entries.length === 0 ? 'Nothing.' : entries.join('\n'),
  ].join('\n\n');
}

function formatRow(row: DatedRow, commit: string, causes: Causes): string {
  const when = row.commit === commit ? '' : `; on ${row.date.slice(0, 10)}, commit ${row.commit}`;
  const head = `### ${row.title}\n\n\`${row.id}\`; ${formatConditions(row)}${when}`;
  const cause = causes.get(row.id);
  const why = cause === undefined ? [] : [`Why: ${cause}`];
  if (row.status !== 'measured')
    return [head, `**${row.status}**: ${row.reason}`, ...why].join('\n\n');
  return [
    head,
    formatTable(row),
    ...formatRatios(row),
    ...why,
    ...[...fewPairs(row), ...row.notes].map((note) => `(${note})`),
  ].join('\n\n');
}

/** A row of fewer slices than the method asks for says so. */
function fewPairs({ compared }: MeasuredRow): string[] {
  const pairs = Math.min(...compared.map(({ ratio }) => ratio?.pairs ?? Number.POSITIVE_INFINITY));
  if (pairs >= FULL.pairs) return [];
  return Number.isFinite(pairs) ? [`only ${pairs} slices a side, not ${FULL.pairs}`] : [];
}

function formatTable(row: MeasuredRow): string {
  const [header, ...lines] = figureLines(row);
  const rule = header!.map((_, i) => (i === 0 ? '---' : '---:'));
  return [header!, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** One cell of the table. */
function medianOf(row: MeasuredRow, side: string, metric: string): string {
  const [header = [], ...lines] = figureLines(row);
  const line = lines.find(([name]) => name === side);
  return line?.[header.indexOf(labelOf(metric))] ?? '-';
}

function formatRatios({ compared }: MeasuredRow): string[] {
  const lines = compared.flatMap(({ metric, ours, theirs, ratio, threshold, verdict }) => {
    if (ratio === null) return [];
    const asked =
      threshold && verdict ? `; wanted ${formatThreshold(threshold)}: **${verdict}**` : '';
    return [`- ${labelOf(metric)}, ${ours} / ${theirs}: ${formatRatio(ratio)}${asked}`];
  });
  return lines.length === 0 ? [] : [lines.join('\n')];
}

import { labelOf } from '../lib/metrics.js';
import type { DatedRow, RunRecord } from '../lib/results.js';
import type { MeasuredRow, RowResult } from '../lib/row.js';
import { figureLines, formatConditions, formatRatio, formatThreshold } from '../lib/table.js';

export const BEGIN = '<!-- figures: begin (written by "npm run bench -- report") -->';
export const END = '<!-- figures: end -->';

/** The page with its figures replaced. Throws when the marks are missing. */
export function replaceFigures(page: string, figures: string): string {
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`the page has no "${BEGIN}" … "${END}"`);
  return `${page.slice(0, begin + BEGIN.length)}\n\n${figures}\n\n${page.slice(end)}`;
}

/** A run as it stands in the page: where and how, what fell short, then every row. */
export function formatRun({ suite, command, machine, rows }: RunRecord): string {
  const { cpu, cores, memoryBytes, kernel, node, fileSystem, commit, date } = machine;
  const memory = `${Math.round(memoryBytes / 1024 ** 3)} GiB`;
  return [
    `## ${suite}`,
    `\`${command}\` on ${date.slice(0, 10)}, commit ${commit}: ${cpu}, ${cores} cores, ${memory}, ${fileSystem}, Linux ${kernel}, Node ${node}.`,
    formatVerdicts(rows),
    ...rows.map((row) => formatRow(row, commit)),
  ].join('\n\n');
}

/** What was asked of the rows and what became of it; the rows that fall short first. */
export function formatVerdicts(rows: readonly RowResult[]): string {
  const order = ['fail', 'median-only', 'no figure', 'pass'];
  const lines = rows.flatMap((row) => {
    if (row.status !== 'measured')
      return [[`| ${row.id} | ${row.status} | | | no figure |`, 'no figure']];
    return [
      ...row.compared.flatMap(({ metric, theirs, threshold, ratio, verdict }) =>
        threshold
          ? [
              [
                `| ${row.id} | ${labelOf(metric)} beside ${theirs} | ${formatThreshold(threshold)} | ${ratio ? formatRatio(ratio) : '-'} | ${verdict ?? 'no figure'} |`,
                verdict ?? 'no figure',
              ],
            ]
          : [],
      ),
      ...row.bounds.map(({ metric, threshold, verdict }) => [
        `| ${row.id} | ${labelOf(metric)} | ${formatThreshold(threshold)} | | ${verdict} |`,
        verdict,
      ]),
    ];
  });
  if (lines.length === 0) return 'No row of this suite has a threshold.';
  lines.sort((a, b) => order.indexOf(a[1]!) - order.indexOf(b[1]!));
  return [
    '| row | what | wanted | found | verdict |',
    '| --- | --- | --- | --- | --- |',
    ...lines.map(([line]) => line),
  ].join('\n');
}

function formatRow(row: DatedRow, commit: string): string {
  const when = row.commit === commit ? '' : `; on ${row.date.slice(0, 10)}, commit ${row.commit}`;
  const head = `### ${row.title}\n\n\`${row.id}\`; ${formatConditions(row)}${when}`;
  if (row.status !== 'measured') return `${head}\n\n**${row.status}**: ${row.reason}`;
  return [
    head,
    formatTable(row),
    ...formatRatios(row),
    ...row.notes.map((note) => `(${note})`),
  ].join('\n\n');
}

function formatTable(row: MeasuredRow): string {
  const [header, ...lines] = figureLines(row);
  const rule = header!.map((_, i) => (i === 0 ? '---' : '---:'));
  return [header!, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function formatRatios({ compared }: MeasuredRow): string[] {
  const lines = compared.flatMap(({ metric, ours, theirs, ratio }) =>
    ratio === null ? [] : [`- ${labelOf(metric)}, ${ours} / ${theirs}: ${formatRatio(ratio)}`],
  );
  return lines.length === 0 ? [] : [lines.join('\n')];
}

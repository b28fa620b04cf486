import type { RunRecord } from '../lib/results.js';
import type { RowResult } from '../lib/row.js';
import { type Asked, askedOf, WORST_FIRST } from './markdown.js';

/**
 * One line for each row of which something is asked, in the order of the suites: everything that
 * was found, and the worst of its verdicts.
 */
export function formatSummary(runs: readonly RunRecord[]): string {
  const rows = runs.flatMap((run) => run.rows).filter((row) => isAsked(row));
  return [
    '| | found, wanted | verdict |',
    '| --- | --- | --- |',
    ...rows.map((row) => {
      const asked = askedOf(row);
      const worst = worstOf(asked);
      const shown = worst === 'pass' ? worst : `**${worst}**`;
      return `| ${row.title} | ${asked.map(shortly).join('; ')} | ${shown} |`;
    }),
  ].join('\n');
}

/** A row that could not be measured has no figure, and says so in its place among the figures. */
function isAsked(row: RowResult): boolean {
  return row.status === 'measured' && askedOf(row).length > 0;
}

function shortly({ what, wanted, found }: Asked): string {
  return `${what} ${found.replace(/, \d+ pairs\)$/, ')')}, ${wanted}`;
}

function worstOf(asked: readonly Asked[]): Asked['verdict'] {
  return WORST_FIRST.find((verdict) =>
    asked.some((each) => each.verdict === verdict),
  ) as Asked['verdict'];
}

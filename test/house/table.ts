import { foreignAssignments } from './assignments.js';
import { circlesOf } from './circles.js';
import { publicMembers } from './members.js';
import { rolesOf } from './roles.js';
import { firstFloor, upwardImports } from './rooms.js';
import type { Source } from './sources.js';

/** One number that says how the house stands. */
export interface Row {
  readonly what: string;
  readonly count: number;
  /**
   * The most that is let through; null where the number is only told. Lowered as the house gets
   * there.
   */
  readonly most: number | null;
  /** What it is to become, at most. */
  readonly goal: number | null;
}

/** An API that answers from the image of the cluster: adding one touches the files that name it. */
const AN_API = /describe-?topic-?partitions/i;

/** The numbers of the sources of `engine` and `server`. */
export function tableOf(house: readonly Source[]): Row[] {
  const foreign = house
    .filter(({ path }) => path.startsWith('engine/log/'))
    .flatMap(foreignAssignments);
  const lines = house.map(({ path, text }) => ({ path, count: text.split('\n').length - 1 }));
  const lengths = lines.map(({ count }) => count).sort((a, b) => a - b);
  // A table of limits has one row for each, however many there are.
  const longest = lines.filter(({ path }) => !path.endsWith('/limits.ts'));
  const membersOf = (path: string, name: string): number =>
    publicMembers(house.find((source) => source.path === `engine/log/${path}`)!, name);
  const largestRole = Math.max(...rolesOf(house).map(({ members }) => members));
  const naming = house.filter(({ path, text }) => AN_API.test(path) || AN_API.test(text));
  const row = (what: string, count: number, most: number | null, goal: number | null): Row => ({
    what,
    count,
    most,
    goal,
  });
  return [
    row('engine/log: rooms and files on its first floor', firstFloor(house).length, 12, 12),
    row('engine/log and server: imports upward', upwardImports(house).length, 0, 0),
    row('engine/log: assignments to another object’s fields', foreign.length, 0, 0),
    row('engine and server: circles of imports, types counted', circlesOf(house).length, 0, 0),
    row('public members of Log', membersOf('log.ts', 'Log'), 25, 25),
    row('what one room asks of a log, at most', largestRole, 8, 8),
    row('public members of Segment', membersOf('segments/segment.ts', 'Segment'), 18, 18),
    row('files that name DescribeTopicPartitions', naming.length, 4, 3),
    row('lines of the median file', lengths[lengths.length >> 1]!, 79, 79),
    row(
      'lines of the longest file but tables of limits',
      Math.max(...longest.map(({ count }) => count)),
      400,
      400,
    ),
    row(
      'lines of engine and server',
      lengths.reduce((sum, each) => sum + each, 0),
      null,
      null,
    ),
  ];
}

/** The rows as a table in Markdown. */
export function printed(rows: readonly Row[]): string {
  const cells = rows.map(({ what, count, most, goal }) => [what, count, most ?? '', goal ?? '']);
  const lines = [['what', 'now', 'at most', 'goal'], ['---', '---', '---', '---'], ...cells];
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n');
}

/** The rows that are beyond what is let through. */
export function beyond(rows: readonly Row[]): Row[] {
  return rows.filter(({ count, most }) => most !== null && count > most);
}

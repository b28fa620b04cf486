import { expect, test } from 'vitest';
import { foreignAssignments } from './assignments.js';
import { circlesOf } from './circles.js';
import { longComments } from './comments.js';
import { publicMembers } from './members.js';
import { toldImports } from './picture.js';
import { rolesOf } from './roles.js';
import { firstFloor, upwardImports } from './rooms.js';
import { type Source, sourcesIn } from './sources.js';
import { beyond, printed, tableOf } from './table.js';

const house = [...sourcesIn('engine'), ...sourcesIn('server')];

const made = (imports: Record<string, string[]>): Source[] =>
  Object.entries(imports).map(([path, to]) => ({ path, text: '', imports: to }));

test('no file leads back to itself, by types either', () => {
  expect(circlesOf(house)).toEqual([]);
});

test('a circle is found whole, and once', () => {
  const imports = { a: ['b'], b: ['c', 'd'], c: ['a'], d: ['e'], e: ['d'], f: ['a'] };
  expect(circlesOf(made(imports))).toEqual([
    ['d', 'e'],
    ['a', 'b', 'c'],
  ]);
});

test('rooms import those below them, and only the directory a log', () => {
  expect(upwardImports(house)).toEqual([]);
});

test('an import upward, or of a log, is found', () => {
  const imports = {
    'engine/log/log.ts': ['engine/log/read/read.ts', 'engine/log/log-state.ts'],
    'engine/log/log-state.ts': ['engine/log/read/read.ts'],
    'engine/log/partition-log.ts': ['engine/log/segments/segment.ts'],
    'engine/log/read/read.ts': [
      'engine/log/segments/segment.ts',
      'engine/log/log.ts',
      'engine/log/log-state.ts',
    ],
    'engine/log/segments/segment.ts': ['engine/log/read/read.ts', 'engine/log/log-settings.ts'],
    'server/partition/partition.ts': ['server/groups/records.ts', 'server/request/waiting.ts'],
    'server/metadata/advertised.ts': ['server/net/dispatcher.ts', 'server/protocol/api.ts'],
  };
  expect(upwardImports(made(imports))).toEqual([
    'engine/log/partition-log.ts → engine/log/segments/segment.ts',
    'engine/log/read/read.ts → engine/log/log.ts',
    'engine/log/read/read.ts → engine/log/log-state.ts',
    'engine/log/segments/segment.ts → engine/log/read/read.ts',
    'server/partition/partition.ts → server/groups/records.ts',
    'server/metadata/advertised.ts → server/net/dispatcher.ts',
  ]);
});

test('of imports between rooms the picture has those that no others imply', () => {
  const imports = new Map([
    ['a', new Set(['b', 'c', 'd'])],
    ['b', new Set(['c'])],
    ['c', new Set(['a'])],
    ['d', new Set<string>()],
  ]);
  expect(toldImports(['a', 'b', 'c', 'd'], imports)).toEqual([
    ['a', 'b'],
    ['a', 'd'],
    ['b', 'c'],
    ['c', 'a'],
  ]);
});

test('the first floor of engine/log is a list that one takes in', () => {
  expect(firstFloor(house).length).toBeLessThanOrEqual(12);
});

test('in engine/log an object changes its own fields, and no other does', () => {
  const log = house.filter(({ path }) => path.startsWith('engine/log/'));
  expect(log.flatMap(foreignAssignments)).toEqual([]);
});

test('an assignment to a field of another object is found, whatever its form', () => {
  const text = `
    segment.size = 1;
    this.#log.epochs.areOwn ||= false;
    --page.count;
    delete hint.found;
    for (const each of all) each.isOld = each.age > 1;
    this.#size = segment.size;
    context.counters.writes++;
    const size = segment.size;
  `;
  const found = foreignAssignments({ path: 'a.ts', text, imports: [] });
  expect(found).toEqual([
    'a.ts:2 segment.size',
    'a.ts:3 this.#log.epochs.areOwn',
    'a.ts:4 page.count',
    'a.ts:5 hint.found',
    'a.ts:6 each.isOld',
  ]);
});

test('no file asks a class of Node’s or of the language whether a value is of it', () => {
  const asks =
    /instanceof (Error|TypeError|RangeError|AggregateError|Date|Map|Set|Buffer|U?[Ii]nt\d+Array|Float\d+Array|ArrayBuffer|SharedArrayBuffer|URL|AbortSignal)\b/;
  expect(house.filter(({ text }) => asks.test(text)).map(({ path }) => path)).toEqual([]);
});

test('comments keep to the columns of the code', () => {
  const all = [...house, ...sourcesIn('test'), ...sourcesIn('bench')];
  expect(all.flatMap(longComments)).toEqual([]);
});

test('a line of a comment that is too long is found, a layout is not', () => {
  const long = 'word '.repeat(25);
  const text = `// ${long}\n/**\n * \`\`\`\n * ${long}\n * \`\`\`\n * ${long}\n */\nconst a = '${long}';`;
  expect(longComments({ path: 'a.ts', text, imports: [] })).toEqual(['a.ts:1', 'a.ts:6']);
});

test('public members are those that others can use, a getter and its setter once', () => {
  const text = `
    class Other { size = 1; }
    class Log implements Sized {
      readonly name: string;
      #size = 0;
      private half = 0;
      constructor(name: string) { this.name = name; }
      get size(): number { return this.#size; }
      set size(size: number) { this.#size = size; }
      #grow(): void {}
      async close(): Promise<void> {}
    }
  `;
  expect(publicMembers({ path: 'a.ts', text, imports: [] }, 'Log')).toBe(3);
});

test('a room of engine/log asks little of a log', () => {
  expect(rolesOf(house).filter(({ members }) => members > 8)).toEqual([]);
  expect(rolesOf(house).length).toBeGreaterThan(20);
});

test('what a role inherits is counted, each name once', () => {
  const text = `
    interface Owner { readonly folder: string; readonly size: number; }
    interface StartLog extends Pick<Owner, 'folder'> { readonly name: string; }
    interface BaseLog extends Owner { readonly size: number; start(): void; }
    interface Other { readonly a: string; }
  `;
  expect(rolesOf([{ path: 'engine/log/append/a.ts', text, imports: [] }])).toEqual([
    { where: 'engine/log/append/a.ts StartLog', members: 2 },
    { where: 'engine/log/append/a.ts BaseLog', members: 3 },
  ]);
});

test('no number of the house is beyond its bound, and one that were is told', () => {
  const rows = tableOf(house);
  expect(beyond(rows)).toEqual([]);
  const one = { what: 'circles', count: 2, most: 1, goal: 0 };
  const told = { what: 'lines', count: 3, most: null, goal: null };
  expect(beyond([one, told])).toEqual([one]);
  expect(printed([one, told])).toBe(
    '| what | now | at most | goal |\n| --- | --- | --- | --- |\n| circles | 2 | 1 | 0 |\n| lines | 3 |  |  |',
  );
});

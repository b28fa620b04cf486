import { expect, test } from 'vitest';
import { candidatesFor, type Names } from '../../../../server/cli/completion/candidates.js';
import { splitLine } from '../../../../server/cli/completion/split-line.js';
import { createProgram } from '../../../../server/cli/program.js';

async function offered(line: string) {
  const { words, current } = splitLine(line);
  let given: ReadonlyMap<string, string> = new Map();
  const names: Names = {
    topics: async () => ['a-topic'],
    groups: async () => ['a-group'],
    profiles: async () => ['a-profile'],
  };
  const program = await createProgram(() => {});
  const candidates = await candidatesFor(program, words, current.text, (options) => {
    given = options;
    return names;
  });
  const values = candidates.words.map(({ value }) => value);
  return { values, files: candidates.files, given: Object.fromEntries(given) };
}

test.each([
  ['', ['start', 'topics', 'perf', 'completion', 'help']],
  ['topics ', ['create', 'describe', 'help']],
  ['topics describe ', ['a-topic']],
  ['topics describe a b ', ['a-topic']],
  ['topics describe --topic ', ['a-topic']],
  ['topics describe --topic=', ['--topic=a-topic']],
  ['groups describe ', ['a-group']],
  ['groups reset-offsets g -t ', ['a-topic']],
  ['consume a --group ', ['a-group']],
  ['consume -g ', ['a-group']],
  ['consume -- ', ['a-topic']],
  ['perf produce ', ['a-topic']],
  ['perf produce t --codec ', ['none', 'lz4']],
  ['perf produce t --codec=', ['--codec=none', '--codec=lz4']],
  ['topics list --profile ', ['a-profile']],
  ['profile use ', ['a-profile']],
  ['completion ', ['bash', 'zsh', 'fish']],
  ['consume --', ['--pattern', '--to', '--bootstrap-server', '--help']],
])('behind %j some of them are %j', async (line, some) => {
  expect((await offered(line)).values).toEqual(expect.arrayContaining(some));
});

test.each([
  'topics create ',
  'profile create ',
  'produce a ',
  'consume --from ',
  'topics create x --config ',
  'nonsense ',
  'consume --nonsense=',
])('behind %j there is nothing', async (line) => {
  const { values, files } = await offered(line);
  expect({ values: values.filter((each) => each !== 'help'), files }).toMatchObject({
    values: line === 'nonsense ' ? expect.anything() : [],
    files: false,
  });
});

test.each(['dump-log ', 'scrub ', 'start --config ', 'produce t --file '])(
  'behind %j there are files',
  async (line) => {
    expect((await offered(line)).files).toBe(true);
  },
);

test('hidden options are not offered', async () => {
  expect((await offered('consume --')).values).not.toContain('--include');
});

test('which broker is asked is what the line says', async () => {
  expect((await offered('consume -b here:1 --group ')).given).toEqual({
    bootstrapServer: 'here:1',
  });
  expect((await offered('topics list --profile=p ')).given).toEqual({ profile: 'p' });
});

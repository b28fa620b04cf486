import { expect, test } from 'vitest';
import { numberProblem, soakArguments } from './soak-arguments.js';

const read = (...args: string[]) =>
  soakArguments(
    args,
    { kind: { type: 'string' }, count: { type: 'string', default: '7' } },
    'Usage: npm run soak\n',
    ({ count }) => numberProblem('count', count, 1),
  );

test('a run gets its values, with defaults', () => {
  expect(read('--kind', 'kills')).toEqual({ kind: 'run', values: { kind: 'kills', count: '7' } });
});

test('--help is the text, and no failure', () => {
  expect(read('--help')).toEqual({ kind: 'end', text: 'Usage: npm run soak\n', exitCode: 0 });
});

test.each([
  [['--cuont', '3'], "Unknown option '--cuont'"],
  [['kills'], "Unexpected argument 'kills'"],
  [['--count'], "Option '--count <value>' argument missing"],
  [['--count', 'many'], "--count is a whole number from 1 on, not 'many'"],
  [['--count', '0'], "--count is a whole number from 1 on, not '0'"],
])('%j is one line and exit code 2', (args, problem) => {
  const found = read(...args);
  expect(found).toMatchObject({ kind: 'end', exitCode: 2 });
  expect(found.kind === 'end' && found.text).toBe(`${problem}; --help says what there is\n`);
});

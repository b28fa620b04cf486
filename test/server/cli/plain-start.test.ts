import { Command } from 'commander';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { define } from '../../../server/cli/commands/start.js';
import { plainStart } from '../../../server/cli/plain-start.js';

/** What commander makes of the same words. */
function byCommander(args: readonly string[]): unknown {
  const start = new Command('start');
  define(start, () => {});
  const { operands, unknown } = start.parseOptions([...args]);
  expect({ operands, unknown }).toEqual({ operands: [], unknown: [] });
  return start.opts();
}

test('a start with settings only is read as commander reads it', () => {
  const args = ['--set', 'a=1', '-c', 'first', '-s', 'b=2=3', '--config', 'second', '--set', ''];
  const options = { set: ['a=1', 'b=2=3', ''], config: 'second' };
  expect(plainStart(['start', ...args])).toEqual(options);
  expect(byCommander(args)).toEqual(options);
  expect(plainStart(['start'])).toEqual({ set: [] });
});

test.each([
  [[]],
  [['topics']],
  [['start', '--help']],
  [['start', '--set']],
  [['start', '--set', '--config', 'x']],
  [['start', '--set=a=1']],
  [['start', '-sa=1', 'x']],
  [['start', '--print-config']],
  [['start', 'x', 'y']],
])('%j is left to commander', (args) => {
  expect(plainStart(args)).toBeNull();
});

test('whatever it reads, commander reads the same', () => {
  const word = fc.constantFrom('-s', '--set', '-c', '--config', '--', '-', '', 'a=1', 'file', '-x');
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (args) => {
      const options = plainStart(['start', ...args]);
      if (options !== null) expect(byCommander(args)).toEqual(options);
    }),
    { numRuns: 2000 },
  );
});

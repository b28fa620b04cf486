import { expect, test } from 'vitest';
import { answerLines } from '../../../../server/cli/completion/answer.js';
import { splitLine } from '../../../../server/cli/completion/split-line.js';

function bash(typed: string, ...values: string[]): string[] {
  const words = values.map((value) => ({ value, description: 'what it is' }));
  return answerLines('bash', { words, files: false }, splitLine(typed).current);
}

test('bash gets what fits, quoted', () => {
  expect(bash('o or', 'orders', 'payments')).toEqual(['worders']);
  expect(bash('o ', "it's", '$(x)', 'a b', '`x`', '!x', '~', '#', 'ü')).toEqual([
    "wit\\'s",
    'w\\$\\(x\\)',
    'wa\\ b',
    'w\\`x\\`',
    'w\\!x',
    'w\\~',
    'w\\#',
    'wü',
  ]);
  expect(bash('o \\$', '$(x)', 'x')).toEqual(['w\\$\\(x\\)']);
});

test('bash gets what is behind a colon or an equals sign, as readline takes it for a word', () => {
  expect(bash('o team:b', 'team:billing', 'team:a')).toEqual(['wbilling']);
  expect(bash('o --codec=', '--codec=none')).toEqual(['wnone']);
});

test('in an open quote only what needs none is offered', () => {
  expect(bash("o 'a", 'ab', 'a b', "a'b")).toEqual(['wab']);
  expect(bash('o "$', '$(x)')).toEqual([]);
});

test('zsh and fish, which quote themselves, get words as they are, with descriptions', () => {
  const words = [{ value: '$(x)', description: 'what it is' }];
  for (const shell of ['zsh', 'fish'] as const) {
    expect(answerLines(shell, { words, files: true }, splitLine('o y').current)).toEqual([
      'f',
      'w$(x)\twhat it is',
    ]);
  }
});

test('words with control characters are left out', () => {
  expect(bash('o ', 'a\nwb', 'a\tb', '\x1b[31m', 'c')).toEqual(['wc']);
});

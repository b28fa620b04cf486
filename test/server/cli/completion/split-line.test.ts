import { expect, test } from 'vitest';
import { splitLine } from '../../../../server/cli/completion/split-line.js';

test.each([
  ['odradek topics ', ['odradek', 'topics'], ''],
  ['odradek  top', ['odradek'], 'top'],
  ["odradek groups describe 'a b' c", ['odradek', 'groups', 'describe', 'a b'], 'c'],
  ['odradek "a\\"b" c\\ d', ['odradek', 'a"b'], 'c d'],
  ['odradek $(rm -rf x) ', ['odradek', '$(rm', '-rf', 'x)'], ''],
  ['', [], ''],
])('%j', (line, words, text) => {
  const split = splitLine(line);
  expect(split.words).toEqual(words);
  expect(split.current.text).toBe(text);
});

test.each([
  ["o 'a b", "'a b", 'a b', "'"],
  ['o "it\'s', '"it\'s', "it's", '"'],
  ["o 'a'b", "'a'b", 'ab', null],
  ['o a\\', 'a\\', 'a', null],
])('the current word of %j keeps its open quote', (line, raw, text, quote) => {
  expect(splitLine(line).current).toEqual({ raw, text, quote });
});

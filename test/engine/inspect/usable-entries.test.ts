import { expect, test } from 'vitest';
import { usableEntries } from '../../../engine/inspect/usable-entries.js';

const ENTRIES = [
  { key: ['deleted', 'gone', 0], value: true },
  { key: ['log', 'id', 0, 'checkpoint'], value: { offset: 5 } },
  { key: ['log', 'id', 0, 'cleaned'], value: 3 },
  { key: ['log', 'id', 0, 'gaps'], value: true },
  { key: ['log', 'id', 0, 'start'], value: 2 },
  { key: ['log', 'id', 1, 'checkpoint'], value: { offset: 5, producerPages: 2 } },
  { key: ['log', 'id', 1, 'producers', 0], value: [[7]] },
  { key: ['log', 'id', 1, 'producers', 1], value: [[8]] },
  { key: ['metadata', 'key', 'topics/orders'], value: {} },
  { key: ['topic', 'events'], value: 'id' },
];

const keptOf = (
  entries: typeof ENTRIES,
  isCurrent: boolean,
  lostAt: readonly number[] = [],
): string[] => {
  const state = 'damaged';
  const inspection = { path: '', state, problems: [], entries, lostAt, isCurrent } as const;
  return usableEntries(inspection).map(({ key }) => key.join('/'));
};

test('what was read of the last transaction is used, the copy of the metadata apart', () => {
  expect(keptOf(ENTRIES, true)).toEqual([
    'deleted/gone/0',
    'log/id/0/checkpoint',
    'log/id/0/cleaned',
    'log/id/0/gaps',
    'log/id/0/start',
    'log/id/1/checkpoint',
    'log/id/1/producers/0',
    'log/id/1/producers/1',
    'topic/events',
  ]);
});

test('nothing that may have been replaced since is used, where the log tells it', () => {
  expect(keptOf(ENTRIES, false)).toEqual([
    'deleted/gone/0',
    'log/id/0/gaps',
    'log/id/0/start',
    'topic/events',
  ]);
});

test('a checkpoint that lacks some of its producers is not used: they would be forgotten', () => {
  const lacking = ENTRIES.filter(({ key }) => key[4] !== 1);
  expect(keptOf(lacking, true)).not.toContain('log/id/1/checkpoint');
  expect(keptOf(lacking, true)).toContain('log/id/0/checkpoint');
});

test.each([
  ['before its first entry', 1, ['log/id/1/checkpoint']],
  ['among its entries', 3, ['log/id/1/checkpoint']],
  ['between its last entry and the next log', 5, []],
  ['among those of another log', 6, ['log/id/0/checkpoint']],
  ['behind all logs', 9, ['log/id/0/checkpoint', 'log/id/1/checkpoint']],
])('a checkpoint is not used where an entry of its log may be lost: %s', (_, at, kept) => {
  const isCheckpoint = (key: string): boolean => key.endsWith('/checkpoint');
  const found = keptOf(ENTRIES, true, [at]);
  expect(found.filter(isCheckpoint)).toEqual(kept);
  expect(found).toEqual(
    keptOf(ENTRIES, true).filter((key) => kept.includes(key) || !isCheckpoint(key)),
  );
});

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { nodeDisk } from '../../../engine/disk/node-disk.js';
import {
  type IndexEnd,
  type IndexKind,
  type InspectedEntry,
  inspectIndex,
} from '../../../engine/inspect/index-inspection.js';
import { OffsetIndex } from '../../../engine/log/segments/offset-index.js';
import { TimeIndex } from '../../../engine/log/segments/time-index.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

async function inspect(
  bytes: Buffer,
  kind: IndexKind,
): Promise<{ entries: InspectedEntry[]; end: IndexEnd }> {
  const path = join(temporaryFolder(), `00000000000000000000.${kind}`);
  writeFileSync(path, bytes);
  const file = await nodeDisk.open(path, 'read');
  onTestFinished(() => file.close());
  const entries: InspectedEntry[] = [];
  const walk = inspectIndex(file, kind);
  for (;;) {
    const step = await walk.next();
    if (step.done) return { entries, end: step.value };
    entries.push(step.value);
  }
}

function offsetIndex(count: number): Buffer {
  const index = OffsetIndex.empty();
  for (let at = 0; at < count; at++) index.append(at * 3 + 2, at * 100);
  return index.encode();
}

test('an offset index of more than one read is shown whole', async () => {
  const { entries, end } = await inspect(offsetIndex(10_000), 'index');
  expect(entries).toHaveLength(10_000);
  expect(entries[9999]).toEqual({
    slot: 9999,
    relativeOffset: 29_999,
    value: 999_900,
    problem: null,
  });
  expect(entries.every(({ problem }) => problem === null)).toBe(true);
  expect(end).toEqual({ unusedBytes: 0, leftOverBytes: 0 });
});

test('a time index is shown with its timestamps', async () => {
  const index = TimeIndex.empty();
  index.maybeAppend(1_700_000_000_000, 4);
  index.maybeAppend(1_700_000_000_007, 9);
  const { entries } = await inspect(index.encode(), 'timeindex');
  expect(entries).toEqual([
    { slot: 0, relativeOffset: 4, value: 1_700_000_000_000, problem: null },
    { slot: 1, relativeOffset: 9, value: 1_700_000_000_007, problem: null },
  ]);
});

test('zeros behind the entries, as Kafka allocates them, are no damage', async () => {
  const bytes = Buffer.concat([offsetIndex(3), Buffer.alloc(8 * 5000)]);
  const { entries, end } = await inspect(bytes, 'index');
  expect(entries).toHaveLength(3);
  expect(end).toEqual({ unusedBytes: 8 * 5000, leftOverBytes: 0 });
});

test('an entry that does not rise, and a part of one, are found', async () => {
  const bytes = Buffer.concat([offsetIndex(2), offsetIndex(1), Buffer.from([1, 2, 3])]);
  const { entries, end } = await inspect(bytes, 'index');
  expect(entries.map(({ problem }) => problem === null)).toEqual([true, true, false]);
  expect(end).toEqual({ unusedBytes: 0, leftOverBytes: 3 });
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { decodeRecords } from '../../../engine/batch/records.js';
import {
  DEFAULT_LOG_SETTINGS,
  type LogSettings,
  openEngine,
  type PartitionLog,
} from '../../../engine/index.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'odradek-log-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const NAME = { topic: 'events', topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: 0 };

function batch(values: readonly string[], timestamp = Date.now()): Buffer {
  return buildBatchSync(
    values.map((value) => ({ key: null, value, timestamp })),
    {},
  );
}

async function readAll(log: PartitionLog): Promise<string[]> {
  const values: string[] = [];
  for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
    const { slice } = log.read({
      offset,
      maxBytes: 100,
      minOneBatch: true,
      isolation: 'high-watermark',
    });
    const bytes = await slice!.bytes();
    slice!.release();
    for (let at = 0; at < bytes.length; ) {
      const size = 12 + bytes.readInt32BE(at + 8);
      for (const record of await decodeRecords(bytes.subarray(at, at + size), 1e6)) {
        if (record.offset < offset) continue;
        values.push(String(record.value));
        offset = record.offset + 1;
      }
      at += size;
    }
  }
  return values;
}

const settings = (overrides: Partial<LogSettings> = {}): LogSettings => ({
  ...DEFAULT_LOG_SETTINGS,
  ...overrides,
});

test('what was appended is read back, in order, across rolls and a clean reopen', async () => {
  let engine = await openEngine(root);
  let log = await engine.openPartition(
    NAME,
    settings({ segmentBytes: 500, indexIntervalBytes: 100 }),
  );
  const expected: string[] = [];
  for (let at = 0; at < 50; at++) {
    const values = [`a${at}`, `b${at}`];
    const appended = await log.append(batch(values));
    expect(appended.baseOffset).toBe(expected.length);
    expected.push(...values);
  }
  expect(await readAll(log)).toEqual(expected);
  await engine.close();
  const files = await readdir(join(root, 'events-0'));
  expect(files.filter((name) => name.endsWith('.log')).length).toBeGreaterThan(5);

  engine = await openEngine(root);
  expect(engine.wasClean).toBe(true);
  log = await engine.openPartition(NAME, settings({ segmentBytes: 500, indexIntervalBytes: 100 }));
  expect(await readAll(log)).toEqual(expected);
  await engine.close();
});

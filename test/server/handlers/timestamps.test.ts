import { describe, expect, test } from 'vitest';
import { buildBatch, buildBatchSync } from '../../../engine/batch/builder.js';
import { MemoryCatalog, openEngine } from '../../../engine/index.js';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import type { SettingTexts } from '../../../server/settings/topic-settings.js';
import { type MemoryBroker, memoryBroker, produceOf } from '../../support/memory-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const HOUR_MS = 3_600_000;
const YEAR_1 = -62_135_596_800_000;
const NS = 1_800_000_000_000_000_001n;

/** A broker on the real engine with a topic `t`. */
async function withTopic(
  configs: SettingTexts,
  use: (broker: MemoryBroker) => Promise<void>,
): Promise<void> {
  const engine = await openEngine(temporaryFolder());
  const broker = await memoryBroker({ host: engine, catalog: new MemoryCatalog() });
  try {
    await broker.createTopic('t', 1, configs);
    await use(broker);
  } finally {
    await broker.partitions.stop();
    await broker.store.close();
    await engine.close();
  }
}

const batchAt = (...times: readonly (number | bigint)[]): Buffer =>
  buildBatchSync(times.map((timestamp) => ({ key: 'k', value: 'v', timestamp })));

async function produce(broker: MemoryBroker, batch: Buffer) {
  const { topics } = await broker.call('Produce', 9, produceOf('t', batch));
  return topics[0]!.partitions[0]!;
}

async function lookUp(broker: MemoryBroker, timestamp: number | bigint) {
  const { topics } = await broker.call('ListOffsets', 7, {
    replicaId: -1,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, timestamp }] }],
  });
  const { errorCode, offset, timestamp: found } = topics[0]!.partitions[0]!;
  return [errorCode, offset, found];
}

test('a topic with LogAppendTime takes any timestamp and puts its own over it', async () => {
  await withTopic({ 'message.timestamp.type': 'LogAppendTime' }, async (broker) => {
    const before = Date.now();
    for (const timestamp of [YEAR_1, -2, -1, 0, Date.now() + 100 * HOUR_MS, NS, 2n ** 63n - 1n]) {
      const answer = await produce(broker, batchAt(timestamp));
      expect(answer.errorCode, String(timestamp)).toBe(0);
      expect(answer.logAppendTimeMs).toBeGreaterThanOrEqual(before);
    }
    expect((await lookUp(broker, before)).slice(0, 2)).toEqual([0, 0]);
  });
});

test('a topic with CreateTime takes the year 1 and 1969, and finds what is later', async () => {
  await withTopic({}, async (broker) => {
    const now = Date.now();
    for (const timestamp of [YEAR_1, -86_400_000, -2, now]) {
      expect((await produce(broker, batchAt(timestamp))).errorCode, String(timestamp)).toBe(0);
    }
    expect(await lookUp(broker, 0)).toEqual([0, 3, now]);
    expect(await lookUp(broker, -3)).toEqual([0, 3, now]);
  });
});

test('nanoseconds are taken where nothing bounds them, and found again to the last one', async () => {
  const configs = { 'message.timestamp.after.max.ms': '9223372036854775807' };
  await withTopic(configs, async (broker) => {
    for (let at = 0n; at < 4n; at += 2n) {
      expect((await produce(broker, batchAt(NS + at, NS + at + 1n))).errorCode).toBe(0);
    }
    for (let at = 0; at < 4; at++) {
      expect(await lookUp(broker, NS + BigInt(at))).toEqual([0, at, NS + BigInt(at)]);
    }
    expect(await lookUp(broker, NS + 4n)).toEqual([0, -1, -1]);
    expect(await lookUp(broker, -3)).toEqual([0, 3, NS + 3n]);
  });
});

describe('INVALID_TIMESTAMP names the records', () => {
  const now = Date.now();
  const far = now + 2 * HOUR_MS;
  const old = now - 2 * HOUR_MS;

  test.each([
    ['one of three is ahead', {}, batchAt(now, far, now), [1]],
    ['all are ahead', {}, batchAt(far, far + 1), [0, 1]],
    [
      'one is behind, and the last is ahead',
      { 'message.timestamp.before.max.ms': String(HOUR_MS) },
      batchAt(old, now, far),
      [0, 2],
    ],
    [
      'one in the middle is behind, of a topic that looks at all records',
      { 'message.timestamp.before.max.ms': String(HOUR_MS), 'odradek.validate': 'records' },
      batchAt(now, old, now),
      [1],
    ],
  ] as const)('%s', async (_what, configs, batch, bad) => {
    await withTopic(configs, async (broker) => {
      const answer = await produce(broker, batch);
      expect(answer.errorCode).toBe(ErrorCode.INVALID_TIMESTAMP);
      expect(answer.recordErrors?.map(({ batchIndex }) => batchIndex)).toEqual(bad);
      for (const { batchIndexErrorMessage } of answer.recordErrors ?? []) {
        expect(batchIndexErrorMessage).toMatch(/^timestamp \d+ is \d+ ms (ahead|behind)/);
      }
      expect(await lookUp(broker, -1)).toEqual([0, 0, -1]);
    });
  });

  test('in a compressed batch, too, and at most a hundred of them', async () => {
    await withTopic({}, async (broker) => {
      const records = Array.from({ length: 150 }, () => ({ key: 'k', value: 'v', timestamp: far }));
      const answer = await produce(broker, await buildBatch(records, { codec: 'gzip' }));
      expect(answer.errorCode).toBe(ErrorCode.INVALID_TIMESTAMP);
      expect(answer.recordErrors).toHaveLength(100);
    });
  });

  test('records without a key are named by a compacted topic', async () => {
    await withTopic({ 'cleanup.policy': 'compact' }, async (broker) => {
      const records = ['a', null, 'b', null].map((key) => ({ key, value: 'v', timestamp: now }));
      const answer = await produce(broker, buildBatchSync(records));
      expect(answer.errorCode).toBe(ErrorCode.INVALID_RECORD);
      expect(answer.recordErrors?.map(({ batchIndex }) => batchIndex)).toEqual([1, 3]);
    });
  });
});

import { readdir } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { buildBatchSync } from '../../../engine/batch/builder.js';
import { leaderEpoch } from '../../../engine/batch/header.js';
import { type Engine, MemoryCatalog, openEngine } from '../../../engine/index.js';
import { ErrorCode, type ErrorName } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  fetchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
  turns,
} from '../../support/memory-broker.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

/** Runs `use` with a broker on an engine that keeps its logs in `folder`; both end in order. */
async function withBroker<T>(
  folder: string,
  catalog: MemoryCatalog,
  use: (broker: MemoryBroker, engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await openEngine(folder);
  const broker = await memoryBroker({ host: engine, catalog });
  try {
    return await use(broker, engine);
  } finally {
    await broker.partitions.stop();
    await broker.store.close();
    await engine.close();
  }
}

async function produce(broker: MemoryBroker, records: Buffer, acks = -1) {
  const answer = await broker.call('Produce', 9, produceOf('t', records, { acks }));
  return answer.topics[0]!.partitions[0]!;
}

async function fetch(broker: MemoryBroker, fetchOffset: number, more: object = {}) {
  const answer = await broker.call('Fetch', 12, fetchOf({ name: 't' }, [{ fetchOffset, ...more }]));
  return answer.topics[0]!.partitions[0]!;
}

function idempotent(sequence: number, epoch = 0): Buffer {
  return buildBatchSync([{ key: null, value: `v${sequence}`, timestamp: Date.now() }], {
    producerId: 5,
    producerEpoch: epoch,
    baseSequence: sequence,
  });
}

describe('handlers on the real engine', () => {
  test('a batch larger than a segment may be is RECORD_LIST_TOO_LARGE, and one of its size is taken', async () => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker) => {
      const size = 1_048_576;
      await broker.createTopic('t', 1, {
        'segment.bytes': String(size),
        'max.message.bytes': String(2 * size),
      });
      const overhead = batchOf(['x'.repeat(size - 1000)]).length - (size - 1000);
      const fitting = batchOf(['x'.repeat(size - overhead)]);
      expect(fitting.length).toBe(size);
      expect((await produce(broker, batchOf(['x'.repeat(size - overhead + 1)]))).errorCode).toBe(
        ErrorCode.RECORD_LIST_TOO_LARGE,
      );
      expect(await produce(broker, fitting)).toMatchObject({ errorCode: 0, baseOffset: 0 });
      expect((await produce(broker, batchOf(['x'.repeat(2 * size)]))).errorCode).toBe(
        ErrorCode.MESSAGE_TOO_LARGE,
      );
    });
  });

  test('what was acknowledged is read back, byte for byte, also by the next broker', async () => {
    const folder = temporaryFolder();
    const catalog = new MemoryCatalog();
    const sent = [batchOf(['a', 'b']), batchOf(['c'])];
    await withBroker(folder, catalog, async (broker) => {
      await broker.createTopic('t');
      expect((await produce(broker, Buffer.from(sent[0]!))).baseOffset).toBe(0);
      expect((await produce(broker, Buffer.from(sent[1]!))).baseOffset).toBe(2);
    });
    await withBroker(folder, catalog, async (broker) => {
      const { records, highWatermark, logStartOffset } = await fetch(broker, 0);
      expect({ highWatermark, logStartOffset }).toEqual({ highWatermark: 3, logStartOffset: 0 });
      // Base offset and leader epoch are stamped, everything behind them is as it was sent.
      expect(records!.subarray(16, sent[0]!.length)).toEqual(sent[0]!.subarray(16));
      expect(records!.subarray(sent[0]!.length + 16)).toEqual(sent[1]!.subarray(16));
      expect((await fetch(broker, 2)).records).toEqual(records!.subarray(sent[0]!.length));
      expect((await produce(broker, batchOf(['d']))).baseOffset).toBe(3);
    });
  });

  test('a long poll sees what is produced while it waits', async () => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker) => {
      await broker.createTopic('t');
      const waiting = broker.call('Fetch', 12, fetchOf({ name: 't' }, [{}], { maxWaitMs: 60_000 }));
      await produce(broker, batchOf(['a']));
      expect((await waiting).topics[0]!.partitions[0]!.records!.length).toBeGreaterThan(0);
    });
  });

  test('an idempotent producer’s repetitions get the original’s offset; gaps and old epochs their errors', async () => {
    const folder = temporaryFolder();
    const catalog = new MemoryCatalog();
    await withBroker(folder, catalog, async (broker) => {
      await broker.createTopic('t');
      for (let sequence = 0; sequence < 5; sequence++) await produce(broker, idempotent(sequence));
      expect(await produce(broker, idempotent(0))).toMatchObject({ errorCode: 0, baseOffset: 0 });
    });
    await withBroker(folder, catalog, async (broker) => {
      expect(await produce(broker, idempotent(2))).toMatchObject({ errorCode: 0, baseOffset: 2 });
      expect((await produce(broker, idempotent(7))).errorCode).toBe(
        ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
      );
      expect((await produce(broker, idempotent(0, 1))).errorCode).toBe(0);
      expect((await produce(broker, idempotent(5, 0))).errorCode).toBe(
        ErrorCode.INVALID_PRODUCER_EPOCH,
      );
      expect((await fetch(broker, 0)).highWatermark).toBe(6);
    });
  });

  test.each<[string, (batch: Buffer) => number, ErrorName]>([
    [
      'a wrong checksum',
      (batch: Buffer) => batch.writeUInt8(batch.at(-1)! ^ 1, batch.length - 1),
      'CORRUPT_MESSAGE',
    ],
    ['an old format', (batch: Buffer) => batch.writeInt8(1, 16), 'INVALID_RECORD'],
    [
      'a length beyond the bytes',
      (batch: Buffer) => batch.writeInt32BE(2 ** 31 - 1, 8),
      'CORRUPT_MESSAGE',
    ],
  ])('a batch with %s is refused', async (_name, damage, code) => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker) => {
      await broker.createTopic('t');
      const batch = batchOf(['x']);
      damage(batch);
      expect((await produce(broker, batch)).errorCode).toBe(ErrorCode[code]);
      expect((await produce(broker, batchOf(['y']))).baseOffset).toBe(0);
    });
  });

  test('offsets out of range, and what follows DeleteRecords', async () => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker) => {
      await broker.createTopic('t');
      for (const value of ['a', 'b', 'c']) await produce(broker, batchOf([value]));
      for (const offset of [-1, 4, Number.MAX_SAFE_INTEGER]) {
        expect((await fetch(broker, offset)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
      }
      expect(await fetch(broker, 3)).toMatchObject({ errorCode: 0, highWatermark: 3 });
      const { topics } = await broker.call('DeleteRecords', 2, {
        topics: [{ name: 't', partitions: [{ partitionIndex: 0, offset: 2 }] }],
        timeoutMs: 1,
      });
      expect(topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, lowWatermark: 2 });
      expect((await fetch(broker, 1)).errorCode).toBe(ErrorCode.OFFSET_OUT_OF_RANGE);
      expect(await fetch(broker, 2)).toMatchObject({ errorCode: 0, logStartOffset: 2 });
    });
  });

  test('the leader epoch is the same in metadata, answers and batches', async () => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker, engine) => {
      await broker.createTopic('t');
      await produce(broker, batchOf(['a']));
      const { topics } = await broker.call('Metadata', 9, { topics: [{ name: 't' }] });
      expect(topics[0]!.partitions[0]!.leaderEpoch).toBe(engine.leaderEpoch);
      const fetched = await fetch(broker, 0, { currentLeaderEpoch: engine.leaderEpoch });
      expect(leaderEpoch(fetched.records!)).toBe(engine.leaderEpoch);
      const ended = await broker.call('OffsetForLeaderEpoch', 4, {
        topics: [{ topic: 't', partitions: [{ partition: 0, leaderEpoch: engine.leaderEpoch }] }],
      });
      expect(ended.topics[0]!.partitions[0]).toMatchObject({
        leaderEpoch: engine.leaderEpoch,
        endOffset: 1,
      });
    });
  });

  test('a recreated topic starts empty, and the folders of the old one are not live', async () => {
    const folder = temporaryFolder();
    const catalog = new MemoryCatalog();
    await withBroker(folder, catalog, async (broker) => {
      await broker.createTopic('t');
      await produce(broker, batchOf(['old']));
      await broker.call('DeleteTopics', 1, { topicNames: ['t'], timeoutMs: 1 });
      await broker.createTopic('t');
      expect((await produce(broker, batchOf(['new']))).baseOffset).toBe(0);
      const live = (await readdir(folder)).filter((name) => name === 't-0');
      expect(live).toEqual(['t-0']);
    });
    await withBroker(folder, catalog, async (broker) => {
      const { records, highWatermark } = await fetch(broker, 0);
      expect(highWatermark).toBe(1);
      expect(records!.toString('latin1')).toContain('new');
      expect(broker.lines).toEqual([]);
    });
  });

  test('a commit waits for a high watermark that is held still, as a produce does', async () => {
    await withBroker(temporaryFolder(), new MemoryCatalog(), async (broker) => {
      await broker.createTopic('t');
      await broker.groups.coordinatorOf('g');
      let end = 0;
      for (const { log } of broker.partitions.open()) log.watermark.setRule(() => end);
      const answers: string[] = [];
      const commit = async (): Promise<void> => {
        const partitions = [{ partitionIndex: 0, committedOffset: 1, committedMetadata: null }];
        const topics = [{ name: 't', partitions }];
        const answer = await broker.call('OffsetCommit', 8, { groupId: 'g', memberId: '', topics });
        answers.push(`commit ${answer.topics[0]!.partitions[0]!.errorCode}`);
      };
      const append = async (): Promise<void> => {
        answers.push(`produce ${(await produce(broker, batchOf(['a']))).errorCode}`);
      };
      const both = Promise.all([commit(), append()]);
      const ends = () => [...broker.partitions.open()].map(({ log }) => log.logEndOffset);
      while (ends().filter((each) => each === 1).length < 2) await turns();
      await turns();
      expect(answers).toEqual([]);
      end = 1;
      for (const { log } of broker.partitions.open()) log.watermark.advance();
      await both;
      expect(answers.sort()).toEqual(['commit 0', 'produce 0']);
    });
  });
});

import { describe, expect, test } from 'vitest';
import { ErrorCode } from '../../../server/protocol/error-codes.js';
import {
  batchOf,
  beside,
  fetchOf,
  produceOf,
  startAttackedBroker,
  valuesIn,
} from './attacked-broker.js';
import { WatchedNetwork } from './watched-network.js';

const FOR_EVER_MS = 2 ** 31 - 1;

describe('requests behind a long poll', () => {
  test('a produce on the same connection does not wait for it, and ends it', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    await beside(broker, async () => {
      const client = await broker.connect();
      client.send('Fetch', 12, fetchOf('t', 0, { maxWaitMs: FOR_EVER_MS }));
      client.send('Produce', 9, produceOf('t', batchOf(['x'])));
      const fetched = await client.next('Fetch', 12);
      const { records } = fetched.topics[0]!.partitions[0]!;
      expect(await valuesIn(records as Buffer)).toEqual(['x']);
      expect((await client.next('Produce', 9)).topics[0]!.partitions[0]!.errorCode).toBe(0);
    });
  });

  test('others wait their turn, are answered in order, and go when the client goes', async () => {
    const network = new WatchedNetwork();
    const broker = await startAttackedBroker({ network });
    await broker.createTopic('t');
    await beside(broker, async () => {
      const client = await broker.connect();
      client.send('Fetch', 12, fetchOf('t', 0, { maxWaitMs: FOR_EVER_MS }));
      for (let each = 0; each < 2000; each++) client.send('Metadata', 9, { topics: [] });
      const other = await broker.connect();
      await other.call('Produce', 9, produceOf('t', batchOf(['x'])));
      expect((await client.next('Fetch', 12)).topics[0]!.partitions[0]!.errorCode).toBe(0);
      for (let each = 0; each < 2000; each++) {
        expect((await client.next('Metadata', 9)).topics).toEqual([]);
      }
      client.send('Fetch', 12, fetchOf('t', 1, { maxWaitMs: FOR_EVER_MS }));
      // Fewer than are taken at a time: the client is still read from, so that its end is seen at
      // once.
      for (let each = 0; each < 500; each++) client.send('Metadata', 9, { topics: [] });
      const port = client.socket.localPort!;
      await network.until(() => network.from(port)!.receivedBytes > 2000 * 20);
      client.socket.resetAndDestroy();
      await network.until(() => network.from(port)!.closed);
    });
  });

  test('a wait of less than nothing is none', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const client = await broker.connect();
    const answer = await client.call('Fetch', 12, fetchOf('t', 0, { maxWaitMs: -(2 ** 31) }));
    expect(answer.topics[0]!.partitions[0]).toMatchObject({ errorCode: 0, highWatermark: 0 });
  });
});

describe('a topic that is deleted', () => {
  test('under a fetch that waits: the fetch is answered at once and says so', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    await beside(broker, async () => {
      const byName = await broker.connect();
      const byId = await broker.connect();
      const { topics } = await byId.call('Metadata', 12, { topics: [{ name: 't' }] });
      byName.send('Fetch', 12, fetchOf('t', 0, { maxWaitMs: FOR_EVER_MS }));
      byId.send('Fetch', 13, {
        maxWaitMs: FOR_EVER_MS,
        minBytes: 1,
        topics: [
          {
            topicId: topics[0]!.topicId,
            partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1000 }],
          },
        ],
        forgottenTopicsData: [],
      });
      const admin = await broker.connect();
      const deleted = await admin.call('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
      expect(deleted.responses[0]!.errorCode).toBe(ErrorCode.NONE);
      expect((await byName.next('Fetch', 12)).topics[0]!.partitions[0]!.errorCode).toBe(
        ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      );
      expect((await byId.next('Fetch', 13)).topics[0]!.partitions[0]!.errorCode).toBe(
        ErrorCode.UNKNOWN_TOPIC_ID,
      );
    });
  });

  test('while it is written to, again and again: every produce has its place or its error', async () => {
    const broker = await startAttackedBroker();
    await broker.createTopic('t');
    const seen = new Set<number>();
    await beside(broker, async () => {
      const admin = await broker.connect();
      const producer = await broker.connect();
      for (let round = 0; round < 20; round++) {
        for (let each = 0; each < 50; each++) {
          producer.send('Produce', 9, produceOf('t', batchOf([`${round} ${each}`])));
        }
        admin.send('DeleteTopics', 5, { topicNames: ['t'], timeoutMs: 1000 });
        for (let each = 0; each < 50; each++) {
          producer.send('Produce', 9, produceOf('t', batchOf([`${round} ${each}`])));
        }
        expect((await admin.next('DeleteTopics', 5)).responses[0]!.errorCode).toBe(0);
        await broker.createTopic('t');
        for (let each = 0; each < 100; each++) {
          const { topics } = await producer.next('Produce', 9);
          seen.add(topics[0]!.partitions[0]!.errorCode);
        }
        // The topic of the same name is a new one, and begins at 0 or with what was sent after it
        // came.
        const fresh = await producer.call('Produce', 9, produceOf('t', batchOf(['last'])));
        expect(fresh.topics[0]!.partitions[0]!.errorCode).toBe(0);
      }
    });
    expect([...seen].filter((code) => !GONE.has(code))).toEqual([]);
  });
});

/** What a client takes as "ask for metadata again". */
const GONE: ReadonlySet<number> = new Set([
  ErrorCode.NONE,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
]);

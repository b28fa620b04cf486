import { expect, test } from 'vitest';
import { seededRandom } from '../../../engine/random.js';
import type { RequestOf } from '../../../server/protocol/api.js';
import type { Fetch } from '../../../server/protocol/messages/fetch.js';
import {
  batchOf,
  fetchOf,
  type MemoryBroker,
  memoryBroker,
  produceOf,
} from '../../support/memory-broker.js';
import { often } from '../../support/often.js';

const SEEDS = Array.from({ length: often(15, 40) }, (_, seed) => seed + 1);
const STEPS = 150;
const PARTITIONS = 12;
const TOPICS = ['a', 'b'];

type FetchRequest = RequestOf<typeof Fetch>;

/** What a client knows of a partition that it fetches, and what of that its session knows. */
interface Position {
  readonly topic: string;
  readonly partition: number;
  offset: number;
  named: number | null;
}

/**
 * A client that fetches in a session as the Java client does: it names what is new or has another
 * offset, forgets partitions that it fetches no more, and begins again after an error. It keeps
 * what it was told.
 */
class SessionClient {
  readonly wanted = new Map<string, Position>();
  readonly #known = new Map<string, Position>();
  readonly got = new Map<string, Buffer[]>();
  readonly told = new Map<string, string>();
  incremental = 0;
  #sessionId = 0;
  #epoch = 0;

  request(maxBytes: number): FetchRequest {
    const isFull = this.#epoch === 0;
    const wishes = [...this.wanted.values()].filter(
      (position) => isFull || position.named !== position.offset,
    );
    const gone = [...this.#known].filter(([key]) => !isFull && !this.wanted.has(key));
    this.#known.clear();
    for (const [key, position] of this.wanted) {
      position.named = position.offset;
      this.#known.set(key, position);
    }
    return {
      ...fetchOf({}, [], { sessionId: this.#sessionId, sessionEpoch: this.#epoch, maxBytes }),
      topics: wishes.map(({ topic, partition, offset }) => ({
        topic,
        partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: maxBytes }],
      })),
      forgottenTopicsData: gone.map(([, { topic, partition }]) => ({
        topic,
        partitions: [partition],
      })),
    } as unknown as FetchRequest;
  }

  async fetch(broker: MemoryBroker, maxBytes: number): Promise<void> {
    const wasFull = this.#epoch === 0;
    const answer = await broker.call('Fetch', 12, this.request(maxBytes));
    if (answer.errorCode !== 0) {
      this.#epoch = 0;
      return;
    }
    if (!wasFull) this.incremental += 1;
    this.#sessionId = answer.sessionId;
    this.#epoch = answer.sessionId === 0 ? 0 : this.#epoch + 1;
    for (const { topic, partitions } of answer.topics) {
      for (const each of partitions) {
        const key = `${topic}-${each.partitionIndex}`;
        const position = this.wanted.get(key);
        expect(position, `${key} was not asked for`).toBeDefined();
        this.told.set(key, stateOf(each));
        if (each.errorCode !== 0) continue;
        const records = each.records as Buffer;
        if (records.length === 0) continue;
        this.got.set(key, [...(this.got.get(key) ?? []), Buffer.from(records)]);
        position!.offset = endOf(records);
      }
    }
  }

  /** Its connection is lost with the answer, or it lost its memory. */
  beginAnew(): void {
    this.#epoch = 0;
  }
}

function stateOf(answer: { errorCode: number; highWatermark: number; logStartOffset: number }) {
  return `${answer.errorCode} ${answer.highWatermark} ${answer.logStartOffset}`;
}

/** The offset after the last record of whole batches. */
function endOf(records: Buffer): number {
  let at = 0;
  let end = 0;
  while (at < records.length) {
    end = Number(records.readBigInt64BE(at)) + records.readInt32BE(at + 23) + 1;
    at += 12 + records.readInt32BE(at + 8);
  }
  return end;
}

test.each(SEEDS)('seed %i: a client in a session gets what one without gets', async (seed) => {
  const random = seededRandom(seed);
  const below = (count: number) => Math.floor(random.next() * count);
  const broker = await memoryBroker({ fetchSessionPartitionsMax: 30 });
  for (const topic of TOPICS) await broker.createTopic(topic, PARTITIONS);
  const client = new SessionClient();
  const start = new Map<string, number>();
  const any = () => [TOPICS[below(2)]!, below(PARTITIONS)] as const;

  for (let step = 0; step < STEPS; step++) {
    const [topic, partition] = any();
    const key = `${topic}-${partition}`;
    const roll = below(100);
    if (roll < 30) {
      await broker.call(
        'Produce',
        9,
        produceOf(topic, batchOf([`${seed} ${step}`]), { partition }),
      );
    } else if (roll < 50) {
      const log = broker.engine.log(topic, partition);
      if (!client.wanted.has(key)) {
        const offset = log.logStartOffset + below(log.highWatermark - log.logStartOffset + 1);
        client.wanted.set(key, { topic, partition, offset, named: null });
        client.got.set(key, []);
        client.told.delete(key);
        start.set(key, offset);
      }
    } else if (roll < 55) client.wanted.delete(key);
    else if (roll < 58) {
      const position = client.wanted.get(key);
      if (position !== undefined) {
        position.offset = broker.engine.log(topic, partition).logStartOffset;
        start.set(key, position.offset);
        client.got.set(key, []);
      }
    } else if (roll < 60) client.beginAnew();
    else if (roll < 62) broker.clock.advance(130_000);
    else await client.fetch(broker, 1 + below(400));
  }

  const missing = () =>
    [...client.wanted.values()].filter(
      ({ topic, partition, offset }) => offset < broker.engine.log(topic, partition).highWatermark,
    );
  for (let round = 0; missing().length > 0 && round < STEPS; round++) {
    await client.fetch(broker, 1000);
  }
  // One more, so that it was told the last that happened.
  await client.fetch(broker, 1000);
  await client.fetch(broker, 1000);
  expect(missing()).toEqual([]);
  for (const [key, { topic, partition }] of client.wanted) {
    const naive = await broker.call(
      'Fetch',
      12,
      fetchOf({ name: topic }, [{ partition, fetchOffset: start.get(key)! }], { sessionEpoch: -1 }),
    );
    const [answer] = naive.topics[0]!.partitions;
    const got = Buffer.concat(client.got.get(key) ?? []);
    expect(got.toString('hex'), key).toBe((answer!.records as Buffer).toString('hex'));
    expect(client.told.get(key), key).toBe(stateOf(answer!));
  }
  if (client.wanted.size > 0) expect(client.incremental).toBeGreaterThan(0);
});

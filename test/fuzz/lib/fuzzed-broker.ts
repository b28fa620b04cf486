import { baseOffset, batchSize, lastOffset } from '../../../engine/batch/header.js';
import { scanBatchAt } from '../../../engine/batch/validate.js';
import type { Engine } from '../../../engine/engine.js';
import { APIS, lookupApi } from '../../../server/handlers/apis.js';
import { CloseConnection } from '../../../server/net/dispatcher.js';
import type { ResponsePart } from '../../../server/net/sending/response-writer.js';
import type { Api } from '../../../server/protocol/api.js';
import { decodeRequestStart, decodeResponse } from '../../../server/protocol/frame.js';
import {
  joined,
  type MemoryBroker,
  memoryBroker,
  TestConnection,
  turns,
} from '../../support/memory-broker.js';
import { newWorld, openWorld, type SimWorld } from '../../support/sim-engine.js';
import { FuzzRandom } from './fuzz-random.js';
import { BrokenPromise } from './target.js';
import { Words } from './words.js';

const TOPICS = ['t', 'compacted'] as const;
const SETTINGS = {
  'offsets.topic.num.partitions': '2',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '1048576',
};
/** Requests that are under way together, as from a client that pipelines. */
const CHUNK = 8;
/** Turns of the event loop in which everything must be over once the broker was stopped. */
const LAST_TURNS_MAX = 200_000;

/** The dispatcher and all behind it, down to logs on a simulated disk, with a judge in front. */
export class FuzzedBroker {
  readonly words: Words;
  readonly #broker: MemoryBroker;
  readonly #engine: Engine;
  readonly #random: FuzzRandom;
  readonly #failures: unknown[];
  readonly #pending = new Set<Promise<void>>();
  #connection = new TestConnection();
  #fed = 0;

  private constructor(
    broker: MemoryBroker,
    engine: Engine,
    { words, seed, failures }: { words: Words; seed: number; failures: unknown[] },
  ) {
    this.#broker = broker;
    this.#engine = engine;
    this.words = words;
    this.#random = new FuzzRandom(seed, 1);
    this.#failures = failures;
  }

  static async open(seed: number): Promise<FuzzedBroker> {
    const world: SimWorld = newWorld();
    const engine = await openWorld(world, { seed });
    const failures: unknown[] = [];
    const broker = await memoryBroker({
      host: engine,
      seed,
      clock: world.clock,
      settings: SETTINGS,
      partitionsPerTopicMax: 16,
      crash: (error) => failures.push(error),
    });
    const words = new Words();
    for (const topic of TOPICS) {
      const { topicId } = await broker.createTopic(topic, 2, {
        ...(topic === 'compacted' && { 'cleanup.policy': 'compact' }),
      });
      words.addTopic(topic, topicId);
    }
    return new FuzzedBroker(broker, engine, { words, seed, failures });
  }

  /** Hands the frame to the dispatcher, and waits now and then. Throws what went wrong so far. */
  feed(frame: Buffer): Promise<void> | undefined {
    const answering = this.#dispatch(frame).catch((error: unknown) => {
      this.#failures.push(error);
    });
    this.#pending.add(answering);
    void answering.then(() => this.#pending.delete(answering));
    this.#fed++;
    return this.#fed % CHUNK === 0 ? this.#rest() : undefined;
  }

  async #rest(): Promise<void> {
    await turns(2);
    this.#broker.clock.advance(this.#random.once(20) ? 12_000 : this.#random.below(300));
    this.#judge();
  }

  async #dispatch(frame: Buffer): Promise<void> {
    const sent = frame.length >= 8 ? decodeRequestStart(frame) : null;
    let parts: readonly ResponsePart[] | null;
    try {
      // The frame belongs to the broker, which stamps the batches in it.
      parts = await this.#broker.dispatcher.dispatch(Buffer.from(frame), this.#connection);
    } catch (error) {
      if (!(error instanceof CloseConnection)) throw error;
      this.#connection.close();
      this.#connection = new TestConnection();
      return;
    }
    if (parts === null) return;
    const answer = joined(parts);
    if (answer.readInt32BE(0) !== answer.length - 4) {
      throw new BrokenPromise('an answer does not have the size that it says');
    }
    const api = lookupApi(sent!.apiKey)!;
    if (sent!.apiVersion > api.max) return;
    this.#look(api, sent!.apiVersion, answer.subarray(4));
  }

  #look(api: Api, version: number, answer: Buffer): void {
    const { body } = decodeResponse(api, version, answer);
    this.words.learn(body);
    if (api === (APIS.Fetch as Api)) checkFetched(body);
  }

  #judge(): void {
    const loud = this.#broker.lines.find(
      ({ level, message }) => level === 'error' || message.includes('unexpected'),
    );
    if (loud !== undefined) {
      const { error, ...fields } = loud.fields as { error?: unknown };
      if (error instanceof Error) throw error;
      throw new BrokenPromise(`${loud.message}: ${JSON.stringify(fields)}`);
    }
    this.#broker.lines.length = 0;
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  /** Stops the broker as `openBroker` does: waiting requests are answered or forgotten. */
  async end(): Promise<void> {
    await turns(2);
    this.#connection.close();
    this.#broker.groups.stop();
    this.#broker.delayed.expireAll();
    for (let turn = 0; this.#pending.size > 0; turn++) {
      if (turn === LAST_TURNS_MAX) {
        throw new BrokenPromise(`${this.#pending.size} requests wait for ever`);
      }
      await turns(1);
    }
    this.#judge();
    await this.#broker.partitions.stop();
    await this.#broker.store.close();
    await this.#engine.close();
    this.#judge();
  }
}

/** What is served is whole batches in order, with the checksums that they came with. */
function checkFetched(body: unknown): void {
  const { topics } = body as {
    topics: { partitions: { records: Buffer | null; highWatermark: number }[] }[];
  };
  for (const { partitions } of topics) {
    for (const { records, highWatermark } of partitions) {
      let next = 0;
      for (let at = 0; records !== null && at < records.length; ) {
        const size = scanBatchAt(records, at, records.length - at);
        if (typeof size !== 'number' || baseOffset(records, at) < next) {
          throw new BrokenPromise(
            `wrong bytes were served at ${at}: ${size}, for a batch of ${batchSize(records, at)}`,
          );
        }
        next = lastOffset(records, at) + 1;
        if (next > highWatermark) throw new BrokenPromise('more was served than is committed');
        at += size;
      }
    }
  }
}

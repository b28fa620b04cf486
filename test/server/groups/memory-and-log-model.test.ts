import { expect, test } from 'vitest';
import { EngineError } from '../../../engine/errors.js';
import { type Random, seededRandom } from '../../../engine/random.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';
import type { MemoryLog } from '../../support/memory-log.js';

const SEEDS = Array.from({ length: 6 }, (_, at) => at + 1);
const ROUNDS = 40;
const STEPS = 12;
const GROUPS = ['g0', 'g1'];
const TOPICS = ['a', 'b'];
/** A commit of all of them takes several batches. */
const PARTITIONS = 40;
const LARGE_METADATA = 'm'.repeat(4000);
const EVERYTHING = Number.POSITIVE_INFINITY;

/** Clients of two groups, and a log that holds writes up, refuses them, and changes its leader. */
class World {
  readonly broker: MemoryBroker;
  /** Requests without an answer. */
  open = 0;
  readonly #random: Random;
  readonly #log: MemoryLog;
  #end = EVERYTHING;
  #refusals = 0;
  #epoch = 0;
  #lastOffset = 0;

  private constructor(broker: MemoryBroker, seed: number) {
    this.broker = broker;
    this.#random = seededRandom(seed);
    this.#log = broker.engine.log('__consumer_offsets');
    this.#log.watermark.setRule(({ promisedEnd }) => Math.min(this.#end, promisedEnd));
    const append = this.#log.append.bind(this.#log);
    this.#log.append = (batch, origin) => {
      if (this.#refusals === 0 || this.#below(2) === 0) return append(batch, origin);
      this.#refusals -= 1;
      return Promise.reject(new EngineError('STORAGE_BUSY', 'too much is waiting'));
    };
  }

  static async open(seed: number): Promise<World> {
    const settings = {
      'offsets.topic.num.partitions': '1',
      'offsets.commit.timeout.ms': '2000',
    };
    const broker = await memoryBroker({ seed, settings });
    for (const topic of TOPICS) await broker.createTopic(topic, PARTITIONS);
    await broker.groups.coordinatorOf('g0');
    return new World(broker, seed);
  }

  async step(): Promise<void> {
    const { broker } = this;
    const groupId = GROUPS[this.#below(GROUPS.length)]!;
    const topic = TOPICS[this.#below(TOPICS.length)]!;
    switch (this.#below(14)) {
      case 0:
        await broker.call('DeleteTopics', 5, { topicNames: [topic], timeoutMs: 1000 });
        break;
      case 1:
      case 2:
        if (broker.metadata.image.topic(topic) === undefined) {
          await broker.createTopic(topic, PARTITIONS);
        }
        break;
      case 3:
        this.#end = this.#log.highWatermark;
        break;
      case 4:
      case 5:
        this.#letGo();
        break;
      case 6:
        this.#log.holding = true;
        break;
      case 7:
        this.#lead({ minInSyncReplicas: 1 + this.#below(2) });
        break;
      case 8:
        this.#refusals = this.#below(3);
        broker.clock.advance(this.#below(2500));
        break;
      case 9:
        if (this.#below(3) === 0) void this.#asked(this.lead());
        break;
      case 10:
        void this.#asked(broker.call('DeleteGroups', 1, { groupsNames: [groupId] }));
        break;
      case 11:
        void this.#asked(broker.groups.offsets.delete(groupId, this.#someOf(topic)));
        break;
      default:
        void this.#asked(this.#commit(groupId, topic));
    }
    await turns(this.#below(4));
  }

  /** Nothing is held up or refused any more. Resolves when everybody should have been answered. */
  async rest(): Promise<void> {
    this.#refusals = 0;
    this.#lead({ minInSyncReplicas: 1 });
    this.#letGo();
    await turns(60);
  }

  /** The partition is led in another epoch, so that its groups are loaded anew. */
  async lead(): Promise<void> {
    this.#epoch += 1;
    this.#lead({ leaderEpoch: this.#epoch });
    await this.broker.groups.shards.lead(0, this.#epoch);
  }

  /** Every offset that is served. */
  async offsets(): Promise<string[]> {
    const served: string[] = [];
    for (const groupId of GROUPS) {
      const { topics } = await this.broker.call('OffsetFetch', 5, { groupId, topics: null });
      for (const { name, partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) {
          served.push(`${groupId} ${name}-${partitionIndex} ${committedOffset}`);
        }
      }
    }
    return served.sort();
  }

  #commit(groupId: string, name: string) {
    const isLarge = this.#below(8) === 0;
    const count = isLarge ? PARTITIONS : 1 + this.#below(3);
    const partitions = Array.from({ length: count }, (_, index) => ({
      partitionIndex: isLarge ? index : this.#below(4),
      committedOffset: ++this.#lastOffset,
      committedMetadata: isLarge ? LARGE_METADATA : null,
    }));
    const topics = [{ name, partitions }];
    return this.broker.call('OffsetCommit', 8, { groupId, memberId: '', topics });
  }

  /** Few, or the same few so often that it takes turns to look at them. */
  #someOf(topic: string) {
    const length = this.#below(3) === 0 ? 3000 : 4;
    return Array.from({ length }, (_, at) => ({ topic, partition: at % 4 }));
  }

  async #asked(request: Promise<unknown>): Promise<void> {
    this.open += 1;
    // Refusals are answers.
    await request.catch(() => {});
    this.open -= 1;
  }

  #lead(change: { readonly minInSyncReplicas?: number; readonly leaderEpoch?: number }): void {
    const topic = this.broker.metadata.image.topic('__consumer_offsets')!;
    const partition = this.broker.partitions.find(topic, 0);
    partition.lead({ ...partition.leadership, ...change });
  }

  #letGo(): void {
    this.#end = EVERYTHING;
    this.#log.holding = false;
    this.#log.sync();
    this.#log.watermark.advance();
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound);
  }
}

test.each(SEEDS)(
  'whatever became of its writes, a load finds what was served (seed %i)',
  async (seed) => {
    const world = await World.open(seed);
    for (let round = 0; round < ROUNDS; round++) {
      for (let step = 0; step < STEPS; step++) await world.step();
      await world.rest();
      expect(world.open).toBe(0);
      const served = await world.offsets();
      await world.lead();
      expect(await world.offsets()).toEqual(served);
    }
  },
);

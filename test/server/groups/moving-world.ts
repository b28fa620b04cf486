import { type Random, seededRandom } from '../../../engine/random.js';
import { OFFSETS_TOPIC } from '../../../server/groups/offsets-topic.js';
import { type ErrorName, errorInfo } from '../../../server/protocol/error-codes.js';
import { type MemoryBroker, memoryBroker, turns } from '../../support/memory-broker.js';
import type { MemoryLog } from '../../support/memory-log.js';

export const OFFSETS_PARTITIONS = 3;
/** Partitions of the topic that groups read. */
export const READ_PARTITIONS = 4;

/** What clients were told of one committed offset. */
interface Told {
  /** The largest that was acknowledged, or given to a fetch that had ended. */
  atLeast: number;
  /** Every offset that a client tried to commit. */
  readonly tried: Set<number>;
}

/**
 * A broker whose offsets partitions are led and not led by turns, whose writes and loads are held
 * up at random, and what its clients were told.
 */
export class MovingWorld {
  readonly broker: MemoryBroker;
  readonly random: Random;
  /** Leadership moves, and members vanish. */
  isMoving = true;
  /** Clients end. */
  isOver = false;
  moves = 0;
  /** How often clients were told each code. */
  readonly told = new Map<ErrorName, number>();
  /** Requests without an answer, by what they are. */
  readonly open = new Map<string, number>();
  /** The largest generation that a member of each group was given an assignment of. */
  readonly generations = new Map<string, number>();
  readonly #offsets = new Map<string, Told>();
  readonly #held = new Set<MemoryLog>();
  #lastOffset = 0;
  #lastEpoch = 0;

  private constructor(broker: MemoryBroker, seed: number) {
    this.broker = broker;
    this.random = seededRandom(seed);
  }

  static readonly settings = {
    'offsets.topic.num.partitions': String(OFFSETS_PARTITIONS),
    'group.initial.rebalance.delay.ms': '0',
    'offsets.commit.timeout.ms': '1000',
  };

  static async open(seed: number): Promise<MovingWorld> {
    const broker = await memoryBroker({ settings: MovingWorld.settings, seed });
    await broker.createTopic('t', READ_PARTITIONS);
    const world = new MovingWorld(broker, seed);
    await broker.groups.shards.ensure();
    for (const log of world.#logs()) world.#delayReads(log);
    return world;
  }

  below(bound: number): number {
    return Math.floor(this.random.next() * bound);
  }

  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** What a client does between two requests. */
  async rest(): Promise<void> {
    await turns(1 + this.below(4));
  }

  /** Sends a request; while it is not answered, it stands in `open`. */
  async asked<T>(what: string, request: Promise<T>): Promise<T> {
    this.open.set(what, (this.open.get(what) ?? 0) + 1);
    try {
      return await request;
    } finally {
      const left = this.open.get(what)! - 1;
      if (left === 0) this.open.delete(what);
      else this.open.set(what, left);
    }
  }

  note(code: number): ErrorName {
    const { name } = errorInfo(code);
    this.told.set(name, (this.told.get(name) ?? 0) + 1);
    return name;
  }

  /** One step of whatever happens beside the clients. */
  async step(): Promise<void> {
    const { broker } = this;
    const index = this.below(OFFSETS_PARTITIONS);
    switch (this.below(12)) {
      case 0:
        this.moves += 1;
        void this.asked('follow', broker.groups.shards.follow(index));
        break;
      case 1:
      case 2:
        this.moves += 1;
        void this.asked('lead', broker.groups.shards.lead(index, ++this.#lastEpoch));
        break;
      case 3:
        this.#hold(this.#logs()[index]!);
        break;
      case 4:
        this.#letGo();
        break;
      default:
        broker.clock.advance(this.below(800));
    }
    await turns(1 + this.below(3));
  }

  /** Every shard leads, in a new term, and nothing is held up. */
  async leadAll(): Promise<void> {
    this.isMoving = false;
    this.#letGo();
    for (let index = 0; index < OFFSETS_PARTITIONS; index++) {
      await this.broker.groups.shards.lead(index, ++this.#lastEpoch);
    }
  }

  /** An offset that is larger than all before. */
  nextOffset(group: string, partition: number): number {
    const offset = ++this.#lastOffset;
    this.#toldOf(group, partition).tried.add(offset);
    return offset;
  }

  acknowledged(group: string, partition: number, offset: number): void {
    const told = this.#toldOf(group, partition);
    told.atLeast = Math.max(told.atLeast, offset);
  }

  /** What a fetch that begins now may not fall behind. */
  atLeast(group: string, partition: number): number {
    return this.#toldOf(group, partition).atLeast;
  }

  /** Throws unless a fetch may be given `offset`. */
  check(group: string, partition: number, offset: number, atLeast: number): void {
    const told = this.#toldOf(group, partition);
    const isTried = offset === -1 || told.tried.has(offset);
    if (offset < atLeast || !isTried) {
      throw new Error(`${group}-${partition}: ${offset} was fetched, ${atLeast} was known`);
    }
    told.atLeast = Math.max(told.atLeast, offset);
  }

  /** What every committed offset is at least, by group and partition. */
  *offsets(): Iterable<{ group: string; partition: number; atLeast: number }> {
    for (const [key, { atLeast }] of this.#offsets) {
      const [group, partition] = key.split('/');
      yield { group: group!, partition: Number(partition), atLeast };
    }
  }

  #toldOf(group: string, partition: number): Told {
    const key = `${group}/${partition}`;
    let told = this.#offsets.get(key);
    if (told === undefined) {
      told = { atLeast: -1, tried: new Set() };
      this.#offsets.set(key, told);
    }
    return told;
  }

  #logs(): MemoryLog[] {
    return Array.from({ length: OFFSETS_PARTITIONS }, (_, index) =>
      this.broker.engine.log(OFFSETS_TOPIC, index),
    );
  }

  /** Its disk does not answer, or replicas have nothing new: writes wait, or time out. */
  #hold(log: MemoryLog): void {
    const { highWatermark } = log;
    if (this.once(2)) log.holding = true;
    else log.watermark.setRule(() => highWatermark);
    this.#held.add(log);
  }

  #letGo(): void {
    for (const log of this.#held) {
      log.holding = false;
      log.watermark.setRule(({ promisedEnd }) => promisedEnd);
      log.sync();
    }
    this.#held.clear();
  }

  /** A load takes turns, so that it can be overtaken. */
  #delayReads(log: MemoryLog): void {
    const read = log.read.bind(log);
    log.read = (request) => {
      const result = read(request);
      const { slice } = result;
      if (slice === null || !this.isMoving) return result;
      const bytes = async () => {
        await turns(this.below(6));
        return slice.bytes();
      };
      return { ...result, slice: { bytes, release: () => slice.release() } as never };
    };
  }
}

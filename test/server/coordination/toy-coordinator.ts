import { TurnSlices } from '../../../engine/turn-slices.js';
import type { Alarm } from '../../../server/coordination/alarm.js';
import type { Mortal } from '../../../server/coordination/deadlines.js';
import type { RecordCodec } from '../../../server/coordination/record-codec.js';
import type { ShardState } from '../../../server/coordination/shard-state.js';
import { Shards } from '../../../server/coordination/shards.js';
import { StateTopic } from '../../../server/coordination/state-topic.js';
import type { Term } from '../../../server/coordination/term.js';
import type { TopicImage } from '../../../server/metadata/image.js';
import type { MetadataDelta, MetadataView } from '../../../server/metadata/metadata-view.js';
import type { MemoryBroker } from '../../support/memory-broker.js';

export const TOY_TOPIC = 'toy-state';

/** A name and its number; null takes it away. */
export interface ToyRecord {
  readonly name: string;
  readonly number: number | null;
}

const CODEC: RecordCodec<ToyRecord> = {
  encode: ({ name, number }) => ({
    key: Buffer.from(name),
    value: number === null ? null : Buffer.from(String(number)),
  }),
  encodeInSlices: (record) => CODEC.encode(record),
  decode: (key, value) => ({
    name: key.toString(),
    number: value === null ? null : Number(value.toString()),
  }),
};

/** A number by name, and what is kept of each while the shard leads. */
export class ToyState implements ShardState<ToyRecord> {
  readonly term: Term<ToyRecord>;
  readonly numbers = new Map<string, number>();
  readonly rung: string[] = [];
  readonly waiting = new Set<(answer: string) => void>();
  readonly alarm: Alarm<Mortal & { readonly name: string }>;
  isLoaded = false;
  isForgotten = false;

  constructor(term: Term<ToyRecord>) {
    this.term = term;
    this.alarm = term.alarm(async ({ name }) => void this.rung.push(name));
  }

  replay({ name, number }: ToyRecord): void {
    if (number === null) this.numbers.delete(name);
    else this.numbers.set(name, number);
  }

  async loaded(): Promise<void> {
    this.isLoaded = true;
  }

  async forget(): Promise<void> {
    this.isForgotten = true;
    for (const answer of this.waiting) answer('NOT_COORDINATOR');
  }

  put(name: string, number: number): Promise<void> {
    const record = { name, number };
    return this.term.write(name, [record], 0, () => this.numbers.set(name, number));
  }

  /** Rings after so long. */
  setAlarm(name: string, atMs: number): void {
    const never = Number.POSITIVE_INFINITY;
    this.alarm.set({ name, deadlineMs: never, queuedMs: never }, atMs);
  }
}

/** A broker's metadata in which leaders of the toy's partitions are moved by hand. */
class MovedLeaders implements MetadataView {
  readonly #metadata: MetadataView;
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();
  #moved: TopicImage | null = null;

  constructor(metadata: MetadataView) {
    this.#metadata = metadata;
  }

  get image() {
    const { image } = this.#metadata;
    const topic = (name: string) =>
      this.#moved?.id === image.topic(name)?.id ? (this.#moved ?? undefined) : image.topic(name);
    return Object.create(image, { topic: { value: topic } });
  }

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    this.#listeners.add(listener);
    return this.#metadata.onChange(listener);
  }

  move(index: number, leader: number, leaderEpoch: number): void {
    const before = this.image.topic(TOY_TOPIC)!;
    const partitions = [...before.partitions];
    partitions[index] = { ...partitions[index]!, leader, leaderEpoch };
    const after = { ...before, partitions };
    this.#moved = after;
    const topics = new Map([[TOY_TOPIC, { before, after }]]);
    for (const listener of this.#listeners) {
      listener({ image: this.image, topics, brokerSettingsChanged: false });
    }
  }
}

/** The runtime on a broker in memory, with a user that keeps numbers. */
export function toyCoordinator(broker: MemoryBroker, partitionCount = 4) {
  const { clock, controller, partitions, settings } = broker;
  const metadata = new MovedLeaders(broker.metadata);
  const slices = new TurnSlices(clock);
  const lines: string[] = [];
  const quiet = (): void => {};
  const topic = new StateTopic<ToyRecord>({
    name: TOY_TOPIC,
    codec: CODEC,
    metadata,
    controller,
    partitions,
    partitionCount,
    replicationFactor: 1,
    segmentBytes: 1_048_576,
    slices,
  });
  const states: ToyState[] = [];
  const shards = new Shards<ToyRecord, ToyState>({
    topic,
    holds: 'numbers',
    writeTimeoutMs: 5000,
    open: (term) => {
      const state = new ToyState(term);
      states.push(state);
      return state;
    },
    metadata,
    nodeId: settings.nodeId,
    dataDir: '/data',
    clock,
    slices,
    logger: { debug: quiet, info: quiet, warn: quiet, error: (_, line) => void lines.push(line) },
  });
  return { topic, shards, states, lines, metadata };
}

export type ToyCoordinator = ReturnType<typeof toyCoordinator>;

import { describe, expect, test } from 'vitest';
import { EngineError, ManualClock } from '../../../engine/index.js';
import { TurnSlices } from '../../../engine/turn-slices.js';
import {
  emptyImage,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from '../../../server/metadata/image.js';
import type { MetadataDelta, MetadataView } from '../../../server/metadata/metadata-view.js';
import { type LogHost, Partitions } from '../../../server/partition/partitions.js';
import { DelayedOperations } from '../../../server/request/delayed.js';
import type { WaitKey } from '../../../server/request/waiting.js';
import { resolveTopicSettings } from '../../../server/settings/topic-settings.js';
import { readValues, batchOf as stampedBatch } from '../../support/batches.js';
import { batchOf, memoryBroker, turns } from '../../support/memory-broker.js';
import { MemoryEngine } from '../../support/memory-log.js';
import { newWorld, openWorld } from '../../support/sim-engine.js';

const HERE = 1;
const OTHER = 2;

/** The metadata of a cluster of two nodes, which a test changes by hand. */
class TestMetadata implements MetadataView {
  image: MetadataImage = emptyImage({ clusterId: 'c', controllerId: HERE, brokers: [] });
  readonly #listeners = new Set<(delta: MetadataDelta) => void>();

  onChange(listener: (delta: MetadataDelta) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Topic `t` has these partitions from now on; none delete it. */
  set(partitions: readonly PartitionImage[]): TopicImage {
    const before = this.image.topic('t');
    const revision = this.image.revision + 1;
    const id = 'AAAAAAAAAAAAAAAAAAAAAA';
    const topic = { name: 't', id, internal: false, partitions, overrides: {}, revision };
    const after = partitions.length === 0 ? null : topic;
    this.image = this.image.with({ revision, topics: new Map([['t', after]]) });
    const topics = new Map([['t', { before, after: after ?? undefined }]]);
    for (const listener of this.#listeners) {
      listener({ image: this.image, topics, brokerSettingsChanged: false });
    }
    return topic;
  }
}

const ledBy = (leader: number, replicas: number[], leaderEpoch = 0): PartitionImage => ({
  leader,
  leaderEpoch,
  replicas,
  isr: replicas,
});

function partitionsOn<Host extends LogHost>(engine: Host) {
  const clock = new ManualClock();
  const metadata = new TestMetadata();
  const delayed = new DelayedOperations<WaitKey>(clock);
  const errors: string[] = [];
  const partitions = new Partitions({
    engine,
    metadata,
    nodeId: HERE,
    logger: {
      debug: () => {},
      info: () => {},
      warn: () => {},
      error: (_fields, message) => void errors.push(message),
    },
    slices: new TurnSlices(clock),
    producerExpirationMs: 1_000_000,
    settingsOf: () => resolveTopicSettings({}, {}, {}),
    delayed,
    onMove: () => {},
    onDeleted: () => {},
  });
  const openNumbers = () => [...partitions.open()].map(({ name }) => name.partition).sort();
  return { engine, metadata, partitions, delayed, errors, openNumbers };
}

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'NONE';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('partitions of other brokers', () => {
  test('are not opened at the start, nor when their topic is created or grows', async () => {
    const { engine, metadata, partitions, openNumbers } = partitionsOn(new MemoryEngine());
    metadata.set([ledBy(OTHER, [OTHER]), ledBy(OTHER, [OTHER, HERE])]);
    await partitions.start([]);
    expect(openNumbers()).toEqual([1]);
    const topic = metadata.set([
      ledBy(OTHER, [OTHER]),
      ledBy(OTHER, [OTHER, HERE]),
      ledBy(HERE, [HERE]),
      ledBy(OTHER, [OTHER]),
    ]);
    await partitions.ensure(topic);
    expect(openNumbers()).toEqual([1, 2]);
    expect(engine.opened.map(({ partition }) => partition)).toEqual([1, 2]);
  });

  test('are refused so that clients look for the leader, beyond the last one for good', async () => {
    const { metadata, partitions } = partitionsOn(new MemoryEngine());
    const topic = metadata.set([ledBy(OTHER, [OTHER]), ledBy(OTHER, [OTHER, HERE])]);
    await partitions.start([]);
    expect(codeOf(() => partitions.find(topic, 0))).toBe('NOT_LEADER_OR_FOLLOWER');
    expect(codeOf(() => partitions.find(topic, 1).append(batchOf(['a']), 1))).toBe(
      'NOT_LEADER_OR_FOLLOWER',
    );
    expect(codeOf(() => partitions.find(topic, 2))).toBe('UNKNOWN_TOPIC_OR_PARTITION');
    expect(partitions.isOffline(topic.id, 0)).toBe(false);
  });

  test('are no strays, and their files go with their topic', async () => {
    const engine = new MemoryEngine();
    const { metadata, partitions } = partitionsOn(engine);
    const { id } = metadata.set([ledBy(OTHER, [OTHER])]);
    engine.folders.add(`${id}-0`);
    const set: string[] = [];
    engine.setAsideStrays = async (known) => {
      for (const [name] of known.live) set.push(name);
      return [];
    };
    await partitions.start([]);
    expect(set).toEqual(['t-0']);
    metadata.set([]);
    await partitions.stop();
    expect(engine.deleted.map(({ partition }) => partition)).toEqual([0]);
  });
});

describe('a partition that goes to another broker', () => {
  test('is closed, and what waits is refused although the high watermark passes it', async () => {
    const { engine, metadata, partitions, openNumbers } = partitionsOn(new MemoryEngine());
    const topic = metadata.set([ledBy(HERE, [HERE])]);
    await partitions.start([]);
    const log = engine.log('t');
    log.holding = true;
    const append = partitions.find(topic, 0).append(batchOf(['a']), -1);
    const after = metadata.set([ledBy(OTHER, [OTHER], 1)]);
    log.sync();
    await expect(append).rejects.toMatchObject({ code: 'NOT_LEADER_OR_FOLLOWER' });
    await turns();
    expect(openNumbers()).toEqual([]);
    expect(engine.closed.map(({ partition }) => partition)).toEqual([0]);
    expect(codeOf(() => partitions.find(after, 0))).toBe('NOT_LEADER_OR_FOLLOWER');
  });

  test('while it is being opened is closed as soon as it is', async () => {
    const engine = new MemoryEngine();
    let open = (): void => {};
    engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { metadata, partitions, openNumbers } = partitionsOn(engine);
    await partitions.start([]);
    metadata.set([ledBy(HERE, [HERE])]);
    metadata.set([ledBy(OTHER, [OTHER], 1)]);
    await turns();
    expect(engine.closed).toEqual([]);
    open();
    await turns();
    expect([openNumbers(), engine.closed.length]).toEqual([[], 1]);
    metadata.set([ledBy(HERE, [HERE], 2)]);
    await turns();
    expect(openNumbers()).toEqual([0]);
  });

  test('and comes back before it was opened is open, once', async () => {
    const engine = new MemoryEngine();
    let open = (): void => {};
    engine.gate = new Promise((resolve) => {
      open = resolve;
    });
    const { metadata, partitions, openNumbers } = partitionsOn(engine);
    await partitions.start([]);
    metadata.set([ledBy(HERE, [HERE])]);
    metadata.set([ledBy(OTHER, [OTHER], 1)]);
    const topic = metadata.set([ledBy(HERE, [HERE], 2)]);
    open();
    await turns();
    expect([openNumbers(), engine.closed]).toEqual([[0], []]);
    expect(partitions.find(topic, 0).leadership.leaderEpoch).toBe(2);
    expect((await partitions.find(topic, 0).append(batchOf(['a']), -1)).lastOffset).toBe(0);
  });

  test('keeps its files, and what it has when it comes back', async () => {
    const world = newWorld();
    const engine = await openWorld(world);
    const { metadata, partitions } = partitionsOn(engine);
    let topic = metadata.set([ledBy(HERE, [HERE])]);
    await partitions.start([]);
    await partitions.find(topic, 0).append(batchOf(['a']), -1);
    metadata.set([ledBy(OTHER, [OTHER], 1)]);
    topic = metadata.set([ledBy(HERE, [HERE], 2)]);
    await partitions.ensure(topic);
    const { log } = partitions.find(topic, 0);
    expect([...(await readValues(log)).values()]).toEqual(['a']);
    expect(log.epochs.current).toBe(2);
    await partitions.find(topic, 0).append(batchOf(['b']), -1);
    expect(log.epochs.at(1)).toBe(2);
    await partitions.stop();
    await engine.close();
  });
});

describe('a role that changes', () => {
  test('is told to the log, and so is the epoch', async () => {
    const engine = await openWorld(newWorld());
    const { metadata, partitions } = partitionsOn(engine);
    let topic = metadata.set([ledBy(HERE, [HERE, OTHER])]);
    await partitions.start([]);
    const partition = partitions.find(topic, 0);
    expect(partition.log.epochs.current).toBe(engine.leaderEpoch);
    await partition.append(batchOf(['a']), 1);
    metadata.set([ledBy(OTHER, [HERE, OTHER], 1)]);
    expect(partition.log.epochs.current).toBe(-1);
    await expect(partition.log.append(batchOf(['x']))).rejects.toMatchObject({
      code: 'NOT_LEADER',
    });
    topic = metadata.set([ledBy(HERE, [HERE, OTHER], 2)]);
    expect(partition.log.epochs.current).toBe(2);
    await partition.append(batchOf(['b']), 1);
    expect([partition.log.epochs.at(0), partition.log.epochs.at(1)]).toEqual([0, 2]);
    await partitions.stop();
    await engine.close();
  });

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'that changes %i steps after its log was opened is the one that it has',
    async (steps) => {
      const engine = new MemoryEngine();
      const { metadata, partitions } = partitionsOn(engine);
      await partitions.start([]);
      let open = (): void => {};
      engine.gate = new Promise((resolve) => {
        open = resolve;
      });
      metadata.set([ledBy(HERE, [HERE, OTHER])]);
      await turns();
      open();
      for (let step = 0; step < steps; step++) await Promise.resolve();
      const topic = metadata.set([ledBy(OTHER, [HERE, OTHER], 1)]);
      await turns();
      const { role, leaderEpoch } = partitions.find(topic, 0).leadership;
      expect([role, leaderEpoch]).toEqual(['follower', 1]);
    },
  );

  test('that the log cannot take leaves the partition offline, and says so', async () => {
    const engine = new MemoryEngine();
    const { metadata, partitions, errors, openNumbers } = partitionsOn(engine);
    const topic = metadata.set([ledBy(HERE, [HERE])]);
    await partitions.start([]);
    engine.log('t').epochs.lead = () => {
      throw new EngineError('STALE_LEADER_EPOCH', 'it cannot lead with 1');
    };
    metadata.set([ledBy(HERE, [HERE], 1)]);
    expect([openNumbers(), partitions.isOffline(topic.id, 0)]).toEqual([[], true]);
    expect(codeOf(() => partitions.find(topic, 0))).toBe('KAFKA_STORAGE_ERROR');
    expect(errors).toEqual([
      'a partition is offline, its reads and appends are refused: it cannot lead with 1',
    ]);
  });

  test('of a log whose batches have later epochs than its directory is taken, as ever', async () => {
    const engine = await openWorld(newWorld());
    const { metadata, partitions } = partitionsOn(engine);
    const topic = metadata.set([ledBy(HERE, [HERE])]);
    await partitions.start([]);
    const { log } = partitions.find(topic, 0);
    await log.append(stampedBatch('a', { leaderEpoch: 7 }), 'replica');
    metadata.set([ledBy(HERE, [HERE])]);
    await partitions.find(topic, 0).append(batchOf(['b']), -1);
    expect(log.logEndOffset).toBe(2);
    await partitions.stop();
    await engine.close();
  });
});

test('Metadata names the leader of a partition that is elsewhere', async () => {
  const broker = await memoryBroker();
  const { image } = broker.metadata;
  const partitions = [ledBy(OTHER, [OTHER], 3)];
  const topic = { name: 'u', id: 'BBBBBBBBBBBBBBBBBBBBBB', internal: false, overrides: {} };
  const topics = new Map([['u', { ...topic, partitions, revision: 1 }]]);
  Object.defineProperty(broker.metadata, 'image', {
    get: () => image.with({ revision: image.revision + 1, topics }),
  });
  const answer = await broker.call('Metadata', 9, { topics: [{ name: 'u' }] });
  expect(answer.topics[0]!.partitions).toMatchObject([
    { errorCode: 0, leaderId: OTHER, leaderEpoch: 3, replicaNodes: [OTHER], offlineReplicas: [] },
  ]);
});

import { describe, expect, test, vi } from 'vitest';
import { ManualClock, MemoryCatalog, seededRandom } from '../../../engine/index.js';
import { openCatalogStore } from '../../../server/metadata/catalog-store.js';
import { Controller } from '../../../server/metadata/controller.js';
import { MetadataReplica } from '../../../server/metadata/metadata-replica.js';
import type { NewTopic } from '../../../server/metadata/new-topic.js';
import type { MetadataStore } from '../../../server/metadata/store.js';
import { turns } from '../../support/memory-broker.js';

const local = { nodeId: 1, rack: null, endpoints: new Map(), leaderEpoch: 2 };

async function controllerOn(store: MetadataStore, seed: number) {
  const { replica, deleted } = await MetadataReplica.open(store, 'cluster-id-of-a-test-x', local);
  const random = seededRandom(seed);
  const controller = new Controller({
    store,
    metadata: replica,
    random,
    names: { caseInsensitiveDisk: false },
    partitionsMax: 100,
  });
  return { controller, replica, deleted };
}

async function newStore(): Promise<MetadataStore> {
  return openCatalogStore(new MemoryCatalog(), { clock: new ManualClock() });
}

function topic(name: string): NewTopic {
  return { name, replicas: [[1]], overrides: {} };
}

describe('the image', () => {
  test('an image that was taken stays as it was', async () => {
    const { controller, replica } = await controllerOn(await newStore(), 1);
    await controller.createTopics([topic('a')]);
    const taken = replica.image;
    const before = taken.topic('a')!;
    await controller.createTopics([topic('b')]);
    await controller.alterTopic(before.id, () => ({ 'retention.ms': '5' }));
    await controller.deleteTopics([before.id]);
    expect(taken.topic('a')).toBe(before);
    expect(taken.topicById(before.id)).toBe(before);
    expect(taken.topic('b')).toBeUndefined();
    expect(taken.topicCount).toBe(1);
    expect(replica.image.revision).toBeGreaterThan(taken.revision);
    expect(replica.image.topic('a')).toBeUndefined();
    expect(replica.image.topicById(before.id)).toBeUndefined();
  });

  test('a promise that resolved is shown by the image, and read back the same by a newcomer', async () => {
    const store = await newStore();
    const { controller, replica } = await controllerOn(store, 1);
    await controller.createTopics([topic('a'), topic('__proto__')]);
    const a = replica.image.topic('a')!;
    await controller.addPartitions(a.id, () => [[1], [2]]);
    await controller.alterTopic(a.id, (texts) => ({ ...texts, 'retention.ms': '5' }));
    await controller.alterBroker('', () => ({ 'log.retention.ms': '6' }));
    const { replica: newcomer } = await controllerOn(store, 2);
    for (const { image } of [replica, newcomer]) {
      expect(image.topic('a')).toMatchObject({
        id: a.id,
        overrides: { 'retention.ms': '5' },
        partitions: [
          { leader: 1, leaderEpoch: 2, replicas: [1], isr: [1] },
          { leader: 1, leaderEpoch: 2, replicas: [1], isr: [1] },
          { leader: -1, leaderEpoch: 2, replicas: [2], isr: [] },
        ],
      });
      expect(image.brokerOverrides.get('')?.texts).toEqual({ 'log.retention.ms': '6' });
      expect([...image.topicNames()].sort()).toEqual(['__proto__', 'a']);
    }
    expect(newcomer.image.revision).toBe(replica.image.revision);
  });

  test('every step is told once, with before and after', async () => {
    const { controller, replica } = await controllerOn(await newStore(), 1);
    const steps: string[] = [];
    replica.onChange(({ topics, brokerSettingsChanged }) => {
      for (const [name, { before, after }] of topics) {
        steps.push(
          `${name} ${before?.partitions.length ?? '-'} ${after?.partitions.length ?? '-'}`,
        );
      }
      if (brokerSettingsChanged) steps.push('broker');
    });
    await controller.createTopics([topic('a')]);
    const { id } = replica.image.topic('a')!;
    await controller.addPartitions(id, () => [[1]]);
    await controller.alterBroker('1', () => ({ 'log.retention.ms': '6' }));
    await controller.deleteTopics([id]);
    await controller.forgetDeleted(id);
    await turns();
    expect(steps).toEqual(['a - 1', 'a 1 2', 'broker', 'a 2 -']);
  });
});

describe('the controller', () => {
  test('a deletion leaves a tombstone in the same transaction, which a restart finds', async () => {
    const store = await newStore();
    const { controller, replica } = await controllerOn(store, 1);
    await controller.createTopics([{ ...topic('a'), replicas: [[1], [1]] }]);
    const { id } = replica.image.topic('a')!;
    const events: string[][] = [];
    store.watch('', ({ changes }) => void events.push(changes.map(({ key }) => key).sort()));
    await controller.deleteTopics([id]);
    expect(events).toEqual([[`deleted-topics/${id}`, 'topics/a']]);
    const { deleted } = await controllerOn(store, 2);
    expect(deleted).toEqual([{ id, name: 'a', partitionCount: 2 }]);
    await controller.forgetDeleted(id);
    expect((await controllerOn(store, 3)).deleted).toEqual([]);
  });

  test('what another broker changed meanwhile is seen, not overwritten', async () => {
    const store = await newStore();
    const one = await controllerOn(store, 1);
    const two = await controllerOn(store, 2);
    const created = await Promise.all(
      [one, two].map(({ controller }) =>
        controller.createTopics([topic('a'), topic(`b${controller === one.controller}`)]),
      ),
    );
    const codes = created
      .flat()
      .map((outcome) => (outcome.ok ? 'ok' : outcome.error.code))
      .sort();
    expect(codes).toEqual(['TOPIC_ALREADY_EXISTS', 'ok', 'ok', 'ok']);
    const { id } = one.replica.image.topic('a')!;
    await Promise.all(
      [one, two].map(({ controller }, at) =>
        controller.alterTopic(id, (texts) => ({ ...texts, [`k${at}`]: 'v' })),
      ),
    );
    await turns();
    expect(one.replica.image.topic('a')!.overrides).toEqual({ k0: 'v', k1: 'v' });
    expect(two.replica.image.topic('a')!.overrides).toEqual({ k0: 'v', k1: 'v' });
    await Promise.all(
      [one, two].map(({ controller }, at) =>
        controller.alterBroker('', (texts) => ({ ...texts, [`k${at}`]: 'v' })),
      ),
    );
    await turns();
    expect(one.replica.image.brokerOverrides.get('')?.texts).toEqual({ k0: 'v', k1: 'v' });
  });

  test('a topic that is gone is UNKNOWN_TOPIC_ID to every change', async () => {
    const { controller, replica } = await controllerOn(await newStore(), 1);
    await controller.createTopics([topic('a')]);
    const { id } = replica.image.topic('a')!;
    const [first, second] = await Promise.all([
      controller.deleteTopics([id]),
      controller.deleteTopics([id]),
    ]);
    expect(first).toMatchObject([{ ok: true }]);
    expect(second).toMatchObject([{ ok: false, error: { code: 'UNKNOWN_TOPIC_ID' } }]);
    await expect(controller.addPartitions(id, () => [[1]])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_ID',
    });
    await expect(controller.alterTopic(id, (texts) => texts)).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_ID',
    });
  });

  test('a store that fails rejects that change and leaves the controller usable', async () => {
    const store = await newStore();
    const { controller } = await controllerOn(store, 1);
    vi.spyOn(store, 'transact').mockRejectedValueOnce(new Error('disk'));
    await expect(controller.createTopics([topic('a')])).rejects.toThrow('disk');
    expect(await controller.createTopics([topic('a')])).toMatchObject([{ ok: true }]);
  });
});

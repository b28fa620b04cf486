import { describe, expect, test } from 'vitest';
import { fittingCount } from '../../../server/cli/offsets-partitions.js';
import { coordinatorPartition } from '../../../server/metadata/coordinator-for.js';
import {
  type MetadataSources,
  restoreMetadata,
  type StoredMetadata,
} from '../../../server/metadata/restored-metadata.js';

const ORDERS = { id: 'ORDERS', replicas: [[3], [3]], overrides: { 'retention.ms': '5' } };

function stored(
  revision: number,
  entries: Record<string, readonly [value: unknown, revision: number]> = {},
  isWhole = false,
): StoredMetadata {
  const found = Object.entries(entries).map(
    ([key, [value, written]]) => [key, { value, revision: written, leaseId: null }] as const,
  );
  return { revision, entries: new Map(found), isWhole };
}

function restore(sources: Partial<MetadataSources>) {
  const { entries, revision, warnings } = restoreMetadata({
    own: stored(0),
    copy: stored(0),
    folders: [],
    deletedIds: new Set(),
    nodeId: 1,
    offsetsPartitions: null,
    ...sources,
  });
  const values = Object.fromEntries([...entries].map(([key, { value }]) => [key, value]));
  return { values, revision, warnings: warnings.join('\n') };
}

describe('restored metadata', () => {
  test('is the copy where that is whole and as new as what is left', () => {
    const copy = stored(9, { 'topics/orders': [ORDERS, 7], node: [{ nodeId: 3 }, 1] }, true);
    // A topic that the copy no longer has was deleted.
    const own = stored(0, {
      'topics/orders': [{ ...ORDERS, overrides: {} }, 4],
      'topics/gone': [ORDERS, 2],
    });
    const { values, revision } = restore({ own, copy });
    expect(values).toEqual({ 'topics/orders': ORDERS, node: { nodeId: 3 } });
    expect(revision).toBe(10);
  });

  test('has of each entry the newest where neither is whole', () => {
    const newer = { ...ORDERS, overrides: {} };
    const own = stored(0, { 'topics/orders': [newer, 8] });
    const copy = stored(5, { 'topics/orders': [ORDERS, 4], 'topics/users': [ORDERS, 3] }, true);
    const { values, revision, warnings } = restore({ own, copy });
    expect(values['topics/orders']).toEqual(newer);
    expect(values['topics/users']).toEqual(ORDERS);
    expect(revision).toBe(9);
    expect(warnings).toContain('the id of the cluster is lost');
  });

  test('has no producer ids: they begin again', () => {
    const copy = stored(
      9,
      { 'producer-ids': [{ nextId: 1000 }, 7], cluster: [{ clusterId: 'c' }, 1] },
      true,
    );
    expect(restore({ copy })).toEqual({
      values: { cluster: { clusterId: 'c' } },
      revision: 10,
      warnings: '',
    });
  });

  test('has no topic that was being deleted', () => {
    const topics = {
      'topics/orders': [ORDERS, 1],
      'topics/users': [{ ...ORDERS, id: 'USERS' }, 2],
      'deleted-topics/ORDERS': [{ name: 'orders', partitionCount: 2 }, 3],
    } as const;
    const folders = [{ topic: 'orders', partition: 0, topicId: 'ORDERS' }];
    const { values } = restore({ own: stored(3, topics), folders, deletedIds: new Set(['USERS']) });
    expect(Object.keys(values)).toEqual(['deleted-topics/ORDERS']);
  });

  test('gains topics from folders, which keep everything until their settings are changed', () => {
    const folders = [2, 0].map((partition) => ({ topic: 'logs', partition, topicId: 'LOGS' }));
    const { values, warnings } = restore({
      folders,
      copy: stored(9, { 'topics/orders': [ORDERS, 1] }),
    });
    expect(values['topics/logs']).toEqual({
      id: 'LOGS',
      replicas: [[3], [3], [3]],
      overrides: { 'retention.ms': '-1', 'retention.bytes': '-1' },
    });
    expect(warnings).toContain('topic logs is known by its folders only: 3 partitions');
  });

  test('gains partitions from folders', () => {
    const folders = [{ topic: 'orders', partition: 4, topicId: 'ORDERS' }];
    const { values, warnings } = restore({
      folders,
      own: stored(2, { 'topics/orders': [ORDERS, 2] }),
    });
    expect((values['topics/orders'] as typeof ORDERS).replicas).toHaveLength(5);
    expect(warnings).toContain('topic orders has 5 partitions, by its folders, instead of 2');
  });

  test('leaves a topic alone whose folders are of several', () => {
    const folders = ['A', 'B'].map((topicId, partition) => ({ topic: 'logs', partition, topicId }));
    const { values, warnings } = restore({ folders });
    expect(values['topics/logs']).toBeUndefined();
    expect(warnings).toContain('the folders of topic logs have 2 topic ids');
  });

  test('has the offsets topic compacted, with as many partitions as its groups need', () => {
    const folders = [{ topic: '__consumer_offsets', partition: 1, topicId: 'O' }];
    const { values } = restore({ folders, offsetsPartitions: 50 });
    const topic = values['topics/__consumer_offsets'] as typeof ORDERS;
    expect(topic.replicas).toHaveLength(50);
    expect(topic.overrides).toEqual({ 'cleanup.policy': 'compact' });
  });
});

test('the number of partitions of the offsets topic is told by where its groups are', () => {
  for (const count of [1, 2, 7, 50, 64]) {
    const names = Array.from({ length: 40 }, (_, at) => `group ${at}`);
    const groups = new Map(names.map((name) => [name, coordinatorPartition(name, count)]));
    expect(fittingCount(groups)).toBe(count);
  }
  expect(fittingCount(new Map())).toBeNull();
});

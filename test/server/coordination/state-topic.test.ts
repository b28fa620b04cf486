import { expect, test } from 'vitest';
import type { TopicImage } from '../../../server/metadata/image.js';
import { memoryBroker } from '../../support/memory-broker.js';
import { toyCoordinator } from './toy-coordinator.js';

test('a topic whose replicas have changed is opened once more: a partition may have come', async () => {
  const broker = await memoryBroker();
  const opened: TopicImage[] = [];
  const { partitions } = broker;
  const ensure = partitions.ensure.bind(partitions);
  partitions.ensure = (topic) => {
    opened.push(topic);
    return ensure(topic);
  };
  const { topic } = toyCoordinator(broker);
  const first = await topic.ensure();
  await Promise.all([topic.opened(first), topic.opened(first)]);
  expect(opened).toEqual([first]);
  const changed = { ...first, revision: first.revision + 1 };
  await topic.opened(changed);
  expect(opened).toEqual([first, changed]);
});

import type { PartitionWish } from '../partition/fetch-session.js';
import type { RequestOf } from '../protocol/api.js';
import type { Fetch } from '../protocol/messages/fetch.js';

type Topics = RequestOf<typeof Fetch>['topics'];

/**
 * What a full fetch names, each partition once: of one that is named again the last wish counts, in the place of the
 * first, as in Kafka. Hardly any request repeats itself; those that do not are given back as they are.
 */
export function withoutRepetitions(topics: Topics, usesTopicIds: boolean): Topics {
  if (!repeats(topics, usesTopicIds)) return topics;
  const byTopic = new Map<string, { topic: Topics[number]; wishes: Map<number, PartitionWish> }>();
  for (const topic of topics) {
    const key = usesTopicIds ? topic.topicId : topic.topic;
    let known = byTopic.get(key);
    if (known === undefined) {
      known = { topic, wishes: new Map() };
      byTopic.set(key, known);
    }
    for (const wish of topic.partitions) known.wishes.set(wish.partition, wish);
  }
  return [...byTopic.values()].map(({ topic, wishes }) => ({
    ...topic,
    partitions: [...wishes.values()],
  }));
}

function repeats(topics: Topics, usesTopicIds: boolean): boolean {
  if (topics.length > 1) {
    const keys = new Set<string>();
    for (const { topic, topicId } of topics) keys.add(usesTopicIds ? topicId : topic);
    if (keys.size < topics.length) return true;
  }
  for (const { partitions } of topics) {
    if (!isAscending(partitions) && hasTwice(partitions)) return true;
  }
  return false;
}

function isAscending(partitions: readonly PartitionWish[]): boolean {
  for (let at = 1; at < partitions.length; at++) {
    if (partitions[at - 1]!.partition >= partitions[at]!.partition) return false;
  }
  return true;
}

function hasTwice(partitions: readonly PartitionWish[]): boolean {
  const numbers = new Set<number>();
  for (const { partition } of partitions) numbers.add(partition);
  return numbers.size < partitions.length;
}

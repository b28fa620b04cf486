import type { Work } from '../../engine/index.js';
import type { RequestOf } from '../protocol/api.js';
import type { Fetch } from '../protocol/messages/fetch.js';
import { forEachInSlices, mapInSlices } from '../request/in-slices.js';
import type { PartitionWish } from './fetch-session.js';

type Topics = RequestOf<typeof Fetch>['topics'];

interface TopicWishes {
  readonly topic: Topics[number];
  readonly wishes: Map<number, PartitionWish>;
}

type ByTopic = Map<string, TopicWishes>;

/**
 * The topics of a full fetch with each partition once: where a partition is named again, its last
 * wish counts, in the place of the first, as in Kafka. Hardly any request repeats a partition; a
 * request that does not is returned as it is.
 */
export function withoutRepetitions(topics: Topics, usesTopicIds: boolean): Topics {
  if (!repeats(topics, usesTopicIds)) return topics;
  const byTopic: ByTopic = new Map();
  for (const topic of topics) {
    const wishes = wishesOf(byTopic, topic, usesTopicIds);
    for (const wish of topic.partitions) wishes.set(wish.partition, wish);
  }
  return [...byTopic.values()].map(withWishes);
}

/** The same for a long request, in slices: other requests are served in between. */
export async function withoutRepetitionsInSlices(
  work: Work,
  topics: Topics,
  usesTopicIds: boolean,
): Promise<Topics> {
  const byTopic: ByTopic = new Map();
  await forEachInSlices(work, topics, (topic) => {
    const wishes = wishesOf(byTopic, topic, usesTopicIds);
    return forEachInSlices(work, topic.partitions, (wish) => {
      wishes.set(wish.partition, wish);
    });
  });
  return mapInSlices(work, byTopic.values(), withWishes);
}

/** The wishes for a topic; none yet for a new topic. */
function wishesOf(
  byTopic: ByTopic,
  topic: Topics[number],
  usesTopicIds: boolean,
): Map<number, PartitionWish> {
  const key = usesTopicIds ? topic.topicId : topic.topic;
  const known = byTopic.get(key);
  if (known !== undefined) return known.wishes;
  const wishes = new Map<number, PartitionWish>();
  byTopic.set(key, { topic, wishes });
  return wishes;
}

function withWishes({ topic, wishes }: TopicWishes): Topics[number] {
  return { ...topic, partitions: [...wishes.values()] };
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

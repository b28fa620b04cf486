import type { MetadataImage, TopicImage } from './image.js';

export type CoordinatorType = 'group' | 'transaction';

/** The internal topic in which each kind of coordinator keeps its state. */
export const COORDINATOR_TOPICS: Readonly<Record<CoordinatorType, string>> = {
  group: '__consumer_offsets',
  transaction: '__transaction_state',
};

/** `String.hashCode` of Java: over UTF-16 units, wrapping at 32 bits. */
export function javaHashCode(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(31, hash) + text.charCodeAt(at)) | 0;
  return hash;
}

/**
 * The partition of a coordinator's topic that holds the state of `key`: the same as in Kafka, so
 * that Kafka's tools look in the right place.
 */
export function coordinatorPartition(key: string, partitionCount: number): number {
  return (javaHashCode(key) & 0x7fffffff) % partitionCount;
}

/**
 * The partition that holds the state of `key`, and the broker that leads it. Null as long as the
 * topic does not exist.
 */
export function coordinatorFor(
  image: MetadataImage,
  type: CoordinatorType,
  key: string,
): { readonly topic: TopicImage; readonly partition: number; readonly nodeId: number } | null {
  const topic = image.topic(COORDINATOR_TOPICS[type]);
  if (topic === undefined) return null;
  const partition = coordinatorPartition(key, topic.partitions.length);
  return { topic, partition, nodeId: topic.partitions[partition]?.leader ?? -1 };
}

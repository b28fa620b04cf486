import type { KnownPartitions } from '../../engine/index.js';
import type { TopicImage } from '../metadata/image.js';
import type { DeletedTopic } from '../metadata/metadata-replica.js';
import type { MetadataView } from '../metadata/metadata-view.js';

/**
 * The partitions whose folders may exist: those of the image's topics, and of topics that are being
 * deleted.
 */
export function knownPartitions(
  image: MetadataView['image'],
  deleted: readonly DeletedTopic[],
): KnownPartitions {
  const live = new Map<string, string>();
  for (const { name, id, partitions } of image.topics()) {
    for (const index of partitions.keys()) live.set(`${name}-${index}`, id);
  }
  const leaving = new Map<string, string[]>();
  for (const { name, id, partitionCount } of deleted) {
    for (let index = 0; index < partitionCount; index++) {
      const folder = `${name}-${index}`;
      leaving.set(folder, [...(leaving.get(folder) ?? []), id]);
    }
  }
  return { live, leaving };
}

/** The facts that are kept of a topic that is being deleted. */
export function sized({ name, id, partitions }: TopicImage): DeletedTopic {
  return { name, id, partitionCount: partitions.length };
}

import { EVERY_BROKER } from '../../metadata/effective-settings.js';
import type { MetadataImage, TopicImage } from '../../metadata/image.js';
import { topicNameProblem } from '../../metadata/topic-name.js';
import { ApiError } from '../../protocol/api-error.js';

/** Resource types of the settings APIs (KIP-133). */
export const TOPIC_RESOURCE = 2;
export const BROKER_RESOURCE = 4;

/**
 * The resource of a settings request. `broker` is our node id in digits, or '' for the settings of
 * every broker.
 */
export type ConfigResource =
  | { readonly kind: 'topic'; readonly topic: TopicImage }
  | { readonly kind: 'broker'; readonly broker: string };

/**
 * Finds the resource that a request names. Throws UNKNOWN_TOPIC_OR_PARTITION,
 * INVALID_TOPIC_EXCEPTION, or INVALID_REQUEST for another broker or another type.
 */
export function findResource(
  { resourceType, resourceName }: { readonly resourceType: number; readonly resourceName: string },
  image: MetadataImage,
  nodeId: number,
): ConfigResource {
  if (resourceType === TOPIC_RESOURCE) {
    const topic = image.topic(resourceName);
    if (topic !== undefined) return { kind: 'topic', topic };
    const problem = topicNameProblem(resourceName);
    if (problem !== null) throw new ApiError('INVALID_TOPIC_EXCEPTION', problem);
    throw new ApiError('UNKNOWN_TOPIC_OR_PARTITION', 'there is no such topic');
  }
  if (resourceType === BROKER_RESOURCE) {
    if (resourceName === EVERY_BROKER || resourceName === String(nodeId)) {
      return { kind: 'broker', broker: resourceName };
    }
    const shown = JSON.stringify(resourceName.slice(0, 64));
    throw new ApiError(
      'INVALID_REQUEST',
      `Unexpected broker id, expected ${nodeId} or empty string, but received ${shown}`,
    );
  }
  throw new ApiError('INVALID_REQUEST', `resource type ${resourceType} has no settings here`);
}

/** One text per resource, to find those that a request names twice. */
export function resourceKey(resource: {
  readonly resourceType: number;
  readonly resourceName: string;
}): string {
  return `${resource.resourceType} ${resource.resourceName}`;
}

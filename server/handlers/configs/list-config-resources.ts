import type { MetadataView } from '../../metadata/metadata-view.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { ListConfigResources } from '../../protocol/messages/list-config-resources.js';
import { forEachInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';
import { BROKER_RESOURCE, TOPIC_RESOURCE } from './config-resource.js';

export interface ListConfigResourcesParts {
  readonly metadata: MetadataView;
}

type Resource = ResponseOf<typeof ListConfigResources>['configResources'][number];

/**
 * Types that Kafka has, and of which nothing here has settings: loggers, client metrics, groups.
 */
const EMPTY_TYPES: readonly number[] = [8, 16, 32];
const EVERY_TYPE: readonly number[] = [TOPIC_RESOURCE, BROKER_RESOURCE, ...EMPTY_TYPES];

/**
 * ListConfigResources (KIP-1000, KIP-1142): topics and brokers. Version 0 asks for client metrics,
 * which this broker does not keep. A type that Kafka does not have is UNSUPPORTED_VERSION, as
 * there.
 */
export const listConfigResources = handler(
  ListConfigResources,
  { asks: [{ operation: 'describeConfigs', resource: 'cluster' }], readsOnly: true },
  listConfigResourcesHandler,
);

function listConfigResourcesHandler(
  parts: ListConfigResourcesParts,
): Handler<typeof ListConfigResources> {
  return async ({ apiVersion, work }, { resourceTypes }) => {
    const configResources: Resource[] = [];
    if (apiVersion === 0) return { errorCode: ErrorCode.NONE, configResources };
    const wanted = new Set(resourceTypes.length === 0 ? EVERY_TYPE : []);
    await forEachInSlices(work, resourceTypes, (type) => {
      if (!EVERY_TYPE.includes(type)) {
        throw new ApiError('UNSUPPORTED_VERSION', `resource type ${type} is not known`);
      }
      wanted.add(type);
    });
    const { image } = parts.metadata;
    if (wanted.has(TOPIC_RESOURCE)) {
      for (const { name } of image.topics()) {
        configResources.push({ resourceName: name, resourceType: TOPIC_RESOURCE });
        const pause = work.did(1);
        if (pause !== null) await pause;
      }
    }
    if (wanted.has(BROKER_RESOURCE)) {
      for (const { nodeId } of image.brokers) {
        configResources.push({ resourceName: String(nodeId), resourceType: BROKER_RESOURCE });
      }
    }
    return { errorCode: ErrorCode.NONE, configResources };
  };
}

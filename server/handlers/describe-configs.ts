import type { MetadataView } from '../metadata/metadata-view.js';
import type { RequestOf, ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { brokerKeys } from '../settings/broker-keys.js';
import {
  type BrokerLayers,
  type ConfigEntry,
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
} from '../settings/describe.js';
import { topicKeys } from '../settings/topic-keys.js';
import { findResource, resourceKey } from './config-resource.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface DescribeConfigsParts {
  readonly metadata: MetadataView;
  readonly nodeId: number;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type Answer = ResponseOf<'DescribeConfigs'>['results'][number];
type Wish = RequestOf<'DescribeConfigs'>['resources'][number];

/** DescribeConfigs: every key of a topic or of this broker, or those asked for. Unknown keys are left out, as in Kafka. */
export function describeConfigsHandler(parts: DescribeConfigsParts): Handler<'DescribeConfigs'> {
  return (_context, request) => {
    // A resource that is named twice is answered once: the answer cannot grow by repetition.
    const wishes = new Map(request.resources.map((wish) => [resourceKey(wish), wish]));
    const layers = parts.layers();
    const results = [...wishes.values()].map((wish): Answer => {
      const { resourceType, resourceName } = wish;
      try {
        const entries = entriesOf(parts, layers, wish);
        return {
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          resourceType,
          resourceName,
          configs: entries.map((entry) => wireEntry(entry, request)),
        };
      } catch (error) {
        const { code, message } = wireError(error);
        return { errorCode: code, errorMessage: message, resourceType, resourceName, configs: [] };
      }
    });
    return { results };
  };
}

function entriesOf(parts: DescribeConfigsParts, layers: BrokerLayers, wish: Wish): ConfigEntry[] {
  const resource = findResource(wish, parts.metadata.image, parts.nodeId);
  const names = namesOf(wish.configurationKeys);
  if (resource.kind === 'topic') return describeTopic(resource.topic.overrides, layers, names);
  if (resource.broker === '') return describeBrokerDefaults(layers.dynamicDefault, names);
  return describeBroker(layers, names);
}

/** Null and an empty list are all keys, as in Kafka. Names that no table has are dropped before anyone searches the list. */
function namesOf(names: readonly string[] | null): readonly string[] | null {
  if (names === null || names.length === 0) return null;
  return [...new Set(names.filter((name) => topicKeys.has(name) || brokerKeys.has(name)))];
}

function wireEntry(
  entry: ConfigEntry,
  request: RequestOf<'DescribeConfigs'>,
): Answer['configs'][number] {
  return {
    name: entry.name,
    value: entry.value,
    readOnly: entry.readOnly,
    configSource: entry.source,
    isSensitive: entry.sensitive,
    synonyms: request.includeSynonyms ? entry.synonyms : [],
    configType: entry.type,
    documentation: request.includeDocumentation ? entry.documentation : null,
  };
}

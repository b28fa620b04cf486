import type { MetadataView } from '../metadata/metadata-view.js';
import type { RequestOf, ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { DescribeConfigs } from '../protocol/messages/describe-configs.js';
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
import { type Handler, handler } from './handler.js';

export interface DescribeConfigsParts {
  readonly metadata: MetadataView;
  readonly nodeId: number;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type Answer = ResponseOf<typeof DescribeConfigs>['results'][number];
type Wish = RequestOf<typeof DescribeConfigs>['resources'][number];

/** DescribeConfigs: every key of a topic or of this broker, or those asked for. Unknown keys are left out, as in Kafka. */
export const describeConfigs = handler(DescribeConfigs, {}, describeConfigsHandler);

function describeConfigsHandler(parts: DescribeConfigsParts): Handler<typeof DescribeConfigs> {
  return async ({ work }, request) => {
    // A resource that is named twice is answered once: the answer cannot grow by repetition.
    const wishes = new Map(request.resources.map((wish) => [resourceKey(wish), wish]));
    const describer = new Describer(parts, request);
    const results: Answer[] = [];
    for (const wish of wishes.values()) {
      const { resourceType, resourceName } = wish;
      try {
        results.push({
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          resourceType,
          resourceName,
          configs: describer.configsOf(wish),
        });
      } catch (error) {
        const { code, message } = wireError(error);
        results.push({
          errorCode: code,
          errorMessage: message,
          resourceType,
          resourceName,
          configs: [],
        });
      }
      const pause = work.did(describer.takeLookedAt());
      if (pause !== null) await pause;
    }
    return { results };
  };
}

/** Describes the resources of one request. Topics without settings of their own share their entries. */
class Describer {
  readonly #parts: DescribeConfigsParts;
  readonly #request: RequestOf<typeof DescribeConfigs>;
  readonly #layers: BrokerLayers;
  /** Of topics without settings of their own, by the names that are asked for. */
  readonly #shared = new Map<string, Answer['configs']>();
  #lookedAt = 0;

  constructor(parts: DescribeConfigsParts, request: RequestOf<typeof DescribeConfigs>) {
    this.#parts = parts;
    this.#request = request;
    this.#layers = parts.layers();
  }

  /** Throws `ApiError` for a resource that is not there. */
  configsOf(wish: Wish): Answer['configs'] {
    this.#lookedAt += 1 + (wish.configurationKeys?.length ?? 0);
    const resource = findResource(wish, this.#parts.metadata.image, this.#parts.nodeId);
    const names = namesOf(wish.configurationKeys);
    if (resource.kind === 'topic') {
      const { overrides } = resource.topic;
      if (Object.keys(overrides).length > 0) {
        return this.#wired(describeTopic(overrides, this.#layers, names));
      }
      const key = names === null ? '' : names.join(' ');
      let configs = this.#shared.get(key);
      if (configs === undefined) {
        configs = this.#wired(describeTopic(overrides, this.#layers, names));
        this.#shared.set(key, configs);
      }
      return configs;
    }
    return this.#wired(
      resource.broker === ''
        ? describeBrokerDefaults(this.#layers.dynamicDefault, names)
        : describeBroker(this.#layers, names),
    );
  }

  /** Entries and names looked at since the last call. */
  takeLookedAt(): number {
    const count = this.#lookedAt;
    this.#lookedAt = 0;
    return count;
  }

  #wired(entries: readonly ConfigEntry[]): Answer['configs'] {
    this.#lookedAt += entries.length;
    return entries.map((entry) => {
      this.#lookedAt += entry.synonyms.length;
      return wireEntry(entry, this.#request);
    });
  }
}

/** Null and an empty list are all keys, as in Kafka. Names that no table has are dropped before anyone searches the list. */
function namesOf(names: readonly string[] | null): readonly string[] | null {
  if (names === null || names.length === 0) return null;
  return [...new Set(names.filter((name) => topicKeys.has(name) || brokerKeys.has(name)))];
}

function wireEntry(
  entry: ConfigEntry,
  request: RequestOf<typeof DescribeConfigs>,
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

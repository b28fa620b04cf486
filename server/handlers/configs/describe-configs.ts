import type { Work } from '../../../engine/index.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeConfigs } from '../../protocol/messages/describe-configs.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { brokerKeys } from '../../settings/broker-keys.js';
import {
  type BrokerLayers,
  type ConfigEntry,
  describeBroker,
  describeBrokerDefaults,
  describeTopic,
} from '../../settings/describe.js';
import { topicKeys } from '../../settings/topic-keys.js';
import { type Handler, handler } from '../handler.js';
import { findResource, resourceKey } from './config-resource.js';
import { settingElements } from './setting-elements.js';

export interface DescribeConfigsParts {
  readonly metadata: MetadataView;
  readonly nodeId: number;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type Answer = ResponseOf<typeof DescribeConfigs>['results'][number];
type Wish = RequestOf<typeof DescribeConfigs>['resources'][number];

/**
 * DescribeConfigs: every key of a topic or of this broker, or those asked for. Unknown keys are
 * left out, as in Kafka.
 */
export const describeConfigs = handler(
  DescribeConfigs,
  {
    asks: [
      { operation: 'describeConfigs', resource: 'topic' },
      { operation: 'describeConfigs', resource: 'cluster' },
    ],
    readsOnly: true,
  },
  describeConfigsHandler,
);

function describeConfigsHandler(parts: DescribeConfigsParts): Handler<typeof DescribeConfigs> {
  return async ({ work }, request) => {
    // A resource that is named twice is answered once, so that repetition cannot make the answer
    // larger.
    const wishes = new Map<string, Wish>();
    await forEachInSlices(work, request.resources, (wish) => {
      wishes.set(resourceKey(wish), wish);
    });
    const describer = new Describer(parts, request, work);
    const results = await mapInSlices(work, wishes.values(), async (wish): Promise<Answer> => {
      const { resourceType, resourceName } = wish;
      try {
        const configs = await describer.configsOf(wish);
        const errorCode = ErrorCode.NONE;
        return { errorCode, errorMessage: null, resourceType, resourceName, configs };
      } catch (error) {
        const { code: errorCode, message: errorMessage } = wireError(error);
        return { errorCode, errorMessage, resourceType, resourceName, configs: [] };
      }
    });
    return { results };
  };
}

/**
 * Describes the resources of one request. Topics without settings of their own share their entries.
 */
class Describer {
  readonly #parts: DescribeConfigsParts;
  readonly #request: RequestOf<typeof DescribeConfigs>;
  readonly #layers: BrokerLayers;
  /** The entries of topics without their own settings, by the requested names. */
  readonly #shared = new Map<string, Answer['configs']>();
  readonly #work: Work;

  constructor(parts: DescribeConfigsParts, request: RequestOf<typeof DescribeConfigs>, work: Work) {
    this.#parts = parts;
    this.#request = request;
    this.#work = work;
    this.#layers = parts.layers();
  }

  /** Rejects with `ApiError` for a resource that is not there. */
  async configsOf(wish: Wish): Promise<Answer['configs']> {
    const names = await namesOf(this.#work, wish.configurationKeys);
    const resource = findResource(wish, this.#parts.metadata.image, this.#parts.nodeId);
    if (resource.kind === 'topic') {
      const { overrides } = resource.topic;
      if (Object.keys(overrides).length > 0) {
        return this.#wired(describeTopic(overrides, this.#layers, names));
      }
      const key = names === null ? '' : names.join(' ');
      const shared = this.#shared.get(key);
      if (shared !== undefined) return shared;
      const configs = await this.#wired(describeTopic(overrides, this.#layers, names));
      this.#shared.set(key, configs);
      return configs;
    }
    return this.#wired(
      resource.broker === ''
        ? describeBrokerDefaults(this.#layers.dynamicDefault, names)
        : describeBroker(this.#layers, names),
    );
  }

  async #wired(entries: readonly ConfigEntry[]): Promise<Answer['configs']> {
    let lookedAt = 0;
    const configs = entries.map((entry) => {
      lookedAt += settingElements(entry);
      for (const synonym of entry.synonyms) lookedAt += settingElements(synonym);
      return wireEntry(entry, this.#request);
    });
    const pause = this.#work.did(lookedAt);
    if (pause !== null) await pause;
    return configs;
  }
}

/**
 * The requested names; null and an empty list mean all keys, as in Kafka. Unknown names are dropped
 * before the list is searched.
 */
async function namesOf(
  work: Work,
  names: readonly string[] | null,
): Promise<readonly string[] | null> {
  if (names === null || names.length === 0) return null;
  const known = new Set<string>();
  await forEachInSlices(work, names, (name) => {
    if (topicKeys.has(name) || brokerKeys.has(name)) known.add(name);
  });
  return [...known];
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

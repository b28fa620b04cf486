import type { Work } from '../../../engine/index.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { Controller } from '../../metadata/controller.js';
import { EVERY_BROKER } from '../../metadata/effective-settings.js';
import type { MetadataView } from '../../metadata/metadata-view.js';
import type { Partitions } from '../../partition/partitions.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ApiError } from '../../protocol/api-error.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { AlterConfigs } from '../../protocol/messages/alter-configs.js';
import { IncrementalAlterConfigs } from '../../protocol/messages/incremental-alter-configs.js';
import { wireError } from '../../request/error-map.js';
import { mapInSlices } from '../../request/in-slices.js';
import { AlterChanges, alterOperations, type ConfigChange } from '../../settings/alter.js';
import { type BrokerLayers, mergedDynamic } from '../../settings/describe.js';
import { lagProblem, type SettingTexts } from '../../settings/topic-settings.js';
import { type Handler, handler } from '../handler.js';
import { occurringTwice } from '../occurring-twice.js';
import { type ConfigResource, findResource, resourceKey } from './config-resource.js';
import { settingElements } from './setting-elements.js';

export interface AlterConfigsParts {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'alterTopic' | 'alterBroker'>;
  readonly partitions: Pick<Partitions, 'applied'>;
  readonly nodeId: number;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type Answer = ResponseOf<typeof AlterConfigs>['responses'][number];

type Texts = RequestOf<typeof AlterConfigs>['resources'][number]['configs'][number];
type Operations = RequestOf<typeof IncrementalAlterConfigs>['resources'][number]['configs'][number];

interface Resource<C> {
  readonly resourceType: number;
  readonly resourceName: string;
  readonly configs: readonly C[];
}

const { topicPlanElements } = SERVER_LIMITS;

/** AlterConfigs (KIP-133): each resource gets exactly the given settings. */
export const alterConfigs = handler(
  AlterConfigs,
  {
    asks: [
      { operation: 'alterConfigs', resource: 'topic' },
      { operation: 'alterConfigs', resource: 'cluster' },
    ],
  },
  alterConfigsHandler,
);

function alterConfigsHandler(parts: AlterConfigsParts): Handler<typeof AlterConfigs> {
  return async ({ work }, { resources, validateOnly }) => {
    const call = new AlterCall(parts, work, validateOnly, true);
    const changeOf = ({ name, value }: Texts): ConfigChange => ({ name, value, operation: 'SET' });
    return { responses: await call.alterAll(resources, changeOf) };
  };
}

/** IncrementalAlterConfigs (KIP-339): sets, removes, appends to and subtracts from settings. */
export const incrementalAlterConfigs = handler(
  IncrementalAlterConfigs,
  {
    asks: [
      { operation: 'alterConfigs', resource: 'topic' },
      { operation: 'alterConfigs', resource: 'cluster' },
    ],
  },
  incrementalAlterConfigsHandler,
);

function incrementalAlterConfigsHandler(
  parts: AlterConfigsParts,
): Handler<typeof IncrementalAlterConfigs> {
  return async ({ work }, { resources, validateOnly }) => {
    const call = new AlterCall(parts, work, validateOnly, false);
    const changeOf = ({ name, value, configOperation }: Operations): ConfigChange => {
      const operation = alterOperations[configOperation];
      if (operation !== undefined) return { name, value, operation };
      throw new ApiError('INVALID_REQUEST', `operation ${configOperation} is not known`);
    };
    return { responses: await call.alterAll(resources, changeOf) };
  };
}

/** Alters each resource by itself, all of its changes or none. */
class AlterCall {
  readonly #parts: AlterConfigsParts;
  readonly #work: Work;
  readonly #validateOnly: boolean;
  /** Whether the changes replace all settings of a resource. */
  readonly #replaces: boolean;

  constructor(parts: AlterConfigsParts, work: Work, validateOnly: boolean, replaces: boolean) {
    this.#parts = parts;
    this.#work = work;
    this.#validateOnly = validateOnly;
    this.#replaces = replaces;
  }

  /** When it resolves, the change is durable and open logs have it. */
  async alterAll<C extends Texts>(
    resources: readonly Resource<C>[],
    changeOf: (config: C) => ConfigChange,
  ): Promise<Answer[]> {
    const twice = await occurringTwice(this.#work, resources, resourceKey);
    const answers = await mapInSlices(this.#work, resources, async (resource): Promise<Answer> => {
      const { resourceType, resourceName } = resource;
      try {
        if (twice.has(resourceKey(resource))) {
          throw new ApiError('INVALID_REQUEST', 'Each resource must appear at most once.');
        }
        await this.#alter(resource, changeOf);
        return { errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName };
      } catch (error) {
        const { code, message } = wireError(error);
        return { errorCode: code, errorMessage: message, resourceType, resourceName };
      }
    });
    await this.#parts.partitions.applied();
    return answers;
  }

  async #alter<C extends Texts>(
    resource: Resource<C>,
    changeOf: (config: C) => ConfigChange,
  ): Promise<void> {
    const { controller, metadata, nodeId, layers } = this.#parts;
    const found = findResource(resource, metadata.image, nodeId);
    const changes = new AlterChanges(found.kind);
    // The check of the result costs the same for any changes.
    const before = this.#work.did(topicPlanElements);
    if (before !== null) await before;
    for (const config of resource.configs) {
      const failure = changes.add(changeOf(config));
      if (failure !== null) throw new ApiError(failure.error, failure.message);
      const pause = this.#work.did(settingElements(config));
      if (pause !== null) await pause;
    }
    const plan = (present: SettingTexts): SettingTexts => {
      const result = changes.applyTo(this.#replaces ? {} : present);
      if (!result.ok) throw new ApiError(result.error, result.message);
      const problem = problemTogether(found, result.overrides, layers());
      if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem);
      return result.overrides;
    };
    const options = { validateOnly: this.#validateOnly };
    if (found.kind === 'topic') await controller.alterTopic(found.topic.id, plan, options);
    else await controller.alterBroker(found.broker, plan, options);
  }
}

/**
 * The problem of the new settings of a topic or a broker together with the other settings in
 * effect.
 */
function problemTogether(
  found: ConfigResource,
  overrides: SettingTexts,
  layers: BrokerLayers,
): string | undefined {
  if (found.kind === 'topic') {
    return lagProblem(overrides, mergedDynamic(layers), layers.brokerStatic);
  }
  const layer = found.broker === EVERY_BROKER ? 'dynamicDefault' : 'dynamic';
  return lagProblem({}, mergedDynamic({ ...layers, [layer]: overrides }), layers.brokerStatic);
}

import type { Work } from '../../engine/index.js';
import { ApiError } from '../api-error.js';
import type { Controller } from '../metadata/controller.js';
import { EVERY_BROKER } from '../metadata/effective-settings.js';
import type { MetadataView } from '../metadata/metadata-view.js';
import type { Partitions } from '../partition/partitions.js';
import type { ResponseOf } from '../protocol/api.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { AlterConfigs } from '../protocol/messages/alter-configs.js';
import { IncrementalAlterConfigs } from '../protocol/messages/incremental-alter-configs.js';
import { alterOperations, applyAlterConfigs, type ConfigChange } from '../settings/alter.js';
import { type BrokerLayers, mergedDynamic } from '../settings/describe.js';
import { lagProblem, type SettingTexts } from '../settings/topic-settings.js';
import { type ConfigResource, findResource, resourceKey } from './config-resource.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';
import { occurringTwice } from './occurring-twice.js';

export interface AlterConfigsParts {
  readonly metadata: MetadataView;
  readonly controller: Pick<Controller, 'alterTopic' | 'alterBroker'>;
  readonly partitions: Pick<Partitions, 'applied'>;
  readonly nodeId: number;
  /** The settings layers as of now. */
  layers(): BrokerLayers;
}

type Answer = ResponseOf<typeof AlterConfigs>['responses'][number];

interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** AlterConfigs (KIP-133): the settings of each resource become those given, and no others. */
export const alterConfigs = handler(AlterConfigs, {}, alterConfigsHandler);

function alterConfigsHandler(parts: AlterConfigsParts): Handler<typeof AlterConfigs> {
  return async ({ work }, { resources, validateOnly }) => {
    const responses = await alterAll(parts, work, resources, validateOnly, ({ configs }) => {
      const changes = configs.map(({ name, value }) => ({
        name,
        value,
        operation: 'SET' as const,
      }));
      return { changes, replaces: true };
    });
    return { responses };
  };
}

/** IncrementalAlterConfigs (KIP-339): sets, removes, appends to and subtracts from what is there. */
export const incrementalAlterConfigs = handler(
  IncrementalAlterConfigs,
  {},
  incrementalAlterConfigsHandler,
);

function incrementalAlterConfigsHandler(
  parts: AlterConfigsParts,
): Handler<typeof IncrementalAlterConfigs> {
  return async ({ work }, { resources, validateOnly }) => {
    const responses = await alterAll(parts, work, resources, validateOnly, ({ configs }) => {
      const changes = configs.map(({ name, value, configOperation }): ConfigChange => {
        const operation = alterOperations[configOperation];
        if (operation !== undefined) return { name, value, operation };
        throw new ApiError('INVALID_REQUEST', `operation ${configOperation} is not known`);
      });
      return { changes, replaces: false };
    });
    return { responses };
  };
}

/**
 * Alters each resource by itself, all of its changes or none. When an answer comes, the change is durable and live logs go by it.
 */
async function alterAll<R extends Resource>(
  parts: AlterConfigsParts,
  work: Work,
  resources: readonly R[],
  validateOnly: boolean,
  changesOf: (resource: R) => { changes: readonly ConfigChange[]; replaces: boolean },
): Promise<Answer[]> {
  const twice = occurringTwice(resources.map(resourceKey));
  const answers: Answer[] = [];
  for (const resource of resources) {
    const { resourceType, resourceName } = resource;
    let lookedAt = 1;
    try {
      if (twice.has(resourceKey(resource))) {
        throw new ApiError('INVALID_REQUEST', 'Each resource must appear at most once.');
      }
      const { changes, replaces } = changesOf(resource);
      lookedAt += changes.length;
      await alterOne(parts, resource, changes, replaces, validateOnly);
      answers.push({ errorCode: ErrorCode.NONE, errorMessage: null, resourceType, resourceName });
    } catch (error) {
      const { code, message } = wireError(error);
      answers.push({ errorCode: code, errorMessage: message, resourceType, resourceName });
    }
    const pause = work.did(lookedAt);
    if (pause !== null) await pause;
  }
  await parts.partitions.applied();
  return answers;
}

async function alterOne(
  { controller, metadata, nodeId, layers }: AlterConfigsParts,
  resource: Resource,
  changes: readonly ConfigChange[],
  replaces: boolean,
  validateOnly: boolean,
): Promise<void> {
  const found = findResource(resource, metadata.image, nodeId);
  const plan = (present: SettingTexts): SettingTexts => {
    const result = applyAlterConfigs(found.kind, replaces ? {} : present, changes);
    if (!result.ok) throw new ApiError(result.error, result.message);
    const problem = problemTogether(found, result.overrides, layers());
    if (problem !== undefined) throw new ApiError('INVALID_CONFIG', problem);
    return result.overrides;
  };
  if (found.kind === 'topic') await controller.alterTopic(found.topic.id, plan, { validateOnly });
  else await controller.alterBroker(found.broker, plan, { validateOnly });
}

/** What is wrong with the new settings of a topic or a broker, together with what else is in effect. */
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

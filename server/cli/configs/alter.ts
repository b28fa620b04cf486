import { ErrorCode } from '../../protocol/error-codes.js';
import { check, unknownTopic } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { type ConnectionOptions, withClient } from '../client.js';
import { printDone } from '../report.js';
import { TOPIC_RESOURCE } from '../resources.js';
import { alterSettings, type ChangeOptions, settingChanges } from '../setting-changes.js';
import { chosenResources, type ResourceOptions } from './resource-choice.js';

export interface AlterConfigsOptions extends ConnectionOptions, ResourceOptions, ChangeOptions {
  /** Only ask the broker whether it would. */
  readonly dryRun?: boolean;
}

/**
 * Changes settings of topics or brokers. All of them are checked by the broker before the first is
 * changed.
 */
export async function alterConfigs(
  topics: readonly string[],
  options: AlterConfigsOptions,
): Promise<void> {
  const changes = settingChanges(options);
  const { dryRun = false } = options;
  if (changes.length === 0) {
    throw new CliError('change what? Say --set, --delete, --append or --subtract', EXIT.usage);
  }
  await withClient(options, async (client) => {
    const resources = await chosenResources(client, topics, options);
    for (const validateOnly of dryRun ? [true] : [true, false]) {
      for (const { label, resourceType, resourceName } of resources) {
        const { errorCode, errorMessage } = await alterSettings(
          client,
          { resourceType, resourceName },
          changes,
          validateOnly,
        );
        if (resourceType === TOPIC_RESOURCE && errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
          throw unknownTopic(resourceName);
        }
        check(errorCode, errorMessage, `cannot alter the settings of ${label}`);
      }
    }
    for (const { label } of resources) {
      const sentence = dryRun
        ? `The settings of ${label} can be altered so; nothing was changed.`
        : `Altered the settings of ${label}.`;
      printDone(sentence, { resource: label, altered: !dryRun }, options);
    }
  });
}

import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeConfigs } from '../../protocol/messages/describe-configs.js';
import { check, shown, unknownTopic } from '../answers.js';
import { type ConnectionOptions, withClient } from '../client.js';
import { type Column, NOTHING, printReport } from '../report.js';
import { DEFAULT_SOURCE, sourceName, sourceText, TOPIC_RESOURCE } from '../resources.js';
import { chosenResources, type ResourceOptions } from './resource-choice.js';

export interface DescribeConfigsOptions extends ConnectionOptions, ResourceOptions {
  /** Settings that nobody has set, too. */
  readonly all?: boolean;
  /** These settings only, whoever has set them. */
  readonly key: readonly string[];
}

interface Setting {
  readonly resource: string;
  readonly name: string;
  /** Null: no value, or a secret. */
  readonly value: string | null;
  readonly source: string;
  readonly readOnly: boolean;
  readonly sensitive: boolean;
  readonly documentation: string | null;
}

/** Prints the settings of topics or of brokers: those that somebody has set, or `all`. */
export async function describeConfigs(
  topics: readonly string[],
  options: DescribeConfigsOptions,
): Promise<void> {
  await withClient(options, async (client) => {
    const resources = await chosenResources(client, topics, options);
    const keys = options.key.length === 0 ? null : [...options.key];
    const { results } = await client.request(DescribeConfigs, {
      resources: resources.map(({ resourceType, resourceName }) => ({
        resourceType,
        resourceName,
        configurationKeys: keys,
      })),
      includeDocumentation: options.json ?? false,
    });
    const settings: Setting[] = [];
    for (const { resourceType, resourceName, errorCode, errorMessage, configs } of results) {
      const label = resources.find((each) => each.resourceName === resourceName)?.label ?? '';
      if (resourceType === TOPIC_RESOURCE && errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
        throw unknownTopic(resourceName);
      }
      check(errorCode, errorMessage, `cannot describe the settings of ${label}`);
      for (const { name, value, configSource, readOnly, isSensitive, documentation } of configs) {
        const source = sourceName(configSource);
        if (source === DEFAULT_SOURCE && !options.all && keys === null) continue;
        const facts = { name, value, source, readOnly, sensitive: isSensitive, documentation };
        settings.push({ resource: label, ...facts });
      }
    }
    const columns = resources.length > 1 ? [RESOURCE, ...COLUMNS] : COLUMNS;
    await printReport(settings, columns, options);
    if (settings.length === 0 && !options.all) {
      process.stderr.write('odradek: nothing is set; --all prints the defaults, too\n');
    }
  });
}

const RESOURCE: Column<Setting> = { title: 'OF', cell: ({ resource }) => resource };

const COLUMNS: readonly Column<Setting>[] = [
  { title: 'SETTING', cell: ({ name }) => shown(name) },
  {
    title: 'VALUE',
    cell: ({ value, sensitive }) => (sensitive ? '[hidden]' : shown(value ?? NOTHING)),
  },
  {
    title: 'SET BY',
    cell: ({ source, readOnly }) => `${sourceText(source)}${readOnly ? ', read-only' : ''}`,
  },
];

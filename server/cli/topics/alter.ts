import { ErrorCode } from '../../protocol/error-codes.js';
import { CreatePartitions } from '../../protocol/messages/create-partitions.js';
import { check, shown, unknownTopic } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { type Client, type ConnectionOptions, withClient } from '../client.js';
import { CLI_LIMITS } from '../limits.js';
import { printDone } from '../report.js';
import { TOPIC_RESOURCE } from '../resources.js';
import { alterSettings, type ChangeOptions, settingChanges } from '../setting-changes.js';

export interface AlterTopicOptions extends ConnectionOptions, ChangeOptions {
  /** The number of partitions that the topic is to have. */
  readonly partitions?: number;
  /** Only ask the broker whether it would. */
  readonly dryRun?: boolean;
}

/**
 * Changes settings of a topic, then its number of partitions. Both are checked by the broker before
 * either is done, so that a mistake changes nothing.
 */
export async function alterTopic(name: string, options: AlterTopicOptions): Promise<void> {
  const changes = settingChanges(options);
  const { partitions, dryRun = false } = options;
  if (changes.length === 0 && partitions === undefined) {
    throw new CliError(
      'change what? Say --partitions, --set, --delete, --append or --subtract',
      EXIT.usage,
    );
  }
  const what = `cannot alter topic ${shown(name)}`;
  const resource = { resourceType: TOPIC_RESOURCE, resourceName: name };
  await withClient(options, async (client) => {
    const steps: ((validateOnly: boolean) => Promise<void>)[] = [];
    if (changes.length > 0) {
      steps.push(async (validateOnly) => {
        const answer = await alterSettings(client, resource, changes, validateOnly);
        judge(name, what, answer);
      });
    }
    if (partitions !== undefined) {
      steps.push(async (validateOnly) =>
        judge(name, what, await createPartitions(client, name, partitions, validateOnly)),
      );
    }
    for (const step of steps) await step(true);
    if (!dryRun) for (const step of steps) await step(false);
    const sentence = dryRun
      ? `Topic ${shown(name)} can be altered so; nothing was changed.`
      : `Altered topic ${shown(name)}.`;
    printDone(sentence, { topic: name, altered: !dryRun }, options);
  });
}

function judge(
  name: string,
  what: string,
  { errorCode, errorMessage }: { readonly errorCode: number; readonly errorMessage: string | null },
): void {
  if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw unknownTopic(name);
  check(errorCode, errorMessage, what);
}

async function createPartitions(
  client: Client,
  name: string,
  count: number,
  validateOnly: boolean,
): Promise<{ readonly errorCode: number; readonly errorMessage: string | null }> {
  const { results } = await client.request(CreatePartitions, {
    topics: [{ name, count, assignments: null }],
    timeoutMs: CLI_LIMITS.requestTimeoutMs,
    validateOnly,
  });
  const [answer] = results;
  if (answer === undefined) throw new CliError('the broker answered for another topic');
  return answer;
}

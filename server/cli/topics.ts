import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { CreateTopics } from '../protocol/messages/create-topics.js';
import { DeleteTopics } from '../protocol/messages/delete-topics.js';
import { DescribeConfigs } from '../protocol/messages/describe-configs.js';
import { Metadata } from '../protocol/messages/metadata.js';
import { check, shown, unknownTopic } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type Answer, type Client, type ConnectionOptions, withClient } from './client.js';
import { CLI_LIMITS } from './limits.js';
import { LineWriter } from './output.js';
import { READ_ONLY } from './topic-partitions.js';

export interface CreateOptions extends ConnectionOptions {
  readonly partitions?: number;
  readonly replicationFactor?: number;
  /** Each `key=value`. */
  readonly config: readonly string[];
  readonly ifNotExists?: boolean;
}

/** In CreateTopics: the broker's default (KIP-464). */
const BROKER_DEFAULT = -1;
const TOPIC_RESOURCE = 2;
/** In DescribeConfigs: set for this topic. */
const SOURCE_TOPIC = 1;

/** Creates one topic. Resolves when it is there. */
export async function createTopic(name: string, options: CreateOptions): Promise<void> {
  const configs = options.config.map(parseConfig);
  await withClient(options, async (client) => {
    const { topics } = await client.request(CreateTopics, {
      topics: [
        {
          name,
          numPartitions: options.partitions ?? BROKER_DEFAULT,
          replicationFactor: options.replicationFactor ?? BROKER_DEFAULT,
          assignments: [],
          configs,
        },
      ],
      timeoutMs: CLI_LIMITS.requestTimeoutMs,
    });
    const { errorCode, errorMessage } = only(topics);
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS && options.ifNotExists) return;
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) {
      throw new CliError(
        `topic ${shown(name)} exists already: --if-not-exists makes that no failure`,
      );
    }
    check(errorCode, errorMessage, `cannot create topic ${shown(name)}`);
    process.stdout.write(`Created topic ${shown(name)}.\n`);
  });
}

/** Prints the names of all topics, one a line, sorted. */
export async function listTopics(options: ConnectionOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { topics } = await client.request(Metadata, { topics: null, ...READ_ONLY });
    const out = new LineWriter();
    for (const name of topics.map((topic) => topic.name ?? '').sort()) await out.write(shown(name));
    await out.flush();
  });
}

/**
 * Prints one topic, or all: its settings, and where each partition stands. The form is that of
 * kafka-topics.
 */
export async function describeTopics(
  name: string | undefined,
  options: ConnectionOptions,
): Promise<void> {
  await withClient(options, async (client) => {
    const { topics } = await client.request(Metadata, {
      topics: name === undefined ? null : [{ name }],
      ...READ_ONLY,
    });
    if (name !== undefined) {
      const { errorCode } = only(topics);
      if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw unknownTopic(name);
      check(errorCode, null, `cannot describe topic ${shown(name)}`);
    }
    const found = [...topics].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
    const configs = await topicConfigs(client, found);
    const out = new LineWriter();
    for (const topic of found) {
      for (const line of descriptionOf(topic, configs.get(topic.name ?? '') ?? '')) {
        await out.write(line);
      }
    }
    await out.flush();
  });
}

/** Deletes one topic with everything in it. Resolves when it is gone for clients. */
export async function deleteTopic(
  name: string,
  options: ConnectionOptions & { readonly ifExists?: boolean },
): Promise<void> {
  await withClient(options, async (client) => {
    const { responses } = await client.request(DeleteTopics, {
      topics: [{ name, topicId: NO_TOPIC_ID }],
      topicNames: [name],
      timeoutMs: CLI_LIMITS.requestTimeoutMs,
    });
    const { errorCode, errorMessage } = only(responses);
    if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) {
      if (options.ifExists) return;
      throw unknownTopic(name, ', or --if-exists makes that no failure');
    }
    check(errorCode, errorMessage, `cannot delete topic ${shown(name)}`);
    process.stdout.write(`Deleted topic ${shown(name)}.\n`);
  });
}

/** All zeros: no id. */
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

type TopicDescription = Answer<typeof Metadata>['topics'][number];

function descriptionOf(topic: TopicDescription, configs: string): string[] {
  const name = shown(topic.name ?? '');
  const partitions = [...topic.partitions].sort((a, b) => a.partitionIndex - b.partitionIndex);
  const replicationFactor = partitions[0]?.replicaNodes.length ?? 0;
  return [
    `Topic: ${name}\tTopicId: ${topic.topicId}\tPartitionCount: ${partitions.length}\tReplicationFactor: ${replicationFactor}\tConfigs: ${configs}`,
    ...partitions.map(({ partitionIndex, leaderId, replicaNodes, isrNodes, errorCode }) => {
      const leader = leaderId === -1 ? 'none' : String(leaderId);
      const state = errorCode === ErrorCode.NONE ? '' : `\tError: ${errorInfo(errorCode).name}`;
      return `\tTopic: ${name}\tPartition: ${partitionIndex}\tLeader: ${leader}\tReplicas: ${replicaNodes.join(',')}\tIsr: ${isrNodes.join(',')}${state}`;
    }),
  ];
}

/** The settings of each topic, as `key=value` with commas, by its name. */
async function topicConfigs(
  client: Client,
  topics: readonly TopicDescription[],
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for (let at = 0; at < topics.length; at += CLI_LIMITS.topicsPerRequest) {
    const { results } = await client.request(DescribeConfigs, {
      resources: topics.slice(at, at + CLI_LIMITS.topicsPerRequest).map(({ name }) => ({
        resourceType: TOPIC_RESOURCE,
        resourceName: name ?? '',
        configurationKeys: null,
      })),
    });
    for (const { resourceName, configs } of results) {
      const own = configs.filter(({ configSource }) => configSource === SOURCE_TOPIC);
      const pairs = own.map(({ name, value }) => `${name}=${shown(value ?? '')}`);
      texts.set(resourceName, pairs.join(','));
    }
  }
  return texts;
}

function parseConfig(text: string): { name: string; value: string } {
  const equals = text.indexOf('=');
  if (equals <= 0) {
    throw new CliError(
      `--config ${JSON.stringify(text)}: expected key=value, such as --config retention.ms=3600000`,
      EXIT.usage,
    );
  }
  return { name: text.slice(0, equals).trim(), value: text.slice(equals + 1) };
}

function only<T>(elements: readonly T[]): T {
  const [element] = elements;
  if (element === undefined || elements.length !== 1) {
    throw new CliError('the broker answered for another number of topics than was asked');
  }
  return element;
}

import { ErrorCode } from '../protocol/error-codes.js';
import { CreateTopics } from '../protocol/messages/create-topics.js';
import { DeleteTopics } from '../protocol/messages/delete-topics.js';
import { Metadata } from '../protocol/messages/metadata.js';
import { check, shown, unknownTopic } from './answers.js';
import { CliError } from './cli-error.js';
import { type ConnectionOptions, withClient } from './client.js';
import { CLI_LIMITS } from './limits.js';
import { printDone, printLines, printReport } from './report.js';
import { parsePair } from './setting-changes.js';
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

/** Creates one topic. Resolves when it is there. */
export async function createTopic(name: string, options: CreateOptions): Promise<void> {
  const configs = options.config.map((text) => parsePair('--config', text));
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
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS && options.ifNotExists) {
      if (options.json) printDone('', { topic: name, created: false }, options);
      return;
    }
    if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS) {
      throw new CliError(
        `topic ${shown(name)} exists already: --if-not-exists makes that no failure`,
      );
    }
    check(errorCode, errorMessage, `cannot create topic ${shown(name)}`);
    printDone(`Created topic ${shown(name)}.`, { topic: name, created: true }, options);
  });
}

export interface ListOptions extends ConnectionOptions {
  /** Print partitions and replication factors, too. */
  readonly long?: boolean;
}

/** Prints the names of all topics, one a line, sorted; with `long` a table. */
export async function listTopics(options: ListOptions): Promise<void> {
  await withClient(options, async (client) => {
    const { topics } = await client.request(Metadata, { topics: null, ...READ_ONLY });
    const rows = topics
      .map(({ name, isInternal, partitions }) => ({
        topic: name ?? '',
        internal: isInternal,
        partitions: partitions.length,
        replicationFactor: partitions[0]?.replicaNodes.length ?? 0,
      }))
      .sort((a, b) => (a.topic < b.topic ? -1 : 1));
    if (!options.long && !options.json) return printLines(rows.map(({ topic }) => shown(topic)));
    await printReport(
      rows,
      [
        { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
        { title: 'PARTITIONS', cell: ({ partitions }) => partitions },
        { title: 'REPLICATION-FACTOR', cell: ({ replicationFactor }) => replicationFactor },
      ],
      options,
    );
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
      if (options.ifExists) {
        if (options.json) printDone('', { topic: name, deleted: false }, options);
        return;
      }
      throw unknownTopic(name, ', or --if-exists makes that no failure');
    }
    check(errorCode, errorMessage, `cannot delete topic ${shown(name)}`);
    printDone(`Deleted topic ${shown(name)}.`, { topic: name, deleted: true }, options);
  });
}

/** All zeros: no id. */
const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA';

function only<T>(elements: readonly T[]): T {
  const [element] = elements;
  if (element === undefined || elements.length !== 1) {
    throw new CliError('the broker answered for another number of topics than was asked');
  }
  return element;
}

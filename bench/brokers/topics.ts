import { readdir } from 'node:fs/promises';
import { Client } from '../../server/cli/client.js';
import { APIS } from '../../server/handlers/apis.js';
import { ZERO_UUID } from '../../server/protocol/schema.js';
import { voided } from '../lib/outcome.js';
import type { TopicShape } from './target.js';

const TIMEOUT_MS = 30_000;
const POLL_MS = 20;
/** Apache Kafka begins with deletions only some seconds after its start. */
const FILES_GONE_MS = 90_000;

/**
 * Files of deleted topics go (almost) at once, on both sides, as those of the floors do: with the
 * minute that is the default every slice would write fresh pages, which are 3 to 10 times slower on
 * a virtual machine that hands freed ones back to its host. Not 0: Apache Kafka would then look for
 * deleted files without a pause, and its idle CPU be 7 % of a core instead of 3 %.
 */
export const FILES_GO_AT_ONCE = { 'log.segment.delete.delay.ms': '100' } as const;
/** Asks ListOffsets for the end of a partition. */
const LATEST = -1;
/**
 * UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE, NOT_LEADER_OR_FOLLOWER: the broker has not seen
 * its own topic yet.
 */
const NOT_YET = new Set([3, 5, 6]);

let lastTopic = 0;

/** Names of equal length, so that frames of all rows have equal sizes. */
function newTopicName(): string {
  return `bench-${String(++lastTopic).padStart(6, '0')}`;
}

/** Creates a topic over the wire, and resolves when every partition has a leader. */
export async function createTopic(port: number, shape: TopicShape): Promise<string> {
  const name = newTopicName();
  await withClient(port, async (client) => {
    const configs = Object.entries(shape.configs ?? {}).map(([key, value]) => ({
      name: key,
      value,
    }));
    const { topics } = await client.request(APIS.CreateTopics, {
      topics: [
        { name, numPartitions: shape.partitions, replicationFactor: 1, assignments: [], configs },
      ],
      timeoutMs: TIMEOUT_MS,
    });
    const { errorCode, errorMessage } = topics[0]!;
    if (errorCode !== 0) throw voided(`creating a topic: error ${errorCode} ${errorMessage ?? ''}`);
    await untilLed(client, name, shape.partitions);
  });
  return name;
}

/**
 * A topic is ready when every partition answers for its end; metadata names leaders that do not
 * know of it yet.
 */
async function untilLed(client: Client, name: string, partitions: number): Promise<void> {
  const deadline = Date.now() + TIMEOUT_MS;
  const asked = Array.from({ length: partitions }, (_, partitionIndex) => ({
    partitionIndex,
    timestamp: LATEST,
  }));
  for (;;) {
    const { topics } = await client.request(APIS.ListOffsets, {
      replicaId: -1,
      isolationLevel: 0,
      topics: [{ name, partitions: asked }],
    });
    const codes = topics.flatMap((topic) => topic.partitions.map(({ errorCode }) => errorCode));
    const refusal = codes.find((code) => code !== 0);
    if (refusal === undefined && codes.length === partitions) return;
    if (refusal !== undefined && !NOT_YET.has(refusal)) {
      throw voided(`the new topic ${name} has error ${refusal}`);
    }
    if (Date.now() > deadline) throw voided(`the new topic ${name} got no leader within 30 s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

/**
 * Resolves when a broker that was started again serves every partition of a topic: Apache Kafka
 * answers earlier.
 */
export function untilServed(port: number, name: string, partitions: number): Promise<void> {
  return withClient(port, (client) => untilLed(client, name, partitions));
}

/** Deletes a topic over the wire, and resolves when nothing of it is in `folder` any more. */
export async function deleteTopic(port: number, name: string, folder: string): Promise<void> {
  await withClient(port, async (client) => {
    await client.request(APIS.DeleteTopics, {
      topics: [{ topicId: ZERO_UUID, name }],
      topicNames: [name],
      timeoutMs: TIMEOUT_MS,
    });
  });
  const deadline = Date.now() + FILES_GONE_MS;
  while ((await readdir(folder)).some((entry) => entry.startsWith(name))) {
    if (Date.now() > deadline) throw voided(`files of the deleted topic ${name} stayed for 90 s`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function withClient(port: number, use: (client: Client) => Promise<void>): Promise<void> {
  const client = await Client.connect({ bootstrap: `127.0.0.1:${port}`, timeoutMs: TIMEOUT_MS });
  try {
    await use(client);
  } finally {
    client.close();
  }
}

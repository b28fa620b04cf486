import type { Client } from './client.js';
import { connectCoordinator } from './coordinator.js';
import { GroupMember } from './group-member.js';
import { committedOffsets } from './group-offsets.js';
import { CLI_LIMITS } from './limits.js';
import { PartitionReader } from './partition-reader.js';
import { type Printing, printOnce } from './printing.js';
import { resolveStart, type Start, type StartPosition } from './start-position.js';
import type { TopicPartitions } from './topic-partitions.js';

/**
 * Prints the records of the partitions that a consumer group assigns to this member, and commits
 * their offsets: after a crash some records may be printed again, none is left out. Begins at
 * `start` where the group has committed nothing.
 */
export async function consumeInGroup(
  client: Client,
  topic: TopicPartitions,
  group: string,
  start: StartPosition,
  printing: Printing,
): Promise<void> {
  const coordinator = await connectCoordinator(client, group, CLI_LIMITS.joinTimeoutMs);
  try {
    const member = new GroupMember(coordinator, group, topic);
    try {
      while (await readGeneration(client, topic, group, start, printing, member));
    } finally {
      await member.leave();
    }
  } finally {
    coordinator.close();
  }
}

/** Reads until the partitions are assigned again. Resolves with whether there is more to do. */
async function readGeneration(
  client: Client,
  topic: TopicPartitions,
  group: string,
  start: StartPosition,
  printing: Printing,
  member: GroupMember,
): Promise<boolean> {
  const partitions = await member.join();
  const reader = new PartitionReader(
    client,
    topic,
    await startPositions(client, topic, group, partitions, start),
  );
  let committedMs = Date.now();
  let more = true;
  while (more && !member.mustRejoin) {
    more = await printOnce(reader, topic, printing);
    // Records that the reader of stdout did not take are left to the next member.
    if (printing.out.readerLeft) return false;
    const nowMs = Date.now();
    if (!more || nowMs - committedMs >= CLI_LIMITS.commitIntervalMs) {
      await member.commit(reader.positions);
      committedMs = nowMs;
    }
    if (!more && reader.damage !== null) throw reader.damage;
  }
  // The other members wait for this commit: they begin where it ends.
  if (more) await member.commit(reader.positions);
  return more;
}

async function startPositions(
  client: Client,
  topic: TopicPartitions,
  group: string,
  partitions: readonly number[],
  start: StartPosition,
): Promise<Start> {
  const coordinator = await connectCoordinator(client, group);
  try {
    const committed = (await committedOffsets(coordinator, group)).get(topic.name);
    const fresh = partitions.filter((partition) => !committed?.has(partition));
    const { positions, offline } = await resolveStart(client, topic.name, fresh, start);
    const known = partitions.flatMap((partition) => {
      const offset = committed?.get(partition);
      return offset === undefined ? [] : [[partition, offset] as const];
    });
    return { positions: new Map([...positions, ...known]), offline };
  } finally {
    coordinator.close();
  }
}

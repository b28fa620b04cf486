import type { Client } from './client.js';
import type { Ends, ReadRange } from './consume/read-range.js';
import type { TopicWatch } from './consume/topic-watch.js';
import type { Assignment } from './consumer-protocol.js';
import { connectCoordinator } from './coordinator.js';
import { GroupMember } from './group-member.js';
import { committedOffsets } from './group-offsets.js';
import { CLI_LIMITS } from './limits.js';
import { PartitionReader } from './partition-reader.js';
import { type Printing, printOnce } from './printing.js';
import { BEGINNING, resolveStart, type Start } from './start-position.js';

/** What a member of a group reads, and how far. */
export interface GroupReading {
  readonly client: Client;
  readonly group: string;
  readonly watch: TopicWatch;
  readonly range: ReadRange;
  /** Of `range.to`, by topic. */
  readonly ends: ReadonlyMap<string, Ends>;
  readonly printing: Printing;
  /** Topics that come later are read, too. */
  readonly isFollowing: boolean;
}

/**
 * Prints the records of the partitions that a consumer group assigns to this member, and commits
 * their offsets: after a crash some records may be printed again, none is left out. Begins at
 * `range.from` where the group has committed nothing, in topics that come later at their beginning.
 */
export async function consumeInGroup(reading: GroupReading): Promise<void> {
  const { client, group, watch } = reading;
  const coordinator = await connectCoordinator(client, group, CLI_LIMITS.joinTimeoutMs);
  try {
    const member = new GroupMember(coordinator, group);
    const late = new Set<string>();
    member.subscribe(watch.topics.map(({ name }) => name));
    try {
      while (await readGeneration(reading, member, late));
    } finally {
      await member.leave();
    }
  } finally {
    coordinator.close();
  }
}

/** Reads until the partitions are assigned again. Resolves with whether there is more to do. */
async function readGeneration(
  reading: GroupReading,
  member: GroupMember,
  late: Set<string>,
): Promise<boolean> {
  const { client, watch, ends, printing } = reading;
  const reader = new PartitionReader(client);
  const assignment = await member.join();
  const starts = await startPositions(reading, assignment, late);
  for (const topic of watch.topics) {
    const start = starts.get(topic.name);
    if (start !== undefined) reader.add(topic, start, ends.get(topic.name));
  }
  let committedMs = Date.now();
  let more = true;
  while (more && !member.mustRejoin) {
    more = await printOnce(reader, printing);
    // Records that the reader of stdout did not take are left to the next member.
    if (printing.out.readerLeft) return false;
    const nowMs = Date.now();
    if (!more || nowMs - committedMs >= CLI_LIMITS.commitIntervalMs) {
      await member.commit(reader.positions);
      committedMs = nowMs;
    }
    if (!more) watch.drop(reader.takeDeleted());
    if (!more && reader.damage !== null) throw reader.damage;
    if (more) await followTopics(reading, reader, member, late);
  }
  // The other members wait for this commit: they begin where it ends.
  if (more) await member.commit(reader.positions);
  return more;
}

/** Subscribes again where topics were deleted, or new ones match. */
async function followTopics(
  { watch, isFollowing }: GroupReading,
  reader: PartitionReader,
  member: GroupMember,
  late: Set<string>,
): Promise<void> {
  const deleted = reader.takeDeleted();
  watch.drop(deleted);
  const added = isFollowing ? await watch.added(Date.now()) : [];
  for (const { name } of added) late.add(name);
  if (deleted.length + added.length > 0) member.subscribe(watch.topics.map(({ name }) => name));
}

async function startPositions(
  { client, group, range }: GroupReading,
  assignment: Assignment,
  late: ReadonlySet<string>,
): Promise<Map<string, Start>> {
  const starts = new Map<string, Start>();
  const coordinator = await connectCoordinator(client, group);
  try {
    const offsets = await committedOffsets(coordinator, group);
    for (const [name, partitions] of assignment) {
      const committed = offsets.get(name);
      const fresh = partitions.filter((partition) => !committed?.has(partition));
      const from = late.has(name) ? BEGINNING : range.from;
      const { positions, offline } = await resolveStart(client, name, fresh, from);
      const known = partitions.flatMap((partition) => {
        const offset = committed?.get(partition);
        return offset === undefined ? [] : [[partition, offset] as const];
      });
      starts.set(name, { positions: new Map([...positions, ...known]), offline });
    }
    return starts;
  } finally {
    coordinator.close();
  }
}

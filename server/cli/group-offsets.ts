import { ErrorCode } from '../protocol/error-codes.js';
import { OffsetCommit } from '../protocol/messages/offset-commit.js';
import { OffsetFetch } from '../protocol/messages/offset-fetch.js';
import { check, shown } from './answers.js';
import type { Client } from './client.js';
import { whenReady } from './coordinator.js';

/** Offsets by topic and partition. */
export type GroupOffsets = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** The member that commits; a group without members takes commits from any client. */
export interface Committer {
  readonly memberId: string;
  readonly generation: number;
}

const NO_MEMBER: Committer = { memberId: '', generation: -1 };

/** Everything that a group has committed. `client` is connected to its coordinator. */
export async function committedOffsets(client: Client, groupId: string): Promise<GroupOffsets> {
  const answer = await whenReady(
    async () => {
      const { groups, ...whole } = await client.request(OffsetFetch, {
        groupId,
        topics: null,
        groups: [{ groupId, topics: null }],
      });
      return groups[0] ?? whole;
    },
    ({ errorCode }) => errorCode,
  );
  check(answer.errorCode, null, `cannot read the offsets of group ${shown(groupId)}`);
  const offsets = new Map<string, Map<number, number>>();
  for (const { name, partitions } of answer.topics) {
    const known = partitions.filter(({ committedOffset }) => committedOffset >= 0);
    const byPartition = known.map(
      ({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset] as const,
    );
    if (byPartition.length > 0) offsets.set(name, new Map(byPartition));
  }
  return offsets;
}

/**
 * Commits offsets. Resolves with the first error code, or NONE when all are stored. `client` is
 * connected to the coordinator.
 */
export async function commitOffsets(
  client: Client,
  groupId: string,
  offsets: GroupOffsets,
  { memberId, generation }: Committer = NO_MEMBER,
): Promise<number> {
  const request = {
    groupId,
    generationIdOrMemberEpoch: generation,
    memberId,
    topics: [...offsets].map(([name, partitions]) => ({
      name,
      partitions: [...partitions].map(([partitionIndex, committedOffset]) => ({
        partitionIndex,
        committedOffset,
        committedMetadata: '',
      })),
    })),
  };
  return whenReady(async () => {
    const { topics } = await client.request(OffsetCommit, request);
    for (const { partitions } of topics) {
      for (const { errorCode } of partitions) if (errorCode !== ErrorCode.NONE) return errorCode;
    }
    return ErrorCode.NONE;
  }, Number);
}

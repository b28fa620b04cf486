import type { GroupCoordinator } from '../groups/coordinator.js';
import type { RequestOf, ResponseOf } from '../protocol/api.js';
import { ErrorCode, type ErrorName } from '../protocol/error-codes.js';
import { OffsetCommit } from '../protocol/messages/offset-commit.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface OffsetCommitParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

/** OffsetCommit. Answered when the offsets are in the log and its promise holds. */
export const offsetCommit = handler(OffsetCommit, { order: 'pipelined' }, offsetCommitHandler);

function offsetCommitHandler({ groups }: OffsetCommitParts): Handler<typeof OffsetCommit> {
  return async ({ apiVersion }, request) => {
    const offsets = request.topics.flatMap(({ name, partitions }) =>
      partitions.map((each) => ({
        topic: name,
        partition: each.partitionIndex,
        offset: each.committedOffset,
        leaderEpoch: each.committedLeaderEpoch,
        metadata: each.committedMetadata,
      })),
    );
    const speaker = {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationIdOrMemberEpoch,
    };
    try {
      const { groupId, retentionTimeMs } = request;
      const errors = await groups.offsets.commit(groupId, speaker, offsets, retentionTimeMs);
      return responseOf(request, (at) => errors[at]!);
    } catch (error) {
      const { name } = wireError(error);
      // Before 9 a member of a group that is gone learns that its generation is.
      const isOld = name === 'GROUP_ID_NOT_FOUND' && apiVersion < 9;
      return responseOf(request, () => (isOld ? 'ILLEGAL_GENERATION' : name));
    }
  };
}

function responseOf(
  { topics }: RequestOf<typeof OffsetCommit>,
  errorAt: (at: number) => ErrorName,
): ResponseOf<typeof OffsetCommit> {
  let at = 0;
  return {
    topics: topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ErrorCode[errorAt(at++)],
      })),
    })),
  };
}

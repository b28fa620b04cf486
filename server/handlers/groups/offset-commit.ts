import type { Work } from '../../../engine/index.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import type { CommitOutcome } from '../../groups/offsets/offset-store.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode, type ErrorName } from '../../protocol/error-codes.js';
import { OffsetCommit } from '../../protocol/messages/offset-commit.js';
import { wireError } from '../../request/error-map.js';
import { mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface OffsetCommitParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

/** OffsetCommit. Answered when the offsets are in the log and its promise holds. */
export const offsetCommit = handler(
  OffsetCommit,
  {
    asks: [
      { operation: 'read', resource: 'group' },
      { operation: 'read', resource: 'topic' },
    ],
    order: 'pipelined',
  },
  offsetCommitHandler,
);

function offsetCommitHandler({ groups }: OffsetCommitParts): Handler<typeof OffsetCommit> {
  return async ({ apiVersion, work }, request) => {
    const speaker = {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationIdOrMemberEpoch,
    };
    try {
      const { groupId, topics, retentionTimeMs } = request;
      const outcome = await groups.offsets.commit(groupId, speaker, topics, retentionTimeMs);
      return await responseOf(work, request, outcome);
    } catch (error) {
      const { name } = wireError(error);
      // Before 9 a member of a group that is gone learns that its generation is.
      const isOld = name === 'GROUP_ID_NOT_FOUND' && apiVersion < 9;
      const failure = isOld ? 'ILLEGAL_GENERATION' : name;
      return responseOf(work, request, { errors: [], failure });
    }
  };
}

async function responseOf(
  work: Work,
  { topics }: RequestOf<typeof OffsetCommit>,
  { errors, failure }: CommitOutcome,
): Promise<ResponseOf<typeof OffsetCommit>> {
  let at = 0;
  const nextError = (): ErrorName => {
    const error = errors[at++] ?? 'NONE';
    return error === 'NONE' ? (failure ?? error) : error;
  };
  const answers = await mapInSlices(work, topics, async ({ name, partitions }) => ({
    name,
    partitions: await mapInSlices(work, partitions, ({ partitionIndex }) => ({
      partitionIndex,
      errorCode: ErrorCode[nextError()],
    })),
  }));
  return { topics: answers };
}

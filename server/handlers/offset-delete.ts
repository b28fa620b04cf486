import type { GroupCoordinator } from '../groups/coordinator.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { OffsetDelete } from '../protocol/messages/offset-delete.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface OffsetDeleteParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

/** OffsetDelete (KIP-496): forgets offsets of topics that no member reads. Answered when that is in the log. */
export const offsetDelete = handler(OffsetDelete, {}, offsetDeleteHandler);

function offsetDeleteHandler({ groups }: OffsetDeleteParts): Handler<typeof OffsetDelete> {
  return async (_context, { groupId, topics }) => {
    const wanted = topics.flatMap(({ name, partitions }) =>
      partitions.map(({ partitionIndex }) => ({ topic: name, partition: partitionIndex })),
    );
    try {
      const errors = await groups.offsets.delete(groupId, wanted);
      let at = 0;
      return {
        errorCode: ErrorCode.NONE,
        topics: topics.map(({ name, partitions }) => ({
          name,
          partitions: partitions.map(({ partitionIndex }) => ({
            partitionIndex,
            errorCode: ErrorCode[errors[at++]!],
          })),
        })),
      };
    } catch (error) {
      return { errorCode: wireError(error).code, topics: [] };
    }
  };
}

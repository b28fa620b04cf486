import type { GroupCoordinator } from '../../groups/coordinator.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { OffsetDelete } from '../../protocol/messages/offset-delete.js';
import { wireError } from '../../request/error-map.js';
import { forEachInSlices, mapInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface OffsetDeleteParts {
  readonly groups: Pick<GroupCoordinator, 'offsets'>;
}

/**
 * OffsetDelete (KIP-496): forgets offsets of topics that no member reads. Answered when that is in
 * the log.
 */
export const offsetDelete = handler(
  OffsetDelete,
  {
    asks: [
      { operation: 'delete', resource: 'group' },
      { operation: 'read', resource: 'topic' },
    ],
  },
  offsetDeleteHandler,
);

function offsetDeleteHandler({ groups }: OffsetDeleteParts): Handler<typeof OffsetDelete> {
  return async ({ work }, { groupId, topics }) => {
    const wanted: { topic: string; partition: number }[] = [];
    await forEachInSlices(work, topics, ({ name, partitions }) =>
      forEachInSlices(work, partitions, ({ partitionIndex }) => {
        wanted.push({ topic: name, partition: partitionIndex });
      }),
    );
    try {
      const errors = await groups.offsets.delete(groupId, wanted);
      let at = 0;
      const answers = await mapInSlices(work, topics, async ({ name, partitions }) => ({
        name,
        partitions: await mapInSlices(work, partitions, ({ partitionIndex }) => ({
          partitionIndex,
          errorCode: ErrorCode[errors[at++]!],
        })),
      }));
      return { errorCode: ErrorCode.NONE, topics: answers };
    } catch (error) {
      return { errorCode: wireError(error).code, topics: [] };
    }
  };
}

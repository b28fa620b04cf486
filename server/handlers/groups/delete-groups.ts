import type { GroupCoordinator } from '../../groups/coordinator.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DeleteGroups } from '../../protocol/messages/delete-groups.js';
import { wireError } from '../../request/error-map.js';
import { distinctInSlices } from '../../request/in-slices.js';
import { type Handler, handler } from '../handler.js';

export interface DeleteGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'delete'>;
}

type Answer = ResponseOf<typeof DeleteGroups>['results'][number];

/**
 * DeleteGroups: groups without members, and their offsets. It is answered when the deletion is in
 * the log.
 */
export const deleteGroups = handler(
  DeleteGroups,
  { asks: [{ operation: 'delete', resource: 'group' }] },
  deleteGroupsHandler,
);

function deleteGroupsHandler(parts: DeleteGroupsParts): Handler<typeof DeleteGroups> {
  return async ({ work }, { groupsNames }) => {
    const names = [...(await distinctInSlices(work, groupsNames))];
    const results: Answer[] = [];
    while (results.length < names.length) {
      const some = names.slice(results.length, results.length + SERVER_LIMITS.groupDeletionsAtOnce);
      results.push(...(await Promise.all(some.map((groupId) => deleted(parts, groupId)))));
      const pause = work.did(some.length);
      if (pause !== null) await pause;
    }
    return { results };
  };
}

async function deleted({ groups }: DeleteGroupsParts, groupId: string): Promise<Answer> {
  try {
    return { groupId, errorCode: ErrorCode[await groups.delete(groupId)] };
  } catch (error) {
    return { groupId, errorCode: wireError(error).code };
  }
}

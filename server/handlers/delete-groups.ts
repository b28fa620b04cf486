import type { GroupCoordinator } from '../groups/coordinator.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface DeleteGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'delete'>;
}

/** DeleteGroups: groups without members, and their offsets. Answered when that is in the log. */
export function deleteGroupsHandler({ groups }: DeleteGroupsParts): Handler<'DeleteGroups'> {
  return async (_context, { groupsNames }) => {
    const results = [...new Set(groupsNames)].map(async (groupId) => {
      try {
        return { groupId, errorCode: ErrorCode[await groups.delete(groupId)] };
      } catch (error) {
        return { groupId, errorCode: wireError(error).code };
      }
    });
    return { results: await Promise.all(results) };
  };
}

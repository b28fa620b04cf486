import type { GroupCoordinator } from '../groups/coordinator.js';
import type { ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface DeleteGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'delete'>;
}

type Answer = ResponseOf<'DeleteGroups'>['results'][number];

/** DeleteGroups: groups without members, and their offsets. Answered when that is in the log. */
export function deleteGroupsHandler(parts: DeleteGroupsParts): Handler<'DeleteGroups'> {
  return async ({ work }, { groupsNames }) => {
    const results: Promise<Answer>[] = [];
    for (const groupId of new Set(groupsNames)) {
      results.push(deleted(parts, groupId));
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    return { results: await Promise.all(results) };
  };
}

async function deleted({ groups }: DeleteGroupsParts, groupId: string): Promise<Answer> {
  try {
    return { groupId, errorCode: ErrorCode[await groups.delete(groupId)] };
  } catch (error) {
    return { groupId, errorCode: wireError(error).code };
  }
}

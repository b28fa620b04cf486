import type { Leaver } from '../../groups/classic/leaving.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { LeaveGroup } from '../../protocol/messages/leave-group.js';
import { wireError } from '../../request/error-map.js';
import { type Handler, handler } from '../handler.js';

export interface LeaveGroupParts {
  readonly groups: Pick<GroupCoordinator, 'leave'>;
}

type Members = RequestOf<typeof LeaveGroup>['members'];
type MemberAnswer = NonNullable<ResponseOf<typeof LeaveGroup>['members']>[number];

/** LeaveGroup: one member up to 2, several from 3 on, each with an error of its own (KIP-345). */
export const leaveGroup = handler(
  LeaveGroup,
  { asks: [{ operation: 'read', resource: 'group' }], order: 'pipelined' },
  leaveGroupHandler,
);

function leaveGroupHandler({ groups }: LeaveGroupParts): Handler<typeof LeaveGroup> {
  return async ({ apiVersion, work }, request) => {
    try {
      if (apiVersion < 3) {
        const leaver = { memberId: request.memberId, instanceId: null };
        const [error = 'NONE'] = groups.leave(request.groupId, [leaver]);
        return { errorCode: ErrorCode[error] };
      }
      const members: MemberAnswer[] = [];
      do {
        const end = members.length + SERVER_LIMITS.leaversAtOnce;
        const some = request.members.slice(members.length, end);
        const errors = groups.leave(request.groupId, some.map(leaverOf));
        for (const [at, { memberId, groupInstanceId }] of some.entries()) {
          members.push({ memberId, groupInstanceId, errorCode: ErrorCode[errors[at]!] });
        }
        const pause = members.length < request.members.length ? work.did(some.length) : null;
        if (pause !== null) await pause;
      } while (members.length < request.members.length);
      return { errorCode: ErrorCode.NONE, members };
    } catch (error) {
      return { errorCode: wireError(error).code };
    }
  };
}

function leaverOf({ memberId, groupInstanceId }: Members[number]): Leaver {
  return { memberId, instanceId: groupInstanceId };
}

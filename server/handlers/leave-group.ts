import type { GroupCoordinator } from '../groups/coordinator.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { LeaveGroup } from '../protocol/messages/leave-group.js';
import { wireError } from './error-map.js';
import { type Handler, handler } from './handler.js';

export interface LeaveGroupParts {
  readonly groups: Pick<GroupCoordinator, 'leave'>;
}

/** LeaveGroup: one member up to 2, several from 3 on, each with an error of its own (KIP-345). */
export const leaveGroup = handler(LeaveGroup, { order: 'pipelined' }, leaveGroupHandler);

function leaveGroupHandler({ groups }: LeaveGroupParts): Handler<typeof LeaveGroup> {
  return async ({ apiVersion }, request) => {
    try {
      if (apiVersion < 3) {
        const leaver = { memberId: request.memberId, instanceId: null };
        const [error = 'NONE'] = await groups.leave(request.groupId, [leaver]);
        return { errorCode: ErrorCode[error] };
      }
      const leavers = request.members.map(({ memberId, groupInstanceId }) => ({
        memberId,
        instanceId: groupInstanceId,
      }));
      const errors = await groups.leave(request.groupId, leavers);
      const members = request.members.map(({ memberId, groupInstanceId }, at) => ({
        memberId,
        groupInstanceId,
        errorCode: ErrorCode[errors[at]!],
      }));
      return { errorCode: ErrorCode.NONE, members };
    } catch (error) {
      return { errorCode: wireError(error).code };
    }
  };
}

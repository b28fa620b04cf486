import type { GroupCoordinator } from '../groups/coordinator.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface HeartbeatParts {
  readonly groups: Pick<GroupCoordinator, 'heartbeat'>;
}

/** Heartbeat: REBALANCE_IN_PROGRESS calls the member to join again. */
export function heartbeatHandler({ groups }: HeartbeatParts): Handler<'Heartbeat'> {
  return (_context, { groupId, memberId, groupInstanceId, generationId }) => {
    try {
      const speaker = { memberId, instanceId: groupInstanceId, generation: generationId };
      return { errorCode: ErrorCode[groups.heartbeat(groupId, speaker)] };
    } catch (error) {
      return { errorCode: wireError(error).code };
    }
  };
}

import type { GroupCoordinator } from '../../groups/coordinator.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { Heartbeat } from '../../protocol/messages/heartbeat.js';
import { wireError } from '../../request/error-map.js';
import { type Handler, handler } from '../handler.js';

export interface HeartbeatParts {
  readonly groups: Pick<GroupCoordinator, 'heartbeat'>;
}

/**
 * Heartbeat: REBALANCE_IN_PROGRESS calls the member to join again. While the group is being loaded
 * the answer has no error, as in Kafka: each member gets a new session with the load.
 */
export const heartbeat = handler(
  Heartbeat,
  { asks: [{ operation: 'read', resource: 'group' }], order: 'pipelined' },
  heartbeatHandler,
);

function heartbeatHandler({ groups }: HeartbeatParts): Handler<typeof Heartbeat> {
  return (_context, { groupId, memberId, groupInstanceId, generationId }) => {
    try {
      const speaker = { memberId, instanceId: groupInstanceId, generation: generationId };
      return { errorCode: ErrorCode[groups.heartbeat(groupId, speaker)] };
    } catch (error) {
      const { name, code } = wireError(error);
      return { errorCode: name === 'COORDINATOR_LOAD_IN_PROGRESS' ? ErrorCode.NONE : code };
    }
  };
}

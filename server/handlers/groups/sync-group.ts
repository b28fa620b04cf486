import type { GroupCoordinator } from '../../groups/coordinator.js';
import type { RequestOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { SyncGroup } from '../../protocol/messages/sync-group.js';
import { wireError } from '../../request/error-map.js';
import { type Handler, handler } from '../handler.js';

export interface SyncGroupParts {
  readonly groups: Pick<GroupCoordinator, 'sync'>;
}

/**
 * SyncGroup. Answered when the leader's plan is in the log. While the group is being loaded its
 * rebalance is lost, and the member is to join again: the Java client takes
 * COORDINATOR_LOAD_IN_PROGRESS here for a failure of the consumer.
 */
export const syncGroup = handler(
  SyncGroup,
  { asks: [{ operation: 'read', resource: 'group' }], order: 'pipelined' },
  syncGroupHandler,
);

function syncGroupHandler({ groups }: SyncGroupParts): Handler<typeof SyncGroup> {
  return async (context, request) => {
    const wish = {
      memberId: request.memberId,
      instanceId: request.groupInstanceId,
      generation: request.generationId,
      protocolType: request.protocolType,
      protocol: request.protocolName,
      plan: planOf(request),
    };
    try {
      const synced = groups.sync(request.groupId, wish, context.connection);
      // The assignments were read within the call: a follower that names many does not hold them
      // while it waits.
      (request.assignments as unknown[]).length = 0;
      context.waits();
      const { error, ...answer } = await synced;
      return {
        errorCode: ErrorCode[error],
        protocolType: answer.protocolType,
        protocolName: answer.protocol,
        assignment: answer.assignment,
      };
    } catch (error) {
      const { name, code } = wireError(error);
      const isLoading = name === 'COORDINATOR_LOAD_IN_PROGRESS';
      return {
        errorCode: isLoading ? ErrorCode.REBALANCE_IN_PROGRESS : code,
        assignment: Buffer.alloc(0),
      };
    }
  };
}

function* planOf({ assignments }: RequestOf<typeof SyncGroup>): Iterable<[string, Buffer]> {
  for (const { memberId, assignment } of assignments) yield [memberId, assignment];
}

import type { JoinAnswer } from '../../groups/classic/group.js';
import { failedJoin } from '../../groups/classic/rebalance.js';
import type { GroupCoordinator, JoinRequest } from '../../groups/coordinator.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { RequestOf, ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { JoinGroup } from '../../protocol/messages/join-group.js';
import type { RequestContext } from '../../request/context.js';
import { wireError } from '../../request/error-map.js';
import { clientHostOf } from '../client-host.js';
import { type Handler, handler } from '../handler.js';

export interface JoinGroupParts {
  readonly groups: Pick<GroupCoordinator, 'join'>;
}

/**
 * JoinGroup. It is answered when the generation is formed; later requests on this connection do not
 * wait for it.
 */
export const joinGroup = handler(
  JoinGroup,
  { asks: [{ operation: 'read', resource: 'group' }], order: 'pipelined' },
  joinGroupHandler,
);

function joinGroupHandler({ groups }: JoinGroupParts): Handler<typeof JoinGroup> {
  return async (context, request) => {
    try {
      const wish = wishOf(context, request);
      const joined = groups.join(request.groupId, wish, context.connection);
      context.waits();
      const answer = await joined;
      const members = await membersOf(answer, context);
      return responseOf(context.apiVersion, answer, members);
    } catch (error) {
      return responseOf(
        context.apiVersion,
        failedJoin(wireError(error).name, request.memberId),
        [],
      );
    }
  };
}

function wishOf(context: RequestContext, request: RequestOf<typeof JoinGroup>): JoinRequest {
  const { apiVersion, clientId } = context;
  return {
    memberId: request.memberId,
    instanceId: request.groupInstanceId,
    clientId: clientId ?? '',
    clientHost: clientHostOf(context),
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: apiVersion === 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
    protocolType: request.protocolType,
    // These are copies, since the frame does not outlive the request. One protocol more than
    // allowed is enough for the refusal.
    protocols: request.protocols
      .slice(0, SERVER_LIMITS.memberProtocolsMax + 1)
      .map(({ name, metadata }) => ({ name, metadata: Buffer.from(metadata) })),
    needsKnownId: apiVersion >= 4,
    canSkipAssignment: apiVersion >= 9,
  };
}

type Members = ResponseOf<typeof JoinGroup>['members'];

/** The list of all members for the leader; it is empty for other members. */
async function membersOf({ members }: JoinAnswer, { work }: RequestContext): Promise<Members> {
  const told: Members[number][] = [];
  for (const { id, instanceId, metadata } of members) {
    told.push({ memberId: id, groupInstanceId: instanceId, metadata });
    const pause = work.did(1);
    if (pause !== null) await pause;
  }
  return told;
}

function responseOf(
  version: number,
  answer: JoinAnswer,
  members: Members,
): ResponseOf<typeof JoinGroup> {
  return {
    errorCode: ErrorCode[answer.error],
    generationId: answer.generation,
    protocolType: answer.protocolType,
    protocolName: answer.protocol ?? (version >= 7 ? null : ''),
    leader: answer.leader,
    skipAssignment: answer.skipAssignment,
    memberId: answer.memberId,
    members,
  };
}

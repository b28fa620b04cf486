import { type Group, metadataOf } from '../../groups/classic/group.js';
import type { GroupCoordinator } from '../../groups/coordinator.js';
import { SERVER_LIMITS } from '../../limits.js';
import type { ResponseOf } from '../../protocol/api.js';
import { ErrorCode } from '../../protocol/error-codes.js';
import { DescribeGroups } from '../../protocol/messages/describe-groups.js';
import { wireError } from '../../request/error-map.js';
import { distinctInSlices } from '../../request/in-slices.js';
import { GROUP_OPERATIONS } from '../authorized-operations.js';
import { type Handler, handler } from '../handler.js';

export interface DescribeGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'describe'>;
}

const NOTHING = Buffer.alloc(0);

type Answer = ResponseOf<typeof DescribeGroups>['groups'][number];

/**
 * DescribeGroups. A group that does not exist is Dead: below version 6 without an error, from there
 * on with one (KIP-1043).
 */
export const describeGroups = handler(
  DescribeGroups,
  { asks: [{ operation: 'describe', resource: 'group' }], readsOnly: true },
  describeGroupsHandler,
);

function describeGroupsHandler({ groups }: DescribeGroupsParts): Handler<typeof DescribeGroups> {
  return async ({ apiVersion, work }, request) => {
    // A group that is named twice is answered once, so that repetition cannot make the answer
    // larger.
    const allowed = request.includeAuthorizedOperations
      ? { authorizedOperations: GROUP_OPERATIONS }
      : {};
    const described: Answer[] = [];
    for (const groupId of await distinctInSlices(work, request.groups)) {
      const answer = describe(groups, groupId, apiVersion);
      described.push({ ...answer, ...allowed });
      const copied = answer.members.length / SERVER_LIMITS.membersDescribedPerElement;
      const pause = work.did(1 + Math.ceil(copied));
      if (pause !== null) await pause;
    }
    return { groups: described };
  };
}

function describe(
  groups: DescribeGroupsParts['groups'],
  groupId: string,
  apiVersion: number,
): Answer {
  try {
    const group = groups.describe(groupId);
    if (group === undefined || group.state === 'Dead') return dead(groupId, apiVersion);
    return {
      errorCode: ErrorCode.NONE,
      groupId,
      groupState: group.state,
      protocolType: group.protocolType ?? '',
      protocolData: (group.state === 'Stable' ? group.protocol : null) ?? '',
      members: membersOf(group),
    };
  } catch (error) {
    return { ...nothing(groupId), errorCode: wireError(error).code };
  }
}

function dead(groupId: string, apiVersion: number): Answer {
  const answer = { ...nothing(groupId), groupState: 'Dead' };
  if (apiVersion < 6) return answer;
  const errorMessage = `Group ${groupId} not found.`;
  return { ...answer, errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage };
}

function nothing(groupId: string): Answer {
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
  };
}

function membersOf(group: Readonly<Group>): Answer['members'] {
  const isStable = group.state === 'Stable';
  return [...group.members.values()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: isStable ? metadataOf(group, member) : NOTHING,
    memberAssignment: isStable ? member.assignment : NOTHING,
  }));
}

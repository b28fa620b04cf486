import type { GroupCoordinator } from '../groups/coordinator.js';
import { type Group, metadataOf } from '../groups/group.js';
import type { ResponseOf } from '../protocol/api-keys.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { GROUP_OPERATIONS } from './authorized-operations.js';
import { wireError } from './error-map.js';
import type { Handler } from './handler.js';

export interface DescribeGroupsParts {
  readonly groups: Pick<GroupCoordinator, 'describe'>;
}

type Answer = ResponseOf<'DescribeGroups'>['groups'][number];

/** DescribeGroups. A group that does not exist is Dead, without an error (below version 6). */
export function describeGroupsHandler({ groups }: DescribeGroupsParts): Handler<'DescribeGroups'> {
  return (_context, request) => {
    // A group that is named twice is answered once: the answer cannot grow by repetition.
    const ids = [...new Set(request.groups)];
    const allowed = request.includeAuthorizedOperations
      ? { authorizedOperations: GROUP_OPERATIONS }
      : {};
    return { groups: ids.map((groupId) => ({ ...describe(groups, groupId), ...allowed })) };
  };
}

function describe(groups: DescribeGroupsParts['groups'], groupId: string): Answer {
  try {
    const group = groups.describe(groupId);
    return {
      errorCode: ErrorCode.NONE,
      groupId,
      groupState: group?.state ?? 'Dead',
      protocolType: group?.protocolType ?? '',
      protocolData: (group?.state === 'Stable' ? group.protocol : null) ?? '',
      members: group === undefined ? [] : membersOf(group),
    };
  } catch (error) {
    return {
      errorCode: wireError(error).code,
      groupId,
      groupState: '',
      protocolType: '',
      protocolData: '',
      members: [],
    };
  }
}

function membersOf(group: Readonly<Group>): Answer['members'] {
  const isStable = group.state === 'Stable';
  const nothing = Buffer.alloc(0);
  return [...group.members.values()].map((member) => ({
    memberId: member.id,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: isStable ? metadataOf(group, member) : nothing,
    memberAssignment: isStable ? member.assignment : nothing,
  }));
}

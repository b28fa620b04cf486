import type { GroupValue } from '../records.js';
import { type Group, type Member, metadataOf, newGroup } from './group.js';
import { addMember, newMember } from './members.js';

/** A group from the log. Its members have their session timeout from now on to send a heartbeat. */
export function loadedGroup(id: string, value: GroupValue, nowMs: number): Group {
  const group = newGroup(id);
  group.protocolType = value.protocolType === '' ? null : value.protocolType;
  group.protocol = value.protocol;
  group.generation = value.generation;
  group.stateSinceMs = value.currentStateTimestamp;
  group.isStored = true;
  for (const stored of value.members) {
    const member: Member = {
      ...newMember({
        id: stored.memberId,
        instanceId: stored.groupInstanceId,
        clientId: stored.clientId,
        clientHost: stored.clientHost,
        sessionTimeoutMs: stored.sessionTimeout,
        rebalanceTimeoutMs:
          stored.rebalanceTimeout === -1 ? stored.sessionTimeout : stored.rebalanceTimeout,
        protocols: [{ name: value.protocol ?? '', metadata: stored.subscription }],
      }),
      assignment: stored.assignment,
      isNew: false,
      canReturn: true,
    };
    addMember(group, member);
    group.deadlines.set(member, nowMs + stored.sessionTimeout);
  }
  group.leader = group.members.size === 0 ? null : value.leader;
  group.state = group.members.size === 0 ? 'Empty' : 'Stable';
  return group;
}

/**
 * The group's record: every member with its metadata for the chosen protocol, and its assignment by
 * `assignmentOf`.
 */
export function groupValue(group: Group, assignmentOf: (member: Member) => Buffer): GroupValue {
  return {
    protocolType: group.protocolType ?? '',
    generation: group.generation,
    protocol: group.protocol,
    leader: group.leader,
    currentStateTimestamp: group.stateSinceMs,
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: metadataOf(group, member),
      assignment: assignmentOf(member),
    })),
  };
}

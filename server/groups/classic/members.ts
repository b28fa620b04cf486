import type { Group, Member, Ticket } from './group.js';

const NOTHING = Buffer.alloc(0);

/** A member that is new to the group. */
export function newMember(
  member: Pick<
    Member,
    | 'id'
    | 'instanceId'
    | 'clientId'
    | 'clientHost'
    | 'sessionTimeoutMs'
    | 'rebalanceTimeoutMs'
    | 'protocols'
  >,
): Member {
  return {
    ...member,
    assignment: NOTHING,
    joining: null,
    syncing: null,
    isNew: true,
    canReturn: member.instanceId !== null,
    owesSync: false,
    deadlineMs: Number.POSITIVE_INFINITY,
    queuedMs: Number.POSITIVE_INFINITY,
  };
}

/** The first member leads until the next generation. */
export function addMember(group: Group, member: Member): void {
  if (group.members.size === 0) group.leader = member.id;
  group.members.set(member.id, member);
  group.tally.add(member.protocols);
  group.roster = null;
  if (member.instanceId !== null) group.staticIds.set(member.instanceId, member.id);
}

/** Deletes a member without a waiting request. Without a leader the next generation elects one. */
export function deleteMember(group: Group, member: Member): void {
  group.members.delete(member.id);
  group.tally.remove(member.protocols);
  group.roster = null;
  group.deadlines.remove(member);
  if (member.instanceId !== null && group.staticIds.get(member.instanceId) === member.id) {
    group.staticIds.delete(member.instanceId);
  }
  if (group.leader === member.id) group.leader = null;
}

/** Keeps a JoinGroup waiting. */
export function holdJoin(group: Group, member: Member, ticket: Ticket): void {
  member.joining = ticket;
  group.joined += 1;
  group.waiting.set(ticket, member);
}

/** Ends the wait of a JoinGroup and returns its ticket; null if none waited. */
export function takeJoin(group: Group, member: Member): Ticket | null {
  const ticket = member.joining;
  if (ticket === null) return null;
  member.joining = null;
  group.joined -= 1;
  group.waiting.delete(ticket);
  return ticket;
}

/** Keeps a SyncGroup waiting. */
export function holdSync(group: Group, member: Member, ticket: Ticket): void {
  member.syncing = ticket;
  group.waiting.set(ticket, member);
}

/** Ends the wait of a SyncGroup and returns its ticket; null if none waited. */
export function takeSync(group: Group, member: Member): Ticket | null {
  const ticket = member.syncing;
  if (ticket === null) return null;
  member.syncing = null;
  group.waiting.delete(ticket);
  return ticket;
}

/** Whether the member is who it says: null, or the error to answer (KIP-345). */
export function memberProblem(
  group: Group,
  memberId: string,
  instanceId: string | null,
): 'UNKNOWN_MEMBER_ID' | 'FENCED_INSTANCE_ID' | null {
  if (instanceId !== null) {
    const owner = group.staticIds.get(instanceId);
    if (owner === undefined) return 'UNKNOWN_MEMBER_ID';
    if (owner !== memberId) return 'FENCED_INSTANCE_ID';
  }
  return group.members.has(memberId) ? null : 'UNKNOWN_MEMBER_ID';
}

import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { DeleteGroups } from '../protocol/messages/delete-groups.js';
import { DescribeGroups } from '../protocol/messages/describe-groups.js';
import { ListGroups } from '../protocol/messages/list-groups.js';
import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type Answer, type Client, type ConnectionOptions, withClient } from './client.js';
import { decodeAssignment } from './consumer-protocol.js';
import { connectCoordinator, whenReady } from './coordinator.js';
import { committedOffsets } from './group-offsets.js';
import { CLI_LIMITS } from './limits.js';
import { LineWriter } from './output.js';
import { endOffsets } from './start-position.js';
import { printTable } from './table.js';

export interface DescribeGroupsOptions extends ConnectionOptions {
  /** A line for each member instead of each partition. */
  readonly members?: boolean;
  /** A line for each group. */
  readonly state?: boolean;
}

type GroupDescription = Answer<typeof DescribeGroups>['groups'][number];
type Row = readonly string[];

/** Stands for an unknown value, as in Kafka's tool. */
const NOTHING = '-';
/** The state that is shown for a group that does not exist. */
const NO_GROUP = 'Dead';

/** No broker coordinated a group in all attempts. */
class Uncoordinated extends CliError {}

/** Prints the names of all groups, one a line, sorted; with `state` a table. */
export async function listGroups(
  options: ConnectionOptions & { readonly state?: boolean },
): Promise<void> {
  await withClient(options, async (client) => {
    const groups = await groupsOf(client);
    if (options.state) {
      const rows = groups.map(({ groupId, groupState }) => [shown(groupId), groupState]);
      return printTable(['GROUP', 'STATE'], rows);
    }
    const out = new LineWriter();
    for (const { groupId } of groups) await out.write(shown(groupId));
    await out.flush();
  });
}

/**
 * Prints the offsets of groups, their members, or their states. Without a name all groups. Goes on
 * after a group that cannot be described, and rejects in the end.
 */
export async function describeGroups(
  names: readonly string[],
  options: DescribeGroupsOptions,
): Promise<void> {
  await withClient(options, async (client) => {
    const all = names.length > 0 ? names : (await groupsOf(client)).map(({ groupId }) => groupId);
    const rows: Row[] = [];
    const problems: string[] = [];
    let attempts: number = CLI_LIMITS.coordinatorAttemptsMax;
    for (const name of all) {
      try {
        rows.push(...(await rowsOf(client, name, options, attempts)));
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        problems.push(
          error.message.includes(`group ${shown(name)}`)
            ? error.message
            : `group ${shown(name)}: ${error.message}`,
        );
        // After one wait in vain the coordinators of later groups are asked only once.
        if (error instanceof Uncoordinated) attempts = 1;
      }
    }
    if (rows.length > 0 || problems.length === 0) await printTable(headingFor(options), rows);
    if (problems.length > 0) throw new CliError(problems.join('; '));
  });
}

/** The rows of a group; it also says when the group has no members. */
function rowsOf(
  client: Client,
  name: string,
  options: DescribeGroupsOptions,
  attempts: number,
): Promise<Row[]> {
  return withCoordinator(client, name, async (coordinator) => {
    const group = await describeGroup(coordinator, name, attempts);
    if (group.groupState === NO_GROUP) throw unknownGroup(name);
    if (options.state) return [stateRow(group, coordinator)];
    const rows = options.members ? memberRows(group) : await offsetRows(client, coordinator, group);
    if (group.members.length === 0) {
      process.stderr.write(`odradek: group ${shown(name)} has no members now\n`);
    }
    return rows;
  });
}

/**
 * Deletes groups with their offsets. Goes on after a group that cannot be deleted, and rejects in
 * the end.
 */
export async function deleteGroups(
  names: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  const problems: string[] = [];
  await withClient(options, async (client) => {
    for (const name of names) {
      const code = await withCoordinator(client, name, (coordinator) =>
        whenReady(
          async () => {
            const { results } = await coordinator.request(DeleteGroups, { groupsNames: [name] });
            return results[0]?.errorCode ?? ErrorCode.UNKNOWN_SERVER_ERROR;
          },
          (errorCode) => errorCode,
        ),
      );
      if (code === ErrorCode.NONE) process.stdout.write(`Deleted group ${shown(name)}.\n`);
      else problems.push(deletionProblem(name, code));
    }
  });
  if (problems.length > 0) throw new CliError(problems.join('; '));
}

/**
 * Describes one group; the state of one that does not exist is `NO_GROUP`. `coordinator` is
 * connected to its coordinator, which is asked `attempts` times while it is not ready.
 */
export async function describeGroup(
  coordinator: Client,
  name: string,
  attempts?: number,
): Promise<GroupDescription> {
  const group = await whenReady(
    async () => {
      const { groups } = await coordinator.request(DescribeGroups, { groups: [name] });
      const [answer] = groups;
      if (answer === undefined) throw new CliError('the broker answered for another group');
      return answer;
    },
    ({ errorCode }) => errorCode,
    attempts,
  );
  if (group.errorCode === ErrorCode.NOT_COORDINATOR) {
    throw new Uncoordinated(
      `cannot describe group ${shown(name)}: nobody coordinates it (NOT_COORDINATOR); where its partition of __consumer_offsets is damaged, the broker's log says so, and what to do`,
    );
  }
  if (group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND) return { ...group, groupState: NO_GROUP };
  check(group.errorCode, null, `cannot describe group ${shown(name)}`);
  return group;
}

export async function withCoordinator<T>(
  client: Client,
  group: string,
  use: (coordinator: Client) => Promise<T>,
): Promise<T> {
  const coordinator = await connectCoordinator(client, group);
  try {
    return await use(coordinator);
  } finally {
    coordinator.close();
  }
}

/** Sorted by name. */
async function groupsOf(client: Client): Promise<Answer<typeof ListGroups>['groups']> {
  const { groups, errorCode } = await whenReady(
    () => client.request(ListGroups, {}),
    (answer) => answer.errorCode,
  );
  check(errorCode, null, 'cannot list groups');
  return [...groups].sort((a, b) => (a.groupId < b.groupId ? -1 : 1));
}

function headingFor({ state, members }: DescribeGroupsOptions): Row {
  if (state) return ['GROUP', 'COORDINATOR', 'ASSIGNMENT-STRATEGY', 'STATE', '#MEMBERS'];
  if (members) return ['GROUP', 'CONSUMER-ID', 'HOST', 'CLIENT-ID', '#PARTITIONS', 'ASSIGNMENT'];
  return [
    'GROUP',
    'TOPIC',
    'PARTITION',
    'CURRENT-OFFSET',
    'LOG-END-OFFSET',
    'LAG',
    'CONSUMER-ID',
    'HOST',
    'CLIENT-ID',
  ];
}

function stateRow(
  { groupId, protocolData, groupState, members }: GroupDescription,
  { address }: Client,
): Row {
  const strategy = protocolData === '' ? NOTHING : shown(protocolData);
  return [shown(groupId), address, strategy, groupState, String(members.length)];
}

function memberRows({ groupId, members }: GroupDescription): Row[] {
  return members.map(({ memberId, clientHost, clientId, memberAssignment }) => {
    const assignment = [...decodeAssignment(memberAssignment)];
    const count = assignment.reduce((sum, [, partitions]) => sum + partitions.length, 0);
    const texts = assignment.map(
      ([topic, partitions]) => `${shown(topic)}(${partitions.join(',')})`,
    );
    return [
      shown(groupId),
      shown(memberId),
      shown(clientHost),
      shown(clientId),
      String(count),
      texts.join(',') || NOTHING,
    ];
  });
}

/** A line for each partition that is committed or assigned, sorted by topic and partition. */
async function offsetRows(
  client: Client,
  coordinator: Client,
  { groupId, members }: GroupDescription,
): Promise<Row[]> {
  const committed = await committedOffsets(coordinator, groupId);
  const owners = new Map<string, Map<number, GroupDescription['members'][number]>>();
  for (const member of members) {
    for (const [topic, partitions] of decodeAssignment(member.memberAssignment)) {
      const byPartition = owners.get(topic) ?? new Map();
      owners.set(topic, byPartition);
      for (const partition of partitions) byPartition.set(partition, member);
    }
  }
  const rows: Row[] = [];
  for (const topic of [...new Set([...committed.keys(), ...owners.keys()])].sort()) {
    const offsets = committed.get(topic);
    const owned = owners.get(topic);
    const partitions = [...new Set([...(offsets?.keys() ?? []), ...(owned?.keys() ?? [])])];
    const ends = await endOffsets(client, topic, partitions);
    for (const partition of partitions.sort((a, b) => a - b)) {
      const current = offsets?.get(partition);
      const end = ends.get(partition)!;
      const owner = owned?.get(partition);
      rows.push([
        shown(groupId),
        shown(topic),
        String(partition),
        String(current ?? NOTHING),
        String(end),
        current === undefined ? NOTHING : String(Math.max(0, end - current)),
        ...[owner?.memberId, owner?.clientHost, owner?.clientId].map((text) =>
          shown(text ?? NOTHING),
        ),
      ]);
    }
  }
  return rows;
}

function unknownGroup(name: string): CliError {
  return new CliError(
    `there is no group ${shown(name)}: "odradek groups list" shows those that there are`,
  );
}

function deletionProblem(name: string, code: number): string {
  if (code === ErrorCode.GROUP_ID_NOT_FOUND) return unknownGroup(name).message;
  if (code === ErrorCode.NON_EMPTY_GROUP) {
    return `group ${shown(name)} has members: stop them first ("odradek groups describe ${shown(name)} --members" shows them)`;
  }
  const { name: codeName, message } = errorInfo(code);
  return `cannot delete group ${shown(name)}: ${message} (${codeName})`;
}

/**
 * Throws while the group has members, since they would overwrite offsets that are set behind their
 * backs.
 */
export function requireInactive({ groupId, groupState }: GroupDescription): void {
  if (groupState === 'Empty' || groupState === NO_GROUP) return;
  throw new CliError(
    `group ${shown(groupId)} is active (${groupState}): stop its members first ("odradek groups describe ${shown(groupId)} --members" shows them)`,
    EXIT.failure,
  );
}

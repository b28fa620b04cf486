import { shown } from './answers.js';
import { CliError } from './cli-error.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { decodeAssignment } from './consumer-protocol.js';
import { committedOffsets } from './group-offsets.js';
import { forEachGroup, type GroupDescription } from './groups.js';
import { type Column, NOTHING, printReport, type ReportOptions } from './report.js';
import { endOffsets } from './start-position.js';

export interface DescribeGroupsOptions extends ConnectionOptions {
  /** A line for each member instead of each partition. */
  readonly members?: boolean;
  /** A line for each group. */
  readonly state?: boolean;
}

/**
 * Prints the offsets of groups, their members, or their states. Without a name all groups. Goes on
 * after a group that cannot be described, and rejects in the end.
 */
export async function describeGroups(
  names: readonly string[],
  options: DescribeGroupsOptions,
): Promise<void> {
  if (options.state) return report(names, options, stateRows, STATES);
  if (options.members) return report(names, options, noting(memberRows), MEMBERS);
  await report(names, options, noting(offsetRows), OFFSETS);
}

/** Prints what each group has still to read of each topic. Without a name all groups. */
export async function groupLag(
  names: readonly string[],
  options: ConnectionOptions & { readonly topic?: string },
): Promise<void> {
  await report(
    names,
    options,
    async (...of) => {
      const byTopic = new Map<string, LagRow>();
      for (const { group, topic, lag } of await offsetRows(...of)) {
        if (lag === null || (options.topic ?? topic) !== topic) continue;
        const sum = byTopic.get(topic) ?? { group, state: of[0].groupState, topic, lag: 0 };
        byTopic.set(topic, { ...sum, lag: sum.lag + lag });
      }
      return [...byTopic.values()];
    },
    LAGS,
  );
}

type RowsOf<Row> = (
  group: GroupDescription,
  coordinator: Client,
  client: Client,
) => Row[] | Promise<Row[]>;

async function report<Row extends object>(
  names: readonly string[],
  options: ConnectionOptions & ReportOptions,
  rowsOf: RowsOf<Row>,
  columns: readonly Column<Row>[],
): Promise<void> {
  await withClient(options, async (client) => {
    const rows: Row[] = [];
    const problems = await forEachGroup(client, names, async (group, coordinator) => {
      rows.push(...(await rowsOf(group, coordinator, client)));
    });
    if (rows.length > 0 || problems.length === 0) await printReport(rows, columns, options);
    if (problems.length > 0) throw new CliError(problems.join('; '));
  });
}

/** Says, too, where a group has no members. */
function noting<Row>(rowsOf: RowsOf<Row>): RowsOf<Row> {
  return async (group, coordinator, client) => {
    const rows = await rowsOf(group, coordinator, client);
    if (group.members.length === 0) {
      process.stderr.write(`odradek: group ${shown(group.groupId)} has no members now\n`);
    }
    return rows;
  };
}

interface LagRow {
  readonly group: string;
  readonly state: string;
  readonly topic: string;
  readonly lag: number;
}

const LAGS: readonly Column<LagRow>[] = [
  { title: 'GROUP', cell: ({ group }) => shown(group) },
  { title: 'STATE', cell: ({ state }) => state },
  { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
  { title: 'LAG', cell: ({ lag }) => lag },
];

function stateRows(group: GroupDescription, { address }: Client) {
  return [
    {
      group: group.groupId,
      coordinator: address,
      strategy: group.protocolData,
      state: group.groupState,
      members: group.members.length,
    },
  ];
}

const STATES: readonly Column<ReturnType<typeof stateRows>[number]>[] = [
  { title: 'GROUP', cell: ({ group }) => shown(group) },
  { title: 'COORDINATOR', cell: ({ coordinator }) => coordinator },
  { title: 'ASSIGNMENT-STRATEGY', cell: ({ strategy }) => shown(strategy) || NOTHING },
  { title: 'STATE', cell: ({ state }) => state },
  { title: '#MEMBERS', cell: ({ members }) => members },
];

function memberRows({ groupId, members }: GroupDescription) {
  return members.map(({ memberId, clientHost, clientId, memberAssignment }) => ({
    group: groupId,
    member: memberId,
    host: clientHost,
    clientId,
    assignment: [...decodeAssignment(memberAssignment)].map(([topic, partitions]) => ({
      topic,
      partitions,
    })),
  }));
}

const MEMBERS: readonly Column<ReturnType<typeof memberRows>[number]>[] = [
  { title: 'GROUP', cell: ({ group }) => shown(group) },
  { title: 'CONSUMER-ID', cell: ({ member }) => shown(member) },
  { title: 'HOST', cell: ({ host }) => shown(host) },
  { title: 'CLIENT-ID', cell: ({ clientId }) => shown(clientId) },
  {
    title: '#PARTITIONS',
    cell: ({ assignment }) => assignment.reduce((sum, each) => sum + each.partitions.length, 0),
  },
  {
    title: 'ASSIGNMENT',
    cell: ({ assignment }) =>
      assignment
        .map(({ topic, partitions }) => `${shown(topic)}(${partitions.join(',')})`)
        .join(',') || NOTHING,
  },
];

/** A row for each partition that is committed or assigned, sorted by topic and partition. */
async function offsetRows(
  { groupId, members }: GroupDescription,
  coordinator: Client,
  client: Client,
) {
  const committed = await committedOffsets(coordinator, groupId);
  const owners = new Map<string, Map<number, GroupDescription['members'][number]>>();
  for (const member of members) {
    for (const [topic, partitions] of decodeAssignment(member.memberAssignment)) {
      const byPartition = owners.get(topic) ?? new Map();
      owners.set(topic, byPartition);
      for (const partition of partitions) byPartition.set(partition, member);
    }
  }
  const rows = [];
  for (const topic of [...new Set([...committed.keys(), ...owners.keys()])].sort()) {
    const offsets = committed.get(topic);
    const owned = owners.get(topic);
    const partitions = [...new Set([...(offsets?.keys() ?? []), ...(owned?.keys() ?? [])])];
    const ends = await endOffsets(client, topic, partitions);
    for (const partition of partitions.sort((a, b) => a - b)) {
      const currentOffset = offsets?.get(partition) ?? null;
      const endOffset = ends.get(partition)!;
      const owner = owned?.get(partition);
      rows.push({
        group: groupId,
        topic,
        partition,
        currentOffset,
        endOffset,
        lag: currentOffset === null ? null : Math.max(0, endOffset - currentOffset),
        member: owner?.memberId ?? null,
        host: owner?.clientHost ?? null,
        clientId: owner?.clientId ?? null,
      });
    }
  }
  return rows;
}

const OFFSETS: readonly Column<Awaited<ReturnType<typeof offsetRows>>[number]>[] = [
  { title: 'GROUP', cell: ({ group }) => shown(group) },
  { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
  { title: 'PARTITION', cell: ({ partition }) => partition },
  { title: 'CURRENT-OFFSET', cell: ({ currentOffset }) => currentOffset ?? NOTHING },
  { title: 'LOG-END-OFFSET', cell: ({ endOffset }) => endOffset },
  { title: 'LAG', cell: ({ lag }) => lag ?? NOTHING },
  { title: 'CONSUMER-ID', cell: ({ member }) => shown(member ?? NOTHING) },
  { title: 'HOST', cell: ({ host }) => shown(host ?? NOTHING) },
  { title: 'CLIENT-ID', cell: ({ clientId }) => shown(clientId ?? NOTHING) },
];

import { ErrorCode, errorInfo } from '../protocol/error-codes.js';
import { DeleteGroups } from '../protocol/messages/delete-groups.js';
import { DescribeGroups } from '../protocol/messages/describe-groups.js';
import { ListGroups } from '../protocol/messages/list-groups.js';
import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type Answer, type Client, type ConnectionOptions, withClient } from './client.js';
import { connectCoordinator, whenReady } from './coordinator.js';
import { CLI_LIMITS } from './limits.js';
import { printDone, printLines, printReport } from './report.js';

export type GroupDescription = Answer<typeof DescribeGroups>['groups'][number];

/** The state that is shown for a group that does not exist. */
const NO_GROUP = 'Dead';

/** No broker coordinated a group in all attempts. */
class Uncoordinated extends CliError {}

/** Prints the names of all groups, one a line, sorted; with `state` a table. */
export async function listGroups(
  options: ConnectionOptions & { readonly state?: boolean },
): Promise<void> {
  await withClient(options, async (client) => {
    const rows = (await groupsOf(client)).map(({ groupId, groupState, protocolType }) => ({
      group: groupId,
      state: groupState,
      protocolType,
    }));
    if (!options.state && !options.json) return printLines(rows.map(({ group }) => shown(group)));
    await printReport(
      rows,
      [
        { title: 'GROUP', cell: ({ group }) => shown(group) },
        { title: 'STATE', cell: ({ state }) => state },
      ],
      options,
    );
  });
}

/**
 * Calls `visit` for each group, of those that exist without names. Goes on after one that cannot be
 * described; resolves with a line for each of those.
 */
export async function forEachGroup(
  client: Client,
  names: readonly string[],
  visit: (group: GroupDescription, coordinator: Client) => Promise<void>,
): Promise<string[]> {
  const all = names.length > 0 ? names : (await groupsOf(client)).map(({ groupId }) => groupId);
  const problems: string[] = [];
  let attempts: number = CLI_LIMITS.coordinatorAttemptsMax;
  for (const name of all) {
    try {
      await withCoordinator(client, name, async (coordinator) => {
        const group = await describeGroup(coordinator, name, attempts);
        if (group.groupState === NO_GROUP) throw unknownGroup(name);
        await visit(group, coordinator);
      });
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
  return problems;
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
      if (code === ErrorCode.NONE)
        printDone(`Deleted group ${shown(name)}.`, { group: name, deleted: true }, options);
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

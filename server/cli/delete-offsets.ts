import { ErrorCode } from '../protocol/error-codes.js';
import { OffsetDelete } from '../protocol/messages/offset-delete.js';
import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type ConnectionOptions, withClient } from './client.js';
import { whenReady } from './coordinator.js';
import { withCoordinator } from './groups.js';
import { printReport } from './report.js';
import { namedPartitions } from './reset-offsets.js';

/** Forgets committed offsets of a group. Prints the partitions; rejects if one is still read. */
export async function deleteOffsets(
  group: string,
  options: ConnectionOptions & { readonly topic: readonly string[] },
): Promise<void> {
  if (options.topic.length === 0) {
    throw new CliError('which topics? Name them with --topic', EXIT.usage);
  }
  const what = `cannot delete offsets of group ${shown(group)}`;
  await withClient(options, (client) =>
    withCoordinator(client, group, async (coordinator) => {
      const scope = await namedPartitions(client, options.topic);
      const { errorCode, topics } = await whenReady(
        () =>
          coordinator.request(OffsetDelete, {
            groupId: group,
            topics: [...scope].map(([name, partitions]) => ({
              name,
              partitions: partitions.map((partitionIndex) => ({ partitionIndex })),
            })),
          }),
        (answer) => answer.errorCode,
      );
      check(errorCode, null, what);
      const rows = topics.flatMap(({ name, partitions }) =>
        partitions.map((each) => ({ group, topic: name, ...each })),
      );
      const done = rows.filter(({ errorCode }) => errorCode === ErrorCode.NONE);
      await printReport(
        done.map(({ errorCode: _, partitionIndex: partition, ...row }) => ({ ...row, partition })),
        [
          { title: 'GROUP', cell: (row) => shown(row.group) },
          { title: 'TOPIC', cell: (row) => shown(row.topic) },
          { title: 'FORGOTTEN', cell: (row) => row.partition },
        ],
        options,
      );
      for (const { topic, partitionIndex, errorCode } of rows) {
        check(errorCode, null, `${what} for ${shown(topic)}-${partitionIndex}`);
      }
    }),
  );
}

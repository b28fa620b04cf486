import { ErrorCode } from '../../protocol/error-codes.js';
import { DeleteRecords } from '../../protocol/messages/delete-records.js';
import { check, shown } from '../answers.js';
import { CliError, EXIT } from '../cli-error.js';
import { type Client, type ConnectionOptions, withClient } from '../client.js';
import { CLI_LIMITS } from '../limits.js';
import { printReport } from '../report.js';
import { endOffsets, firstOffsets, parsePosition, startOffsets } from '../start-position.js';
import { choosePartitions, lookUpTopic, type TopicPartitions } from '../topic-partitions.js';

export interface TrimOptions extends ConnectionOptions {
  /** The first record that stays: an offset, -N, a time, or end. */
  readonly before?: string;
  readonly partition?: number;
  readonly dryRun?: boolean;
  readonly execute?: boolean;
  readonly yes?: boolean;
}

interface Trim {
  readonly topic: string;
  readonly partition: number;
  readonly startOffset: number;
  /** The first offset that stays. */
  readonly newStartOffset: number;
  /** Offsets that go; with compaction fewer records. */
  readonly deleted: number;
}

/** Prints which records would be deleted; with `execute` or `yes` deletes them. */
export async function trimTopic(name: string, options: TrimOptions): Promise<void> {
  if (options.before === undefined) {
    throw new CliError(
      'up to where? Say --before with the first record that stays: an offset, a time, -10 for the last ten, or end for none',
      EXIT.usage,
    );
  }
  const isReal = options.execute === true || options.yes === true;
  if (isReal && options.dryRun) {
    throw new CliError('--execute and --dry-run exclude each other', EXIT.usage);
  }
  const before = parsePosition('--before', options.before);
  await withClient(options, async (client) => {
    const topic = await lookUpTopic(client, name);
    const partitions = choosePartitions(topic, options.partition);
    const first = await firstOffsets(client, name, partitions);
    const end = await endOffsets(client, name, partitions);
    const wanted = await startOffsets(client, name, partitions, before);
    const plan = partitions.map((partition): Trim => {
      const startOffset = first.get(partition)!;
      const offset = wanted.get(partition)!;
      if (offset > end.get(partition)!) {
        throw new CliError(
          `${shown(name)}-${partition} ends at offset ${end.get(partition)}, before ${offset}: name an offset up to there, or one --partition; --before end deletes all`,
        );
      }
      const newStartOffset = Math.max(offset, startOffset);
      const deleted = newStartOffset - startOffset;
      return { topic: name, partition, startOffset, newStartOffset, deleted };
    });
    if (isReal) await deleteRecords(client, topic, plan);
    await printReport(
      plan,
      [
        { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
        { title: 'PARTITION', cell: ({ partition }) => partition },
        { title: 'START', cell: ({ startOffset }) => startOffset },
        { title: 'NEW-START', cell: ({ newStartOffset }) => newStartOffset },
        { title: 'DELETED', cell: ({ deleted }) => deleted },
      ],
      options,
    );
    if (!isReal) process.stderr.write('odradek: nothing was changed; --execute does it\n');
  });
}

async function deleteRecords(
  client: Client,
  { name }: TopicPartitions,
  plan: readonly Trim[],
): Promise<void> {
  const changed = plan.filter(({ deleted }) => deleted > 0);
  if (changed.length === 0) return;
  const { topics } = await client.request(DeleteRecords, {
    topics: [
      {
        name,
        partitions: changed.map(({ partition, newStartOffset }) => ({
          partitionIndex: partition,
          offset: newStartOffset,
        })),
      },
    ],
    timeoutMs: CLI_LIMITS.requestTimeoutMs,
  });
  const answers = topics[0]?.partitions ?? [];
  const failed = answers.filter(({ errorCode }) => errorCode !== ErrorCode.NONE);
  for (const { partitionIndex, errorCode } of failed) {
    const policy =
      errorCode === ErrorCode.POLICY_VIOLATION
        ? 'its cleanup.policy is compact alone, which keeps the last record of every key'
        : null;
    const done = answers.length - failed.length;
    const others = done === 0 ? '' : `; the other partitions that succeeded: ${done}`;
    check(errorCode, policy, `cannot trim ${shown(name)}-${partitionIndex}${others}`);
  }
}

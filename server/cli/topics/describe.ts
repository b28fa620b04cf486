import { ErrorCode } from '../../protocol/error-codes.js';
import { Metadata } from '../../protocol/messages/metadata.js';
import { check, shown, unknownTopic } from '../answers.js';
import { type ConnectionOptions, withClient } from '../client.js';
import { counted } from '../counted.js';
import { CLI_LIMITS } from '../limits.js';
import { LineWriter } from '../output.js';
import { type Column, NOTHING, tableLines } from '../report.js';
import { sourceText } from '../resources.js';
import { sizeText } from '../size-text.js';
import { READ_ONLY } from '../topic-partitions.js';
import { describe, type PartitionDescription, type TopicDescription } from './description.js';

/** Prints topics, or all of them: settings, and where each partition begins and ends. */
export async function describeTopics(
  names: readonly string[],
  options: ConnectionOptions,
): Promise<void> {
  await withClient(options, async (client) => {
    const { topics } = await client.request(Metadata, {
      topics: names.length === 0 ? null : names.map((name) => ({ name })),
      ...READ_ONLY,
    });
    for (const { name, errorCode } of topics) {
      if (errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) throw unknownTopic(name ?? '');
      check(errorCode, null, `cannot describe topic ${shown(name ?? '')}`);
    }
    const found = [...topics].sort((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1));
    const out = new LineWriter();
    for (let at = 0; at < found.length; at += CLI_LIMITS.topicsPerRequest) {
      const some = await describe(client, found.slice(at, at + CLI_LIMITS.topicsPerRequest));
      for (const [index, topic] of some.entries()) {
        if (!options.json && at + index > 0) await out.write('');
        const lines = options.json ? [JSON.stringify(topic)] : linesOf(topic);
        for (const line of lines) await out.write(line);
      }
    }
    await out.flush();
  });
}

function linesOf(topic: TopicDescription): string[] {
  const { partitions, replicationFactor, sizeBytes, settings } = topic;
  const facts = [
    counted(partitions.length, 'partition'),
    `replication factor ${replicationFactor}`,
    ...(sizeBytes === null ? [] : [sizeText(sizeBytes)]),
    ...(topic.internal ? ['internal'] : []),
  ];
  const lines = [`Topic ${shown(topic.topic)}: ${facts.join(', ')}`, `Id ${topic.topicId}`];
  if (settings.length > 0) {
    lines.push('', ...tableLines(settings, SETTINGS));
  }
  return [...lines, '', ...tableLines(partitions, columnsFor(partitions))];
}

const SETTINGS: readonly Column<TopicDescription['settings'][number]>[] = [
  { title: 'SETTING', cell: ({ name }) => name },
  { title: 'VALUE', cell: ({ value }) => shown(value ?? NOTHING) },
  { title: 'SET BY', cell: ({ source }) => sourceText(source) },
];

const PARTITIONS: readonly Column<PartitionDescription>[] = [
  { title: 'PARTITION', cell: ({ partition }) => partition },
  { title: 'LEADER', cell: ({ leader }) => leader ?? 'none' },
  { title: 'EPOCH', cell: ({ leaderEpoch }) => leaderEpoch },
  { title: 'REPLICAS', cell: ({ replicas }) => replicas.join(',') },
  { title: 'IN-SYNC', cell: ({ inSync }) => inSync.join(',') },
  { title: 'START', cell: ({ startOffset }) => startOffset ?? NOTHING },
  { title: 'END', cell: ({ endOffset }) => endOffset ?? NOTHING },
  { title: 'OFFSETS', cell: offsetsIn },
  {
    title: 'SIZE',
    cell: ({ sizeBytes }) => (sizeBytes === null ? NOTHING : sizeText(sizeBytes)),
    isRight: true,
  },
];

const ERROR: Column<PartitionDescription> = { title: 'ERROR', cell: ({ error }) => error ?? '' };

function columnsFor(
  partitions: readonly PartitionDescription[],
): readonly Column<PartitionDescription>[] {
  return partitions.some(({ error }) => error !== null) ? [...PARTITIONS, ERROR] : PARTITIONS;
}

/** With compaction there are fewer records than offsets. */
function offsetsIn({ startOffset, endOffset }: PartitionDescription): number | string {
  return startOffset === null || endOffset === null ? NOTHING : endOffset - startOffset;
}

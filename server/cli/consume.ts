import { ByteWriter } from './byte-writer.js';
import { CliError, EXIT } from './cli-error.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { whenReaderLeaves } from './output.js';
import { PartitionReader } from './partition-reader.js';
import { type Printing, printOnce } from './printing.js';
import { lineFormat, parseFormat } from './record-format.js';
import { parseStartPosition, resolveStart, type StartPosition } from './start-position.js';
import { choosePartitions, lookUpTopic, type TopicPartitions } from './topic-partitions.js';

export interface ConsumeOptions extends ConnectionOptions {
  readonly from?: string;
  readonly partition?: number;
  readonly group?: string;
  readonly format?: string;
  readonly keySeparator?: string;
  readonly count?: number;
  readonly exit?: boolean;
}

/**
 * Prints the records of a topic until `--count`, the end with `--exit`, a signal, or until the
 * reader of stdout leaves.
 */
export async function consume(name: string, options: ConsumeOptions): Promise<void> {
  if (options.group !== undefined && options.partition !== undefined) {
    throw new CliError(
      '--group and --partition exclude each other: the group hands out the partitions',
      EXIT.usage,
    );
  }
  const start = parseStartPosition(options.from ?? 'beginning');
  const printing: Printing = {
    format:
      options.format === undefined ? lineFormat(options.keySeparator) : parseFormat(options.format),
    out: new ByteWriter(),
    left: options.count ?? Number.POSITIVE_INFINITY,
    untilEnd: options.exit ?? false,
    stop: stopSignal(),
  };
  await withClient(options, async (client) => {
    const topic = await lookUpTopic(client, name);
    const { group } = options;
    if (group !== undefined) {
      const { consumeInGroup } = await import('./consume-group.js');
      // The member leaves the group properly, also when the reader of stdout leaves.
      whenReaderLeaves('go on');
      return consumeInGroup(client, topic, group, start, printing);
    }
    const partitions = choosePartitions(topic, options.partition);
    await readPartitions(client, topic, partitions, start, printing);
  });
}

async function readPartitions(
  client: Client,
  topic: TopicPartitions,
  partitions: readonly number[],
  start: StartPosition,
  printing: Printing,
): Promise<void> {
  const reader = new PartitionReader(
    client,
    topic,
    await resolveStart(client, topic.name, partitions, start),
  );
  while (await printOnce(reader, topic, printing));
  if (reader.damage !== null) throw reader.damage;
}

/** The first signal ends the run after the fetch under way; a second one ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}

import { ByteWriter } from './byte-writer.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { PartitionReader } from './partition-reader.js';
import { lineFormat, parseFormat, type RecordFormat } from './record-format.js';
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

/** How long a fetch waits at the end of the topic, and so the longest that a signal waits. */
const WAIT_MS = 500;

/** What a run prints, and when it is over. */
export interface Printing {
  readonly format: RecordFormat;
  readonly out: ByteWriter;
  /** Records still to be printed. */
  left: number;
  /** Stop at the end of every partition. */
  readonly untilEnd: boolean;
  /** Aborted by a signal. */
  readonly stop: AbortSignal;
}

/** Prints the records of a topic until `--count`, the end with `--exit`, a signal, or nobody reads on. */
export async function consume(name: string, options: ConsumeOptions): Promise<void> {
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
  const positions = await resolveStart(client, topic.name, partitions, start);
  const reader = new PartitionReader(client, topic, positions);
  while (await printOnce(reader, topic, printing));
}

/** Prints what one fetch brings. Resolves with whether there is more to do. */
export async function printOnce(
  reader: PartitionReader,
  { name: topic }: TopicPartitions,
  printing: Printing,
): Promise<boolean> {
  const { format, out, untilEnd, stop } = printing;
  if (printing.left > 0) {
    for await (const { partition, record } of reader.read(untilEnd ? 0 : WAIT_MS, untilEnd)) {
      await out.write(format(record, { topic, partition }));
      printing.left -= 1;
      if (printing.left === 0 || out.readerLeft) break;
    }
  }
  await out.flush();
  return printing.left > 0 && !out.readerLeft && !stop.aborted && !(untilEnd && reader.atEnd);
}

/** The first signal ends the run after the fetch under way; a second one ends the process. */
function stopSignal(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return controller.signal;
}

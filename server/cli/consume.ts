import { ByteWriter } from './byte-writer.js';
import { CliError, EXIT } from './cli-error.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { type Ends, parseRange, type ReadRange, resolveEnds } from './consume/read-range.js';
import { chooseTopics, hasSeveral, type TopicChoice } from './consume/topic-choice.js';
import { TopicWatch } from './consume/topic-watch.js';
import { whenReaderLeaves } from './output.js';
import { PartitionReader } from './partition-reader.js';
import { type Printing, printOnce } from './printing.js';
import { lineFormat, parseFormat, type RecordFormat } from './record-format.js';
import { BEGINNING, resolveStart } from './start-position.js';
import { untilStopped } from './stop-signal.js';
import { choosePartitions } from './topic-partitions.js';

export interface ConsumeOptions extends ConnectionOptions {
  /** Regular expressions, beside those among the topics. */
  readonly pattern?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly partition?: number;
  readonly group?: string;
  readonly format?: string;
  readonly keySeparator?: string;
  readonly count?: number;
  readonly exit?: boolean;
}

/**
 * Prints the records of topics until `--count`, the end with `--exit` or `--to`, a signal, or until
 * the reader of stdout leaves. While it waits for more, topics that a pattern matches are read from
 * their beginning when they come.
 */
export async function consume(topics: readonly string[], options: ConsumeOptions): Promise<void> {
  const choice = chooseTopics(topics, options.pattern);
  const range = parseRange(options.from, options.to);
  refuseContradictions(options, choice.pattern !== null);
  const format = formatOf(options, hasSeveral(choice));
  await untilStopped((stop) =>
    withClient(options, (client) => {
      const printing: Printing = {
        format,
        out: new ByteWriter(),
        left: options.count ?? Number.POSITIVE_INFINITY,
        untilEnd: options.exit ?? false,
        isBounded: range.to !== null,
        stop,
      };
      return read(client, choice, range, printing, options);
    }),
  );
}

async function read(
  client: Client,
  choice: TopicChoice,
  range: ReadRange,
  printing: Printing,
  { group, partition }: ConsumeOptions,
): Promise<void> {
  const watch = new TopicWatch(client, choice);
  await watch.open();
  const isFollowing = choice.pattern !== null && !printing.untilEnd && !printing.isBounded;
  if (watch.topics.length === 0) {
    const what = `no topic matches ${choice.pattern?.text}`;
    if (!isFollowing) throw new CliError(`${what}: "odradek topics list" shows all`);
    process.stderr.write(`odradek: ${what} yet\n`);
  }
  const ends = await endsOf(client, watch, range, partition);
  if (group !== undefined) {
    const { consumeInGroup } = await import('./consume-group.js');
    // The member leaves the group properly, also when the reader of stdout leaves.
    whenReaderLeaves('go on');
    return consumeInGroup({ client, group, watch, range, ends, printing, isFollowing });
  }
  const reader = new PartitionReader(client);
  for (const topic of watch.topics) {
    const partitions = choosePartitions(topic, partition);
    const start = await resolveStart(client, topic.name, partitions, range.from);
    reader.add(topic, start, ends.get(topic.name));
  }
  while (await printOnce(reader, printing)) {
    watch.drop(reader.takeDeleted());
    if (!isFollowing) continue;
    for (const topic of await watch.added(Date.now())) {
      reader.add(topic, await resolveStart(client, topic.name, topic.partitions, BEGINNING));
    }
  }
  watch.drop(reader.takeDeleted());
  if (reader.damage !== null) throw reader.damage;
}

function refuseContradictions(
  { group, partition, json, format, keySeparator }: ConsumeOptions,
  hasPattern: boolean,
): void {
  const refuse = (what: string): never => {
    throw new CliError(what, EXIT.usage);
  };
  if (partition !== undefined && group !== undefined) {
    refuse('--group and --partition exclude each other: the group hands out the partitions');
  }
  if (partition !== undefined && hasPattern) {
    refuse('--partition and a pattern exclude each other: name the topics');
  }
  const isJson = json === true || format === 'json';
  if (json && format !== undefined && format !== 'json') {
    refuse('--json and --format exclude each other: --json is --format json');
  }
  if (isJson && keySeparator !== undefined) {
    refuse('--key-separator and JSON exclude each other: each object has its key');
  }
}

function formatOf(
  { json, format, keySeparator }: ConsumeOptions,
  withTopic: boolean,
): RecordFormat {
  if (json) return parseFormat('json');
  return format === undefined ? lineFormat(keySeparator, withTopic) : parseFormat(format);
}

/** Looked up once: what is appended while reading does not move them. */
async function endsOf(
  client: Client,
  { topics }: TopicWatch,
  { to }: ReadRange,
  partition: number | undefined,
): Promise<Map<string, Ends>> {
  const ends = new Map<string, Ends>();
  if (to === null) return ends;
  for (const topic of topics) {
    const partitions = choosePartitions(topic, partition);
    ends.set(topic.name, await resolveEnds(client, topic, partitions, to));
  }
  return ends;
}

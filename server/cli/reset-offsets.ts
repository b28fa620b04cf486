import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import { type Client, type ConnectionOptions, withClient } from './client.js';
import { commitOffsets, committedOffsets, type GroupOffsets } from './group-offsets.js';
import { describeGroup, requireInactive, withCoordinator } from './groups.js';
import { printReport } from './report.js';
import { endOffsets, firstOffsets, parseTime, startOffsets } from './start-position.js';
import { choosePartitions, lookUpTopic } from './topic-partitions.js';

export interface ResetOffsetsOptions extends ConnectionOptions {
  /** Each `NAME`, or `NAME:0,1` for some partitions. */
  readonly topic: readonly string[];
  /** All topics for which the group has committed. */
  readonly allTopics?: boolean;
  readonly toEarliest?: boolean;
  readonly toLatest?: boolean;
  readonly toOffset?: number;
  readonly toDatetime?: string;
  readonly byDuration?: string;
  readonly shiftBy?: number;
  readonly dryRun?: boolean;
  readonly execute?: boolean;
}

/** Where the group is to read on. */
type Target =
  | { readonly kind: 'beginning' | 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'time'; readonly timestampMs: number }
  | { readonly kind: 'shift'; readonly by: number };

/** Partitions by topic. */
type Scope = ReadonlyMap<string, readonly number[]>;

/** Prints where a group would read on; with `execute` commits these offsets. */
export async function resetOffsets(name: string, options: ResetOffsetsOptions): Promise<void> {
  const target = targetOf(options, Date.now());
  if (options.topic.length === 0 && !options.allTopics) {
    throw new CliError('which topics? Name them with --topic, or say --all-topics', EXIT.usage);
  }
  if (options.execute && options.dryRun) {
    throw new CliError('--execute and --dry-run exclude each other', EXIT.usage);
  }
  await withClient(options, (client) =>
    withCoordinator(client, name, async (coordinator) => {
      requireInactive(await describeGroup(coordinator, name));
      const committed = await committedOffsets(coordinator, name);
      const scope = await scopeOf(client, options, committed);
      const planned = new Map<string, ReadonlyMap<number, number>>();
      for (const [topic, partitions] of scope) {
        planned.set(topic, await newOffsets(client, topic, partitions, target, committed));
      }
      if (options.execute) {
        const code = await commitOffsets(coordinator, name, planned);
        check(code, null, `cannot reset the offsets of group ${shown(name)}`);
      }
      const rows = [...planned].flatMap(([topic, offsets]) =>
        [...offsets].map(([partition, newOffset]) => ({
          group: name,
          topic,
          partition,
          newOffset,
        })),
      );
      await printReport(
        rows,
        [
          { title: 'GROUP', cell: ({ group }) => shown(group) },
          { title: 'TOPIC', cell: ({ topic }) => shown(topic) },
          { title: 'PARTITION', cell: ({ partition }) => partition },
          { title: 'NEW-OFFSET', cell: ({ newOffset }) => newOffset },
        ],
        options,
      );
      if (!options.execute) {
        process.stderr.write('odradek: nothing was changed; --execute does it\n');
      }
    }),
  );
}

function targetOf(options: ResetOffsetsOptions, nowMs: number): Target {
  const targets: Target[] = [];
  if (options.toEarliest) targets.push({ kind: 'beginning' });
  if (options.toLatest) targets.push({ kind: 'end' });
  if (options.toOffset !== undefined) targets.push({ kind: 'offset', offset: options.toOffset });
  if (options.shiftBy !== undefined) targets.push({ kind: 'shift', by: options.shiftBy });
  if (options.toDatetime !== undefined) {
    const timestampMs = parseTime(options.toDatetime);
    if (timestampMs === null)
      throw wrong('--to-datetime', options.toDatetime, '2026-11-22T09:30:00');
    targets.push({ kind: 'time', timestampMs });
  }
  if (options.byDuration !== undefined) {
    const ms = parseIsoDuration(options.byDuration);
    if (ms === null) throw wrong('--by-duration', options.byDuration, 'PT1H30M or P7D');
    targets.push({ kind: 'time', timestampMs: Math.max(0, nowMs - ms) });
  }
  const [target] = targets;
  if (target === undefined || targets.length > 1) {
    throw new CliError(
      'where to? Say one of --to-earliest, --to-latest, --to-offset, --to-datetime, --by-duration, --shift-by',
      EXIT.usage,
    );
  }
  return target;
}

function wrong(option: string, text: string, example: string): CliError {
  return new CliError(
    `${option} ${JSON.stringify(text)}: expected something such as ${example}`,
    EXIT.usage,
  );
}

/**
 * Milliseconds of an ISO 8601 duration in days, hours, minutes and seconds; null for anything else.
 */
export function parseIsoDuration(text: string): number | null {
  const [whole, days, hours, minutes, seconds] =
    /^P(?=\d|T\d)(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(text) ?? [];
  if (whole === undefined || whole.endsWith('T')) return null;
  const amount = (part: string | undefined): number => Number(part ?? 0);
  const totalHours = amount(days) * 24 + amount(hours);
  return ((totalHours * 60 + amount(minutes)) * 60 + amount(seconds)) * 1000;
}

async function scopeOf(
  client: Client,
  { topic: topics, allTopics }: ResetOffsetsOptions,
  committed: GroupOffsets,
): Promise<Scope> {
  const scope = new Map<string, readonly number[]>();
  if (allTopics) for (const [name, offsets] of committed) scope.set(name, [...offsets.keys()]);
  for (const [name, partitions] of await namedPartitions(client, topics)) {
    scope.set(name, partitions);
  }
  if (scope.size === 0) {
    throw new CliError('the group has committed nothing: name topics with --topic');
  }
  return scope;
}

/** Partitions of topics that are named `orders` or `orders:0,1`. */
export async function namedPartitions(client: Client, texts: readonly string[]): Promise<Scope> {
  const scope = new Map<string, readonly number[]>();
  for (const text of texts) {
    const [, name = '', list] = /^([^:]*)(?::(\d+(?:,\d+)*))?$/.exec(text) ?? [];
    if (name === '') throw wrong('--topic', text, 'orders, or orders:0,1 for two partitions');
    const topic = await lookUpTopic(client, name);
    const chosen = list?.split(',').flatMap((number) => choosePartitions(topic, Number(number)));
    scope.set(name, chosen ?? topic.partitions);
  }
  return scope;
}

/** The new offsets, moved into the range of the log; says where that changed one. */
async function newOffsets(
  client: Client,
  topic: string,
  partitions: readonly number[],
  target: Target,
  committed: GroupOffsets,
): Promise<Map<number, number>> {
  const sorted = [...partitions].sort((a, b) => a - b);
  const first = await firstOffsets(client, topic, sorted);
  const end = await endOffsets(client, topic, sorted);
  const wanted =
    target.kind === 'shift'
      ? shifted(topic, sorted, target.by, committed)
      : await startOffsets(client, topic, sorted, target);
  return new Map(
    sorted.map((partition) => {
      const offset = wanted.get(partition)!;
      const within = Math.min(Math.max(offset, first.get(partition)!), end.get(partition)!);
      if (within !== offset) {
        process.stderr.write(
          `odradek: ${shown(topic)}-${partition} has no offset ${offset}: ${within} is taken\n`,
        );
      }
      return [partition, within];
    }),
  );
}

function shifted(
  topic: string,
  partitions: readonly number[],
  by: number,
  committed: GroupOffsets,
): Map<number, number> {
  return new Map(
    partitions.map((partition) => {
      const current = committed.get(topic)?.get(partition);
      if (current === undefined) {
        throw new CliError(
          `the group has committed nothing for ${shown(topic)}-${partition}, so there is nothing to shift: leave it out, or use another --to- option`,
        );
      }
      return [partition, current + by];
    }),
  );
}

import { CliError, EXIT } from '../cli-error.js';
import type { Client } from '../client.js';
import {
  parsePosition,
  parseStartPosition,
  resolveStart,
  type StartPosition,
} from '../start-position.js';
import type { TopicPartitions } from '../topic-partitions.js';

/** The part of each partition that is read. */
export interface ReadRange {
  readonly from: StartPosition;
  /** The first record that is not read; null: what comes is read, too. */
  readonly to: StartPosition | null;
}

/** Reads `--from` and `--to`. Throws a CliError (usage) where nothing can lie between them. */
export function parseRange(from: string | undefined, to: string | undefined): ReadRange {
  const range: ReadRange = {
    from: parseStartPosition(from ?? 'beginning'),
    to: to === undefined ? null : parsePosition('--to', to),
  };
  if (range.to !== null && isEmpty(range.from, range.to)) {
    throw new CliError(
      `nothing lies between --from ${from ?? 'beginning'} and --to ${to}, which is the first record that is not read`,
      EXIT.usage,
    );
  }
  return range;
}

function isEmpty(from: StartPosition, to: StartPosition): boolean {
  if (to.kind === 'beginning' || (to.kind === 'offset' && to.offset === 0)) return true;
  // An offset behind the end may come; whatever else is looked up once lies at the end at most.
  if (from.kind === 'end') return to.kind !== 'offset';
  if (from.kind === 'offset' && to.kind === 'offset') return from.offset >= to.offset;
  if (from.kind === 'time' && to.kind === 'time') return from.timestampMs >= to.timestampMs;
  return from.kind === 'tail' && to.kind === 'tail' && from.count <= to.count;
}

/** The first offset that is not read, by partition. */
export type Ends = ReadonlyMap<number, number>;

/**
 * Where reading ends in these partitions: what `to` means now. Those that cannot be read are left
 * out.
 */
export async function resolveEnds(
  client: Client,
  { name }: TopicPartitions,
  partitions: readonly number[],
  to: StartPosition,
): Promise<Ends> {
  return (await resolveStart(client, name, partitions, to)).positions;
}

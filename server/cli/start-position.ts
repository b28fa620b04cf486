import { ErrorCode } from '../protocol/error-codes.js';
import { ListOffsets } from '../protocol/messages/list-offsets.js';
import { check, shown } from './answers.js';
import { CliError, EXIT } from './cli-error.js';
import type { Client } from './client.js';
import { durationOf } from './duration-text.js';

/** Where reading begins in each partition. */
export type StartPosition =
  | { readonly kind: 'beginning' }
  | { readonly kind: 'end' }
  | { readonly kind: 'offset'; readonly offset: number }
  /** `count` records before the end. */
  | { readonly kind: 'tail'; readonly count: number }
  /** The first record of this time or later; the end, if there is none. */
  | { readonly kind: 'time'; readonly timestampMs: number };

export const BEGINNING: StartPosition = { kind: 'beginning' };

/** Of ListOffsets. */
const LATEST = -1;
const EARLIEST = -2;

const DATE =
  /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:?\d{2})?)?$/;

/** Reads `--from`. Throws a CliError (usage) for anything else. */
export function parseStartPosition(text: string): StartPosition {
  return parsePosition('--from', text);
}

/**
 * Reads a place in a log, such as `option` takes; a length of time is so long before `nowMs`.
 * Throws a CliError (usage) that names the option.
 */
export function parsePosition(option: string, text: string, nowMs = Date.now()): StartPosition {
  if (text === 'beginning' || text === 'earliest' || text === 'start') return { kind: 'beginning' };
  if (text === 'end' || text === 'latest') return { kind: 'end' };
  if (/^-?\d{1,15}$/.test(text)) {
    const number = Number(text);
    return text.startsWith('-')
      ? { kind: 'tail', count: -number }
      : { kind: 'offset', offset: number };
  }
  const timestampMs = parseTime(text);
  if (timestampMs !== null) return { kind: 'time', timestampMs };
  const agoMs = durationOf(text);
  if (agoMs !== null && agoMs <= nowMs) return { kind: 'time', timestampMs: nowMs - agoMs };
  throw new CliError(
    `${option} ${JSON.stringify(text)}: beginning, end, an offset such as 42, -10 for the last ten, a time such as 2026-11-22T09:30:00Z, or 1h for an hour ago is expected`,
    EXIT.usage,
  );
}

/**
 * Milliseconds since 1970 of an ISO 8601 time; without a zone it is local. Null for anything else.
 */
export function parseTime(text: string): number | null {
  const ms = DATE.test(text) ? Date.parse(text.replace(' ', 'T')) : Number.NaN;
  return Number.isNaN(ms) ? null : ms;
}

/** Where to begin, by partition, and which partitions the broker has but cannot read. */
export interface Start {
  readonly positions: ReadonlyMap<number, number>;
  readonly offline: ReadonlySet<number>;
}

/**
 * The offset at which to begin, for each of these partitions. One that cannot be read is an error.
 */
export function startOffsets(
  client: Client,
  topic: string,
  partitions: readonly number[],
  start: StartPosition,
): Promise<Map<number, number>> {
  return positionsOf((at) => listOffsets(client, topic, partitions, at), partitions, start);
}

/** As `startOffsets`, but says which partitions cannot be read. */
export async function resolveStart(
  client: Client,
  topic: string,
  partitions: readonly number[],
  start: StartPosition,
): Promise<Start> {
  const offline = new Set<number>();
  if (partitions.length === 0) return { positions: new Map(), offline };
  const list = (timestamp: number): Promise<Map<number, number>> =>
    listOffsets(client, topic, partitions, timestamp, offline);
  const positions = await positionsOf(list, partitions, start);
  for (const partition of offline) positions.delete(partition);
  return { positions, offline };
}

async function positionsOf(
  list: (timestamp: number) => Promise<Map<number, number>>,
  partitions: readonly number[],
  start: StartPosition,
): Promise<Map<number, number>> {
  switch (start.kind) {
    case 'beginning':
      return list(EARLIEST);
    case 'end':
      return list(LATEST);
    case 'offset':
      return new Map(partitions.map((partition) => [partition, start.offset]));
    case 'tail': {
      const first = await list(EARLIEST);
      const end = await list(LATEST);
      return new Map(
        [...end].map(([at, offset]) => [at, Math.max(first.get(at) ?? 0, offset - start.count)]),
      );
    }
    case 'time': {
      const found = await list(start.timestampMs);
      const end = await list(LATEST);
      return new Map(
        [...found].map(([at, offset]) => [at, offset < 0 ? (end.get(at) ?? 0) : offset]),
      );
    }
  }
}

/** Where each partition begins. */
export function firstOffsets(
  client: Client,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, number>> {
  return listOffsets(client, topic, partitions, EARLIEST);
}

/** Where each partition ends for readers: the offset behind the last record. */
export function endOffsets(
  client: Client,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, number>> {
  return listOffsets(client, topic, partitions, LATEST);
}

/** Partitions that cannot be read go into `offline`; without it they are an error. */
async function listOffsets(
  client: Client,
  name: string,
  partitions: readonly number[],
  timestamp: number,
  offline: Set<number> | null = null,
): Promise<Map<number, number>> {
  const { topics } = await client.request(ListOffsets, {
    replicaId: -1,
    topics: [
      {
        name,
        partitions: partitions.map((partitionIndex) => ({ partitionIndex, timestamp })),
      },
    ],
  });
  const offsets = new Map<number, number>();
  for (const { partitionIndex, errorCode, offset } of topics[0]?.partitions ?? []) {
    if (errorCode === ErrorCode.KAFKA_STORAGE_ERROR && offline !== null) {
      offline.add(partitionIndex);
      continue;
    }
    check(errorCode, null, `cannot look up offsets of ${shown(name)}-${partitionIndex}`);
    offsets.set(partitionIndex, offset);
  }
  for (const partition of partitions) {
    if (!offsets.has(partition) && !offline?.has(partition)) {
      check(ErrorCode.UNKNOWN_SERVER_ERROR, null, `no offset came for ${shown(name)}-${partition}`);
    }
  }
  return offsets;
}

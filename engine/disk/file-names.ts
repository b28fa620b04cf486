import { assert } from '../assert.js';

/**
 * Names inside a data directory; they are Kafka's.
 *
 * ```
 * <topic>-<partition>/                          a partition; the topic's name may hold dashes
 *   00000000000000001234.log                    a segment: its base offset in 20 digits
 *   00000000000000001234.{index,timeindex,txnindex}
 *   partition.metadata                          the topic id
 *   <segment file>.{deleted,cleaned,swap,cut,copy}  on its way out or in, see SEGMENT_FILE_STATES
 * <topic>-<partition>.<32 hex digits>-delete/   a partition on its way out
 * <topic>-<partition>.<32 hex digits>-stray/    a partition whose topic is unknown: kept, never served
 * ```
 */
export const SEGMENT_FILE_KINDS = ['log', 'index', 'timeindex', 'txnindex'] as const;

export type SegmentFileKind = (typeof SEGMENT_FILE_KINDS)[number];

/**
 * What a second suffix says: `deleted` waits to be unlinked, `cleaned` is a compaction's unfinished
 * output, `swap` is finished output that replaces its sources, `cut` holds the bytes of a torn
 * tail, `copy` is the unfinished copy of a file that has a second name elsewhere.
 */
export const SEGMENT_FILE_STATES = ['deleted', 'cleaned', 'swap', 'cut', 'copy'] as const;

export type SegmentFileState = (typeof SEGMENT_FILE_STATES)[number];

export interface SegmentFileName {
  readonly baseOffset: number;
  readonly kind: SegmentFileKind;
  /** Null for a live file. */
  readonly state: SegmentFileState | null;
}

const SEGMENT_FILE =
  /^(\d{20})\.(log|index|timeindex|txnindex)(?:\.(deleted|cleaned|swap|cut|copy))?$/;

/** `00000000000000001234.log`, or with a state `00000000000000001234.log.swap`. */
export function segmentFileName(
  baseOffset: number,
  kind: SegmentFileKind,
  state: SegmentFileState | null = null,
): string {
  assert(Number.isSafeInteger(baseOffset) && baseOffset >= 0, 'a base offset is a whole number');
  const name = `${String(baseOffset).padStart(20, '0')}.${kind}`;
  return state === null ? name : `${name}.${state}`;
}

/** Null for a name of any other form, and for an offset that a number cannot hold exactly. */
export function parseSegmentFileName(name: string): SegmentFileName | null {
  const match = SEGMENT_FILE.exec(name);
  if (!match) return null;
  const baseOffset = Number(match[1]);
  if (!Number.isSafeInteger(baseOffset)) return null;
  return {
    baseOffset,
    kind: match[2] as SegmentFileKind,
    state: (match[3] as SegmentFileState | undefined) ?? null,
  };
}

/**
 * The name under which a file that is open waits to be removed, where the file system replaces no
 * open file (Windows): `number` tells those of one process apart.
 */
export function heldName(path: string, number: number): string {
  return `${path}.held-${number}`;
}

/** Whether the file waited for that, in a process that has ended. */
export function isHeldName(name: string): boolean {
  return /\.held-\d+$/.test(name);
}

/**
 * Whether Windows takes a file's name that begins with `name` and a dot for a device. It cuts off
 * trailing dots and spaces as well, which no name of a partition's folder has.
 */
export function isDeviceName(name: string): boolean {
  return /^(con|prn|aux|nul|com\d|lpt\d)\./i.test(name);
}

/** `live` is served, `delete` waits to be removed, `stray` is kept aside unserved. */
export type PartitionFolderState = 'live' | 'delete' | 'stray';

export interface PartitionFolderName {
  readonly topic: string;
  readonly partition: number;
  readonly state: PartitionFolderState;
}

const PARTITION_MAX = 2 ** 31 - 1;
const LIVE_FOLDER = /^(.+)-(0|[1-9]\d{0,9})$/;
const RETIRED_FOLDER = /^(.+)-(0|[1-9]\d{0,9})\.([0-9a-f]{32})-(delete|stray)$/;
/** Longest name that file systems take. */
const NAME_BYTES_MAX = 255;

/** `<topic>-<partition>`. */
export function partitionFolderName(topic: string, partition: number): string {
  assert(Number.isInteger(partition) && partition >= 0, 'a partition is a whole number');
  return `${topic}-${partition}`;
}

/**
 * The name of a partition folder that was taken out of service. `unique` is 16 random bytes, so
 * that a topic can be deleted, created and deleted again. As in Kafka, the topic's own name is cut
 * where the whole would be too long: `partition.metadata` inside tells which topic it was.
 */
export function retiredFolderName(
  topic: string,
  partition: number,
  state: 'delete' | 'stray',
  unique: Buffer,
): string {
  assert(unique.length === 16, 'a retired folder carries 16 random bytes');
  const tail = `-${partition}.${unique.toString('hex')}-${state}`;
  return `${topic.slice(0, NAME_BYTES_MAX - tail.length)}${tail}`;
}

/** Null for a name of any other form. A retired folder's topic may have been cut. */
export function parsePartitionFolderName(name: string): PartitionFolderName | null {
  const retired = RETIRED_FOLDER.exec(name);
  const match = retired ?? LIVE_FOLDER.exec(name);
  if (!match) return null;
  const partition = Number(match[2]);
  if (partition > PARTITION_MAX) return null;
  const state = retired ? (retired[4] as 'delete' | 'stray') : 'live';
  return { topic: match[1]!, partition, state };
}

/** A folder of names that a backup gives to files while it copies them; `unique` is hex. */
export function stageFolderName(unique: string): string {
  return `backup.${unique}.partial`;
}

/** Whether the folder is one of a backup, whose process has ended if the directory is opened. */
export function isStageFolderName(name: string): boolean {
  return /^backup\.[0-9a-f]+\.partial$/.test(name);
}

/** In each partition's folder: which topic, of those that had this name, it belongs to. */
export const PARTITION_METADATA_FILE = 'partition.metadata';

/** Kafka's text, version 0. `topicId` is its 22 characters of base64url. */
export function partitionMetadataText(topicId: string): string {
  assert(TOPIC_ID.test(topicId), 'a topic id has 22 characters of base64url');
  return `version: 0\ntopic_id: ${topicId}\n`;
}

const TOPIC_ID = /^[\w-]{22}$/;
const PARTITION_METADATA = /^version: 0\r?\ntopic_id: ([\w-]{22})\r?\n?$/;

/** The topic id, or null where the text is not one that `partitionMetadataText` builds. */
export function parsePartitionMetadata(text: string): string | null {
  return PARTITION_METADATA.exec(text)?.[1] ?? null;
}

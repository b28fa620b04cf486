import { link, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { leaderEpoch } from '../batch/header.js';
import type { Catalog } from '../catalog/catalog.js';
import { CATALOG_FILE } from '../catalog/catalog.js';
import { openLmdbCatalog, syncFolder } from '../catalog/open-lmdb-catalog.js';
import { readIdentity } from '../disk/directory-identity.js';
import { systemLocker } from '../disk/directory-lock.js';
import { hasErrno } from '../disk/errno.js';
import {
  parsePartitionFolderName,
  parseSegmentFileName,
  segmentFileName,
} from '../disk/file-names.js';
import { nodeDisk } from '../disk/node-disk.js';
import { EngineError } from '../errors.js';
import {
  checkpointKey,
  type LogCheckpoint,
  readAssumedStart,
  readLogStart,
  readOldCheckpoint,
} from '../log/durability/log-records.js';
import { readLogStartFile } from '../log/durability/log-start-file.js';
import type { PartitionName } from '../log/partition-log.js';
import { readTopicId } from '../partition-folder.js';
import {
  type EpochAt,
  fillers,
  type Mending,
  mendSegment,
  type SegmentEnd,
} from './mend-segment.js';
import { type UndoneSwap, undoSwaps } from './undo-swaps.js';

/** A segment that is damaged or missing. */
export interface SegmentRepair {
  readonly path: string;
  /** Mended and lost stretches; stretches that are kept as they are, are left out. */
  readonly changes: readonly Exclude<Mending, { kind: 'kept' }>[];
  /** The path at which the old file is kept; null before a repair, and where there was no file. */
  readonly kept: string | null;
}

/** What a partition's folder needs. */
export interface PartitionRepair {
  /** Damaged output of a compaction that a crash interrupted. */
  readonly undone: readonly UndoneSwap[];
  readonly segments: readonly SegmentRepair[];
}

/**
 * Finds what is damaged in the segments of a partition's folder, and with `execute` writes new ones
 * in their place: whole batches stay, batches of which only bytes outside the checksum have changed
 * are mended, and batches without records take the place of lost batches, so that no offset moves.
 * Old segments are kept beside as `.log.damaged`. A damaged `.log.swap` is undone first; without
 * `execute` the search ends there. Resolves with the damage that it found; then the repair is
 * durable. The next open cuts off a torn tail. Takes as much memory as the largest segment.
 *
 * Rejects NOT_A_DATA_DIRECTORY, DIRECTORY_LOCKED while another owner has the directory open,
 * INVALID_NAME for a folder that is no partition's, DAMAGED_LOG while a compaction is to be
 * finished by an open, CATALOG_DAMAGED.
 */
export async function repairPartition(
  path: string,
  { execute }: { readonly execute: boolean },
): Promise<PartitionRepair> {
  const parsed = parsePartitionFolderName(basename(path));
  if (parsed?.state !== 'live') {
    throw new EngineError(
      'INVALID_NAME',
      `${path} is no folder of a partition: name one such as data/orders-0`,
    );
  }
  const root = dirname(path);
  await readIdentity(nodeDisk, root);
  const lock = await systemLocker.lock(root);
  try {
    const catalog = await openLmdbCatalog(join(root, CATALOG_FILE));
    try {
      const undone = await undoSwaps(path, execute);
      if (undone.length > 0 && !execute) return { undone, segments: [] };
      const topicId = readTopicId(nodeDisk, path);
      const name = topicId === null ? null : { ...parsed, topicId };
      return { undone, segments: await repairFolder(path, name, catalog, execute) };
    } finally {
      await catalog.close();
    }
  } finally {
    await lock.release();
  }
}

async function repairFolder(
  folder: string,
  name: PartitionName | null,
  catalog: Catalog,
  execute: boolean,
): Promise<SegmentRepair[]> {
  const checkpoint = name === null ? null : readOldCheckpoint(catalog, name);
  const logStart = name === null ? 0 : await knownStartOf(folder, name, catalog);
  const live = await liveSegments(folder);
  const isFirstMissing = checkpoint !== null && logStart < (live[0] ?? checkpoint.offset);
  const bases = isFirstMissing ? [logStart, ...live] : live;
  const epochAt = epochsOf(checkpoint);
  const repairs: SegmentRepair[] = [];
  for (const [at, base] of bases.entries()) {
    const path = join(folder, segmentFileName(base, 'log'));
    const bytes = live.includes(base) ? await readFile(path) : Buffer.alloc(0);
    const next = bases[at + 1];
    const end = next === undefined ? endOfLast(base, checkpoint) : { offset: next, isBound: true };
    const mendings = withoutTail(mendSegment(bytes, base, end, epochAt), at === bases.length - 1);
    const changes = mendings.filter((mending) => mending.kind !== 'kept');
    if (changes.length === 0) continue;
    let kept: string | null = null;
    if (execute) {
      // The checkpoint describes bytes that are replaced now: without it the next open reads the
      // log.
      if (name !== null) await catalog.write([{ key: checkpointKey(name), value: undefined }]);
      kept = await replaceSegment(folder, base, repaired(bytes, mendings));
    }
    repairs.push({ path, changes, kept });
  }
  return repairs;
}

/** The offset from which on no segment may be missing. */
async function knownStartOf(
  folder: string,
  name: PartitionName,
  catalog: Catalog,
): Promise<number> {
  const inFile = await readLogStartFile(nodeDisk, folder);
  return Math.max(readLogStart(catalog, name), readAssumedStart(catalog, name), inFile);
}

async function liveSegments(folder: string): Promise<number[]> {
  const bases: number[] = [];
  for (const name of await nodeDisk.readdir(folder)) {
    const parsed = parseSegmentFileName(name);
    if (parsed?.kind === 'log' && parsed.state === null) bases.push(parsed.baseOffset);
  }
  return bases.sort((a, b) => a - b);
}

/**
 * Offsets that were durable at the last checkpoint are not given out again, even if their bytes are
 * gone.
 */
function endOfLast(base: number, checkpoint: LogCheckpoint | null): SegmentEnd | null {
  if (checkpoint === null || checkpoint.offset <= base) return null;
  return { offset: checkpoint.offset, isBound: false };
}

function epochsOf(checkpoint: LogCheckpoint | null): EpochAt {
  // In a log with epochs of another directory the history does not tell the epoch of a single
  // batch.
  if (!checkpoint?.areEpochsOwn) return () => null;
  const { epochs, offset: end } = checkpoint;
  return (offset) =>
    offset < end
      ? (epochs.findLast(({ startOffset }) => startOffset <= offset)?.epoch ?? null)
      : null;
}

/**
 * Bytes at the end of which no offset is known to be lost are a torn tail: the next open sets them
 * aside.
 */
function withoutTail(mendings: readonly Mending[], isLast: boolean): Mending[] {
  const last = mendings.at(-1);
  if (!isLast || last?.kind !== 'lost' || last.fromOffset !== last.toOffset) return [...mendings];
  const { position, size } = last;
  return [...mendings.slice(0, -1), { kind: 'kept', position, size }];
}

function repaired(bytes: Buffer, mendings: readonly Mending[]): Buffer[] {
  return mendings.flatMap((mending, at) => {
    const { kind, position, size } = mending;
    if (kind === 'kept') return bytes.subarray(position, position + size);
    if (kind === 'mended') return mending.batch;
    const epoch = mending.leaderEpoch ?? epochBehind(bytes, mendings[at + 1]);
    return fillers(mending.fromOffset, mending.toOffset, epoch);
  });
}

/** The epoch for the lost first batches of a log: that of the batch behind them. */
function epochBehind(bytes: Buffer, next: Mending | undefined): number {
  if (next?.kind === 'kept') return leaderEpoch(bytes, next.position);
  return next?.kind === 'mended' ? leaderEpoch(next.batch) : 0;
}

/**
 * Writes a new segment. Durable when it resolves, with the path of the old segment, null where
 * there was none. A crash leaves the old segment or the new one under the name, and no unfinished
 * file.
 */
async function replaceSegment(
  folder: string,
  base: number,
  parts: Buffer[],
): Promise<string | null> {
  const path = join(folder, segmentFileName(base, 'log'));
  const made = join(folder, segmentFileName(base, 'log', 'cleaned'));
  const file = await open(made, 'w');
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } finally {
    await file.close();
  }
  const kept = await keepAside(path);
  for (const kind of ['index', 'timeindex'] as const) {
    await rm(join(folder, segmentFileName(base, kind)), { force: true });
  }
  await rename(made, path);
  await syncFolder(folder);
  return kept;
}

async function keepAside(path: string): Promise<string | null> {
  for (let number = 1; ; number++) {
    const kept = number === 1 ? `${path}.damaged` : `${path}.damaged-${number}`;
    try {
      await link(path, kept);
      return kept;
    } catch (error) {
      if (hasErrno(error, 'ENOENT')) return null;
      if (!hasErrno(error, 'EEXIST')) throw error;
    }
  }
}

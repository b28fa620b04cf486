import type { Catalog, CatalogKey } from '../../catalog/catalog.js';
import type { PartitionName } from '../partition-log.js';
import type { SegmentTimes } from '../segments/noted-batches.js';
import type { EpochStart } from '../state/leader-epochs.js';
import {
  decodeProducers,
  encodeProducers,
  type RecordedProducers,
  type StoredProducer,
} from './producer-records.js';

/**
 * A log's state as of `offset` (exclusive), all of it durable. Recovery looks at nothing before it.
 * See docs/format.md.
 */
export interface LogCheckpoint extends RecordedProducers {
  readonly offset: number;
  /** The segment in which `offset` lies, and the byte position of it there. */
  readonly segmentBase: number;
  readonly position: number;
  /** At or below `offset`. */
  readonly highWatermark: number;
  /**
   * Whether the log left no offset out when this was written; false also where that is not known.
   */
  readonly isGapless: boolean;
  readonly epochs: readonly EpochStart[];
  /** False once the log had epochs of another leader, after which lower ones came or may come. */
  readonly areEpochsOwn: boolean;
  /**
   * Times of the batches below `position` in that segment; null where they were unknown, or where
   * `position` is its beginning.
   */
  readonly times: RecordedTimes | null;
}

/** Times that a number holds exactly. */
export type RecordedTimes = { readonly [Field in keyof SegmentTimes]: number };

interface StoredCheckpoint {
  offset: number;
  segmentBase: number;
  position: number;
  /** Missing in version 1, in which every log was alone: all durable records were committed. */
  highWatermark?: number;
  /** Missing where it is false, and in version 1. */
  gapless?: true;
  epochs: [epoch: number, startOffset: number][];
  /** Missing where it is false. */
  foreignEpochs?: true;
  producers: StoredProducer[];
  producerPages?: number;
  times?: [largestTimestampMs: number, offsetOfLargest: number, firstTimestampMs: number];
}

export function checkpointKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'checkpoint'];
}

export function logStartKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'start'];
}

export function assumedStartKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'assumed-start'];
}

export function cleanedKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'cleaned'];
}

/** Marks a log that leaves offsets out, whatever a checkpoint says. */
export function gapsKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'gaps'];
}

/** Marks a log whose batches' epochs need not rise, whatever a checkpoint says. */
export function foreignEpochsKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'foreign-epochs'];
}

/**
 * The offset at which a log begins again: all files that it has belong to the log of before, and
 * are removed.
 */
export function beginningKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'begins-anew'];
}

/** Marks a log whose deletion has begun: everything that is left of it on disk is removed. */
export function tombstoneKey(topicId: string, partition: number): CatalogKey {
  return ['deleted', topicId, partition];
}

export function encodeCheckpoint(checkpoint: LogCheckpoint): StoredCheckpoint {
  const { times } = checkpoint;
  return {
    offset: checkpoint.offset,
    segmentBase: checkpoint.segmentBase,
    position: checkpoint.position,
    highWatermark: checkpoint.highWatermark,
    ...(checkpoint.isGapless && { gapless: true }),
    epochs: checkpoint.epochs.map((start) => [start.epoch, start.startOffset]),
    ...(!checkpoint.areEpochsOwn && { foreignEpochs: true }),
    producers: encodeProducers(checkpoint.producers),
    ...(checkpoint.producerPages > 0 && { producerPages: checkpoint.producerPages }),
    ...(times && {
      times: [times.largestTimestampMs, times.offsetOfLargest, times.firstTimestampMs],
    }),
  };
}

/** Null when there is none. */
export function readCheckpoint(catalog: Catalog, name: PartitionName): LogCheckpoint | null {
  const stored = catalog.get(checkpointKey(name)) as StoredCheckpoint | undefined;
  if (!stored) return null;
  return {
    offset: stored.offset,
    segmentBase: stored.segmentBase,
    position: stored.position,
    highWatermark: stored.highWatermark ?? stored.offset,
    isGapless: stored.gapless === true,
    epochs: stored.epochs.map(([epoch, startOffset]) => ({ epoch, startOffset })),
    areEpochsOwn: stored.foreignEpochs !== true,
    producers: decodeProducers(stored.producers),
    producerPages: stored.producerPages ?? 0,
    times: stored.times ? decodeTimes(stored.times) : null,
  };
}

function decodeTimes([largestTimestampMs, offsetOfLargest, firstTimestampMs]: NonNullable<
  StoredCheckpoint['times']
>): RecordedTimes {
  return { largestTimestampMs, offsetOfLargest, firstTimestampMs };
}

/** How far the log was compacted, exclusive; 0 when it never was. */
export function readCleaned(catalog: Catalog, name: PartitionName): number {
  return (catalog.get(cleanedKey(name)) as number | undefined) ?? 0;
}

/** Whether the log is known to leave offsets out. */
export function readGaps(catalog: Catalog, name: PartitionName): boolean {
  return catalog.get(gapsKey(name)) === true;
}

/**
 * As `readCheckpoint`, for a log that was not stopped cleanly: its epochs may have fallen since.
 */
export function readOldCheckpoint(catalog: Catalog, name: PartitionName): LogCheckpoint | null {
  const found = readCheckpoint(catalog, name);
  if (!found?.areEpochsOwn || catalog.get(foreignEpochsKey(name)) !== true) return found;
  return { ...found, areEpochsOwn: false };
}

/** The offset at which the log was about to begin again; null when it was not. */
export function readBeginning(catalog: Catalog, name: PartitionName): number | null {
  return (catalog.get(beginningKey(name)) as number | undefined) ?? null;
}

/** The log start offset that DeleteRecords or retention has set; 0 when neither ever did. */
export function readLogStart(catalog: Catalog, name: PartitionName): number {
  return (catalog.get(logStartKey(name)) as number | undefined) ?? 0;
}

/**
 * The start that was assumed for a log while it was unknown where the log begins; 0 when none was.
 * Segments before it are not missed, and are served where they exist: it deletes nothing.
 */
export function readAssumedStart(catalog: Catalog, name: PartitionName): number {
  return (catalog.get(assumedStartKey(name)) as number | undefined) ?? 0;
}

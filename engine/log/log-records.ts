import type { Catalog, CatalogKey } from '../catalog/catalog.js';
import type { EpochStart } from './leader-epochs.js';
import type { PartitionName } from './partition-log.js';
import {
  nextAfter,
  type ProducerBatch,
  type ProducerSnapshot,
  type ProducerState,
} from './producer-state.js';

/** A log's state as of `offset` (exclusive), all of it durable. Recovery looks at nothing before it. See docs/format.md. */
export interface LogCheckpoint {
  readonly offset: number;
  /** The segment in which `offset` lies, and the byte position of it there. */
  readonly segmentBase: number;
  readonly position: number;
  /** At or below `offset`. */
  readonly highWatermark: number;
  readonly epochs: readonly EpochStart[];
  readonly producers: ProducerSnapshot;
  /** Of the batches below `position` in that segment; null where it was not known, or `position` is its beginning. */
  readonly times: SegmentTimes | null;
}

/** What headers say of the times in a segment. */
export interface SegmentTimes {
  readonly largestTimestampMs: number;
  /** Last offset of the batch that has it; -1 where no batch has a time. */
  readonly offsetOfLargest: number;
  /** Of the first batch. */
  readonly firstTimestampMs: number;
}

/** As stored: arrays of numbers, since producers come by the thousand. */
type StoredProducer = [producerId: number, ...numbers: number[]];

interface StoredCheckpoint {
  offset: number;
  segmentBase: number;
  position: number;
  /** Not in version 1, in which every log was alone: what was durable was committed. */
  highWatermark?: number;
  epochs: [epoch: number, startOffset: number][];
  producers: StoredProducer[];
  times?: [largestTimestampMs: number, offsetOfLargest: number, firstTimestampMs: number];
}

const NUMBERS_PER_BATCH = 6;

export function checkpointKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'checkpoint'];
}

export function logStartKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'start'];
}

export function cleanedKey(name: PartitionName): CatalogKey {
  return ['log', name.topicId, name.partition, 'cleaned'];
}

/** Marks a log whose deletion has begun: whatever is left of it on disk goes. */
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
    epochs: checkpoint.epochs.map((start) => [start.epoch, start.startOffset]),
    producers: checkpoint.producers.map(([producerId, state]) => [
      producerId,
      ...encodeProducer(state),
    ]),
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
    epochs: stored.epochs.map(([epoch, startOffset]) => ({ epoch, startOffset })),
    producers: stored.producers.map(([producerId, ...numbers]) => [
      producerId,
      decodeProducer(numbers),
    ]),
    times: stored.times ? decodeTimes(stored.times) : null,
  };
}

function decodeTimes([largestTimestampMs, offsetOfLargest, firstTimestampMs]: NonNullable<
  StoredCheckpoint['times']
>): SegmentTimes {
  return { largestTimestampMs, offsetOfLargest, firstTimestampMs };
}

/** Six numbers a batch; of a producer without one, three. */
function encodeProducer({ next, heardMs, batches }: ProducerState): number[] {
  if (batches.length === 0) return [next.epoch, next.sequence, heardMs];
  return batches.flatMap((batch) => [
    batch.epoch,
    batch.baseSequence,
    batch.lastSequence,
    batch.baseOffset,
    batch.lastOffset,
    batch.timestampMs,
  ]);
}

function decodeProducer(numbers: readonly number[]): ProducerState {
  const batches = numbers.length < NUMBERS_PER_BATCH ? [] : decodeBatches(numbers);
  const last = batches.at(-1);
  if (last) return { next: nextAfter(last), heardMs: last.timestampMs, batches };
  const [epoch, sequence, heardMs] = numbers as [number, number, number];
  return { next: { epoch, sequence }, heardMs, batches };
}

function decodeBatches(numbers: readonly number[]): ProducerBatch[] {
  const batches: ProducerBatch[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_PER_BATCH) {
    batches.push({
      epoch: numbers[at]!,
      baseSequence: numbers[at + 1]!,
      lastSequence: numbers[at + 2]!,
      baseOffset: numbers[at + 3]!,
      lastOffset: numbers[at + 4]!,
      timestampMs: numbers[at + 5]!,
    });
  }
  return batches;
}

/** How far the log was compacted, exclusive; 0 when it never was. */
export function readCleaned(catalog: Catalog, name: PartitionName): number {
  return (catalog.get(cleanedKey(name)) as number | undefined) ?? 0;
}

/** Where the log begins by decree of DeleteRecords; 0 when that never happened. */
export function readLogStart(catalog: Catalog, name: PartitionName): number {
  return (catalog.get(logStartKey(name)) as number | undefined) ?? 0;
}

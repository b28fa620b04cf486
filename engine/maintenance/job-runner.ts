import type { Timestamp } from '../batch/timestamp.js';
import type { EpochStart } from '../log/state/leader-epochs.js';

/** What the headers of a segment must agree with, beside their checksums: see `HeaderOrder`. */
export interface SegmentOrder {
  readonly baseOffset: number;
  /** Whether no offset is left out between its batches. */
  readonly isGapless: boolean;
  /** All batches end below it (exclusive). */
  readonly endOffset: number;
  /** Who wrote which offsets; empty where nobody knows. */
  readonly epochs: readonly EpochStart[];
}

/** One segment that a compaction reads. */
export interface SourceSegment extends SegmentOrder {
  readonly path: string;
  readonly sizeBytes: number;
}

/** Where a compaction met bytes that are no good batch. */
export interface BadBatch {
  /** Base offset of the segment. */
  readonly segmentBase: number;
  readonly position: number;
  /** First offset that the batch there could have had. */
  readonly offset: number;
  readonly reason: string;
}

/** What both halves of a compaction are told. */
export interface CompactionInput {
  /** Neighbours, oldest first. */
  readonly sources: readonly SourceSegment[];
  /** The memory of the key map, zeros at first: see `KeyMap`. */
  readonly map: SharedArrayBuffer;
  readonly loadFactor: number;
  /** Bytes read and written a second; Infinity for no bound. */
  readonly bytesPerSecond: number;
  /** Four bytes; not zero: end soon, with ABORTED. */
  readonly stop: SharedArrayBuffer;
}

/**
 * What maintenance can be asked to do. Jobs take paths and numbers and return numbers; they never
 * hold a live log.
 */
export interface Jobs {
  /**
   * Unlinks files, with rests in between; missing ones do not count as failures. `cutsDown`: nobody
   * has them open, and large ones are cut down first. Returns how many bytes went.
   */
  unlink: {
    input: { paths: readonly string[]; cutsDown?: boolean };
    output: { bytes: number };
  };
  /**
   * Checks length, magic, CRC, offsets and epoch of every batch of a segment below `endPosition`
   * (exclusive). Returns the position and base offset of the first bad batch, or null. `nextOffset`
   * is the one behind the last good batch.
   */
  scrub: {
    input: SegmentOrder & { path: string; endPosition: number };
    output: {
      batches: number;
      nextOffset: number;
      bad: { position: number; expectedOffset: number } | null;
    };
  };
  /**
   * First half of a compaction: notes the last offset of each key from `fromOffset` on (inclusive),
   * until the map is full. Stops also where the outcome of a transaction is not known. `endOffset`
   * says how far it came, exclusive.
   */
  mapKeys: {
    input: CompactionInput & { readonly fromOffset: number };
    output: { endOffset: number; keys: number; records: number; bad: BadBatch | null };
  };
  /**
   * Second half: writes what stays of the sources to `.cleaned` files beside them, named after the
   * first one, and makes those durable with their names. Records at or above `mapEndOffset` stay as
   * they are. Output files of an earlier attempt are removed first.
   */
  rewriteSegments: {
    input: CompactionInput & {
      readonly folder: string;
      readonly mapEndOffset: number;
      /** Records below it are deleted already. */
      readonly logStartOffset: number;
      readonly nowMs: number;
      readonly deleteRetentionMs: number;
      readonly indexIntervalBytes: number;
      /** Producer ids, each with the last offset of its newest batch. */
      readonly producers: Float64Array;
    };
    output: RewriteOutput;
  };
}

/** What a rewrite has made. */
export interface RewriteOutput {
  readonly bad: BadBatch | null;
  /** False when the sources could stay as they are: then nothing was left on disk. */
  readonly isChanged: boolean;
  readonly recordsBefore: number;
  readonly recordsAfter: number;
  readonly sizeBytes: number;
  /** As in `Segment`. */
  readonly largestTimestampMs: Timestamp;
  readonly offsetOfLargest: number;
  readonly firstTimestampMs: Timestamp;
}

export type JobName = keyof Jobs;

/**
 * Runs maintenance off the append path: the real one is a bounded piscina pool, a simulation runs
 * jobs in place. A failed job rejects with the job's error, a worker that cannot start rejects too.
 */
export interface JobRunner {
  /** Resolves with the job's output. */
  run<Name extends JobName>(name: Name, input: Jobs[Name]['input']): Promise<Jobs[Name]['output']>;
  /**
   * Waits for running jobs, drops queued ones (their promises reject ABORTED). An unlink rests no
   * more.
   */
  close(): Promise<void>;
}

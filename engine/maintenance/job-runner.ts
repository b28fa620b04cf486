import type { Timestamp } from '../batch/timestamp.js';
import type { EpochStart } from '../log/state/leader-epochs.js';

/** The order that the headers of a segment must keep, beside their checksums: see `HeaderOrder`. */
export interface SegmentOrder {
  readonly baseOffset: number;
  /** Whether no offset is left out between its batches. */
  readonly isGapless: boolean;
  /** All batches end below it (exclusive). */
  readonly endOffset: number;
  /** The leader epochs of its offsets; empty where they are unknown. */
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

/** The input of both halves of a compaction. */
export interface CompactionInput {
  /** Neighbours, oldest first. */
  readonly sources: readonly SourceSegment[];
  /** The memory of the key map, zeros at first: see `KeyMap`. */
  readonly map: SharedArrayBuffer;
  readonly loadFactor: number;
  /** Bytes read and written a second; Infinity for no bound. */
  readonly bytesPerSecond: number;
  /** Four bytes; a value other than zero ends the job soon, with ABORTED. */
  readonly stop: SharedArrayBuffer;
}

/**
 * The jobs of maintenance. They take paths and numbers and return numbers; they never hold a live
 * log.
 */
export interface Jobs {
  /**
   * Unlinks files, with pauses in between; missing files are no failures. `cutsDown`: the files are
   * not open anywhere, and large ones are cut down first. Returns the number of bytes that were
   * freed.
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
   * until the map is full. It also stops where the outcome of a transaction is unknown. `endOffset`
   * is where it stopped, exclusive.
   */
  mapKeys: {
    input: CompactionInput & { readonly fromOffset: number };
    output: { endOffset: number; keys: number; records: number; bad: BadBatch | null };
  };
  /**
   * Second half: writes the records of the sources that stay to `.cleaned` files beside them, named
   * after the first source, and makes these files durable with their names. Records at or above
   * `mapEndOffset` stay as they are. Output files of an earlier attempt are removed first.
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

/** The result of a rewrite. */
export interface RewriteOutput {
  readonly bad: BadBatch | null;
  /** False when the sources could stay as they are: then no output is left on disk. */
  readonly isChanged: boolean;
  readonly recordsBefore: number;
  readonly recordsAfter: number;
  readonly sizeBytes: number;
  /** The largest timestamp, as in `Segment`. */
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
   * Waits for running jobs, drops queued ones (their promises reject ABORTED). A running unlink
   * makes no more pauses.
   */
  close(): Promise<void>;
}

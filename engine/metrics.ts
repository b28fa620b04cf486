/**
 * Counters only: the program that embeds the engine exports them. All of them rise for as long as
 * the engine is open.
 */
export interface EngineCounters {
  batchesAppended: number;
  bytesAppended: number;
  /** Gathered writes: several batches of one turn of the event loop share one. */
  writes: number;
  syncRounds: number;
  /** fdatasync calls on segments. */
  fileSyncs: number;
  /** syncfs calls, each of which serves every dirty file. */
  fileSystemSyncs: number;
  /** Times that write-back was begun without a sync. */
  writeBacks: number;
  checkpoints: number;
  segmentsRolled: number;
  segmentsDeleted: number;
  indexRebuilds: number;
  /** Logs that were opened and held bytes behind their checkpoints: what an unclean stop leaves. */
  logsRecovered: number;
  /** Those bytes, each of which was read. */
  bytesRecovered: number;
  /** Bytes of torn tails that were cut off, and kept in `.cut` files. */
  bytesCut: number;
  /** Passes of compaction that ended well. */
  compactions: number;
  /** Bytes of segments that were replaced by compacted ones. */
  bytesCompacted: number;
  /** Records that compaction has removed. */
  recordsCompacted: number;
  /**
   * Passes that failed and left the log as it was, because of a full disk for instance. They are
   * tried again.
   */
  compactionsFailed: number;
  /** Logs that are not compacted any more until they are opened again, because of a bad batch. */
  compactionsStopped: number;
}

export function newCounters(): EngineCounters {
  return {
    batchesAppended: 0,
    bytesAppended: 0,
    writes: 0,
    syncRounds: 0,
    fileSyncs: 0,
    fileSystemSyncs: 0,
    writeBacks: 0,
    checkpoints: 0,
    segmentsRolled: 0,
    segmentsDeleted: 0,
    indexRebuilds: 0,
    logsRecovered: 0,
    bytesRecovered: 0,
    bytesCut: 0,
    compactions: 0,
    bytesCompacted: 0,
    recordsCompacted: 0,
    compactionsFailed: 0,
    compactionsStopped: 0,
  };
}

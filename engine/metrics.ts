/** Counters only: who exports them, and how, is the embedder's affair. All rise for as long as the engine is open. */
export interface EngineCounters {
  batchesAppended: number;
  bytesAppended: number;
  /** Gathered writes: several batches of one loop turn share one. */
  writes: number;
  syncRounds: number;
  /** fdatasync calls on segments. */
  fileSyncs: number;
  /** syncfs calls, each of which serves every dirty file. */
  fileSystemSyncs: number;
  checkpoints: number;
  segmentsRolled: number;
  segmentsDeleted: number;
  indexRebuilds: number;
}

export function newCounters(): EngineCounters {
  return {
    batchesAppended: 0,
    bytesAppended: 0,
    writes: 0,
    syncRounds: 0,
    fileSyncs: 0,
    fileSystemSyncs: 0,
    checkpoints: 0,
    segmentsRolled: 0,
    segmentsDeleted: 0,
    indexRebuilds: 0,
  };
}

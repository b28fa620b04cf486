/**
 * The engine's door for `server/` and for tests: what programs have by `public.ts`, which keeps its
 * promises from one version to the next, and what is internal.
 */

export { AssertionError, assert } from './assert.js';
export { crc32cSource } from './batch/crc32c.js';
export { batchSize } from './batch/header.js';
export { type Timestamp, timestampOf } from './batch/timestamp.js';
export { CATALOG_FILE } from './catalog/catalog.js';
export { MemoryCatalog } from './catalog/memory-catalog.js';
export { openLmdbCatalog } from './catalog/open-lmdb-catalog.js';
export { replaceCatalog } from './catalog/replace-catalog.js';
export { descriptorsForConnections } from './disk/descriptor-limit.js';
export {
  IDENTITY_FILE,
  inspectIdentity,
  readIdentity,
  restoreIdentity,
} from './disk/directory-identity.js';
export { noLocker, systemLocker } from './disk/directory-lock.js';
export { isDeviceName, parsePartitionFolderName, parseSegmentFileName } from './disk/file-names.js';
export { acceptNow, sendFile, sendFileAvailable, sendNow } from './disk/native.js';
export { DURATION_TEXTS, parseDuration } from './duration.js';
export { isSignal } from './embedded/abort.js';
export { asEvent } from './embedded/event-record.js';
export { recordsOf } from './embedded/follow.js';
export { storedBatches } from './embedded/stored-batches.js';
export { reasonOf } from './foreign-errors.js';
export { Gate } from './gate.js';
export { type CatalogInspection, inspectCatalog } from './inspect/catalog-inspection.js';
export { type FolderScrub, type ScrubFinding, scrubFolder } from './inspect/folder-scrub.js';
export { type IndexKind, inspectIndex } from './inspect/index-inspection.js';
export { KnownLogs } from './inspect/known-logs.js';
export { type InspectedBatch, type InspectedDamage, inspectLog } from './inspect/log-inspection.js';
export { usableEntries } from './inspect/usable-entries.js';
export { LIMITS } from './limits.js';
export { repairCommand } from './log/segments/repair-advice.js';
export { nearestName } from './nearest-name.js';
export { hasSegments, partitionFolders, readTopicId, strayFolders } from './partition-folder.js';
export * from './public.js';
export { newUuid } from './random.js';
export {
  type PartitionRepair,
  repairPartition,
  type SegmentRepair,
} from './repair/repair-partition.js';
export type { UndoneSwap } from './repair/undo-swaps.js';
export { shown } from './shown.js';
export {
  TurnSlices,
  unmetered,
  type Work,
  type WorkGate,
  type WorkKind,
  type WorkMeter,
} from './turn-slices.js';

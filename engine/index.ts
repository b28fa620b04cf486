/**
 * The engine's door for `server/` and for tests. Programs that embed the log come in by
 * `public.ts`, which keeps its promises from one version to the next.
 */

export { AssertionError, assert } from './assert.js';
export {
  buildBatch,
  buildBatchSync,
  type FieldInput,
  type HeaderInput,
  type RecordInput,
} from './batch/builder.js';
export type { CodecName } from './batch/compression.js';
export { crc32cSource } from './batch/crc32c.js';
export { batchSize } from './batch/header.js';
export type { RecordHeader, RecordView } from './batch/records.js';
export { type Timestamp, timestampOf } from './batch/timestamp.js';
export type { Catalog, CatalogChange, CatalogKey, CatalogValue } from './catalog/catalog.js';
export { MemoryCatalog } from './catalog/memory-catalog.js';
export { openLmdbCatalog } from './catalog/open-lmdb-catalog.js';
export { replaceCatalog } from './catalog/replace-catalog.js';
export { type Clock, systemClock, type Timer } from './clock.js';
export { descriptorsForConnections } from './disk/descriptor-limit.js';
export {
  IDENTITY_FILE,
  inspectIdentity,
  restoreIdentity,
} from './disk/directory-identity.js';
export type { DirectoryLocker } from './disk/directory-lock.js';
export { noLocker, systemLocker } from './disk/directory-lock.js';
export type { Disk, DiskFile, DiskSpace } from './disk/disk.js';
export { isDeviceName, parsePartitionFolderName, parseSegmentFileName } from './disk/file-names.js';
export { FileSlice } from './disk/file-slice.js';
export { acceptNow, sendFile, sendFileAvailable, sendNow } from './disk/native.js';
export { nodeDisk } from './disk/node-disk.js';
export { DURATION_TEXTS, type Duration, parseDuration } from './duration.js';
export { isSignal } from './embedded/abort.js';
export type { AppendOptions } from './embedded/append-options.js';
export type { AppendResult } from './embedded/append-queue.js';
export type { Cursor, CursorOptions } from './embedded/cursor.js';
export type { EventLog, EventRead, ReadOptions } from './embedded/event-log.js';
export type { EventLogOptions } from './embedded/event-log-options.js';
export { asEvent, type EventRecord, type NewEvent } from './embedded/event-record.js';
export {
  type Follower,
  type FollowOptions,
  type RecordsOptions,
  recordsOf,
} from './embedded/follow.js';
export type { LogInfo } from './embedded/log-infos.js';
export type { Place } from './embedded/place.js';
export { storedBatches } from './embedded/stored-batches.js';
export type { IsoTime } from './embedded/time.js';
export type { ValueEncoding } from './embedded/value-encoding.js';
export { CATALOG_FILE, type Engine } from './engine.js';
export type { EngineOptions } from './engine-options.js';
export { type BadRecord, ENGINE_ERRORS, EngineError, type EngineErrorCode } from './errors.js';
export type { KnownPartitions } from './folder-claims.js';
export { reasonOf } from './foreign-errors.js';
export { Gate } from './gate.js';
export { type CatalogInspection, inspectCatalog } from './inspect/catalog-inspection.js';
export { type FolderScrub, type ScrubFinding, scrubFolder } from './inspect/folder-scrub.js';
export { type IndexKind, inspectIndex } from './inspect/index-inspection.js';
export { KnownLogs } from './inspect/known-logs.js';
export {
  type InspectedBatch,
  type InspectedDamage,
  inspectLog,
} from './inspect/log-inspection.js';
export { usableEntries } from './inspect/usable-entries.js';
export { LIMITS } from './limits.js';
export { DEFAULT_LOG_SETTINGS, type FlushPromise, type LogSettings } from './log/log-settings.js';
export type {
  Appended,
  CompactionResult,
  DamagedBatch,
  EpochEnd,
  HighWatermarkRule,
  KnownProducer,
  LogEnds,
  LogEpochs,
  LogLayout,
  LogMaintenance,
  LogWatermark,
  PartitionLog,
  PartitionName,
  ReadIsolation,
  ReadRequest,
  ReadResult,
  ScrubResult,
  TimestampLookup,
} from './log/partition-log.js';
export { repairCommand } from './log/segments/repair-advice.js';
export type { EngineLogger } from './logger.js';
export { type CompactionOptions, DEFAULT_COMPACTION } from './maintenance/cleaner.js';
export type { JobRunner } from './maintenance/job-runner.js';
export { ManualClock } from './manual-clock.js';
export type { EngineCounters } from './metrics.js';
export { nearestName } from './nearest-name.js';
export { openEngine } from './open-engine.js';
export {
  hasSegments,
  type PartitionFolder,
  partitionFolders,
  readTopicId,
  strayFolders,
} from './partition-folder.js';
export { newUuid, type Random, seededRandom, systemRandom } from './random.js';
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

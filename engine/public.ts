/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />

/**
 * The log without a broker: `import { openEngine } from 'odradek/engine'`. docs/api.md lists these
 * names; `npm run docs:api` makes it.
 */

export type { Backup, BackupOptions, BackupProgress } from './backup/backup-options.js';
export {
  buildBatch,
  buildBatchSync,
  type FieldInput,
  type HeaderInput,
  type RecordInput,
} from './batch/builder.js';
export type { CodecName } from './batch/compression.js';
export type { RecordHeader, RecordView } from './batch/records.js';
export type { Catalog, CatalogChange, CatalogKey, CatalogValue } from './catalog/catalog.js';
export { type Clock, systemClock, type Timer } from './clock.js';
export type { DirectoryLocker } from './disk/directory-lock.js';
export type { Disk, DiskFile, DiskSpace } from './disk/disk.js';
export { FileSlice } from './disk/file-slice.js';
export { nodeDisk } from './disk/node-disk.js';
export type { Duration } from './duration.js';
export type { AppendOptions } from './embedded/append-options.js';
export type { AppendResult } from './embedded/append-queue.js';
export type { WhenFull } from './embedded/append-room.js';
export type { Cursor, CursorOptions } from './embedded/cursor.js';
export type { EventLog } from './embedded/event-log.js';
export type { EventLogOptions } from './embedded/event-log-options.js';
export type { EventRecord, NewEvent } from './embedded/event-record.js';
export type { Follower, FollowOptions, RecordsOptions } from './embedded/follow.js';
export type { LogInfo } from './embedded/log-infos.js';
export type { Place } from './embedded/place.js';
export type { EventRead, ReadOptions } from './embedded/read-options.js';
export type { Table, TableChange, TableChangesOptions } from './embedded/table.js';
export type { TableOptions } from './embedded/table-options.js';
export type { IsoTime } from './embedded/time.js';
export type { ValueEncoding } from './embedded/value-encoding.js';
export type { Engine } from './engine.js';
export type { EngineOptions } from './engine-options.js';
export { type BadRecord, ENGINE_ERRORS, EngineError, type EngineErrorCode } from './errors.js';
export type { KnownPartitions } from './folder-claims.js';
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
export type { LogProgress, LogWorkOptions } from './log-progress.js';
export type { EngineLogger } from './logger.js';
export { type CompactionOptions, DEFAULT_COMPACTION } from './maintenance/cleaner.js';
export type { JobRunner } from './maintenance/job-runner.js';
export { ManualClock } from './manual-clock.js';
export type { EngineCounters } from './metrics.js';
export { openEngine } from './open-engine.js';
export type { PartitionFolder } from './partition-folder.js';
export type { EngineProgress } from './progress.js';
export { type Random, seededRandom, systemRandom } from './random.js';
export type { ReadOnlyEngine } from './read-only/read-only-engine.js';
export type { ReadOnlyLogOptions, ReadOnlyOptions } from './read-only/read-only-options.js';
export type { TurnSlices } from './turn-slices.js';

import type { Catalog } from '../../catalog/catalog.js';
import type { Clock } from '../../clock.js';
import type { DataDirectory } from '../../disk/data-directory.js';
import type { Disk } from '../../disk/disk.js';
import type { FilePool } from '../../disk/file-pool.js';
import type { Gate } from '../../gate.js';
import type { EngineLogger } from '../../logger.js';
import type { Cleaner } from '../../maintenance/cleaner.js';
import type { JobRunner } from '../../maintenance/job-runner.js';
import type { EngineCounters } from '../../metrics.js';
import type { Random } from '../../random.js';
import type { TurnSlices } from '../../turn-slices.js';
import type { UnpackBudget } from '../../unpack-budget.js';
import type { IndexCache } from '../segments/index-cache.js';
import type { Checkpoints } from './checkpoints.js';
import type { SyncRounds } from './sync-rounds.js';
import type { WriteGathering } from './write-gathering.js';

/** What all logs of one data directory share. */
export interface LogContext {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: FilePool;
  readonly catalog: Catalog;
  readonly jobs: JobRunner;
  readonly gatherWrites: WriteGathering;
  readonly syncRounds: SyncRounds;
  readonly checkpoints: Checkpoints;
  readonly indexCache: IndexCache;
  readonly cleaner: Cleaner;
  /** Cuts what takes long on the event loop into slices. */
  readonly slices: TurnSlices;
  /** The memory that batches are unpacked into. */
  readonly unpacking: UnpackBudget;
  /** Bounds how many logs are read at once when they are opened. */
  readonly opening: Gate;
  /** One log at a time begins a segment for one that goes, where many may do so together. */
  readonly rolling: Gate;
  /** Bounds how many logs hand pieces to the device at once. */
  readonly writeBack: Gate;
  /** One file at a time is cut down before it goes. */
  readonly cutting: Gate;
  readonly counters: EngineCounters;
  readonly logger: EngineLogger;
  /** Epoch stamped into new batches: how often this directory was opened uncleanly. */
  readonly leaderEpoch: number;
  /** Whether the last stop of this directory was clean: then everything found in it is durable. */
  readonly wasClean: boolean;
}

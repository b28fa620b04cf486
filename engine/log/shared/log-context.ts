import type { Catalog } from '../../catalog/catalog.js';
import type { Gate } from '../../gate.js';
import type { Cleaner } from '../../maintenance/cleaner.js';
import type { JobRunner } from '../../maintenance/job-runner.js';
import type { UnpackBudget } from '../../unpack-budget.js';
import type { SegmentContext } from '../segments/segment-owner.js';
import type { Checkpoints } from './checkpoints.js';
import type { SyncRounds } from './sync-rounds.js';
import type { WriteGathering } from './write-gathering.js';

/** What all logs of one data directory share. */
export interface LogContext extends SegmentContext {
  readonly catalog: Catalog;
  readonly jobs: JobRunner;
  readonly gatherWrites: WriteGathering;
  readonly syncRounds: SyncRounds;
  readonly checkpoints: Checkpoints;
  readonly cleaner: Cleaner;
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
  /**
   * How often this directory was opened uncleanly: what its logs lead with until a cluster gives
   * out a larger epoch.
   */
  readonly leaderEpoch: number;
  /** Whether the last stop of this directory was clean: then everything found in it is durable. */
  readonly wasClean: boolean;
}

import type { Catalog } from '../../catalog/catalog.js';
import type { Gate } from '../../gate.js';
import type { Cleaner } from '../../maintenance/cleaner.js';
import type { JobRunner } from '../../maintenance/job-runner.js';
import type { OpeningProgress } from '../../opening-progress.js';
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
  /** How far the opening of logs is. */
  readonly progress: OpeningProgress;
  /** Bounds the number of logs that are read at the same time when they are opened. */
  readonly opening: Gate;
  /**
   * One log at a time begins a segment in the place of a removed one, where many logs do so
   * together.
   */
  readonly rolling: Gate;
  /** Bounds the number of logs that hand pieces to the device at the same time. */
  readonly writeBack: Gate;
  /** One file at a time is cut down before it is unlinked. */
  readonly cutting: Gate;
  /**
   * How often this directory was opened uncleanly: its logs lead with this epoch until a cluster
   * gives out a larger one.
   */
  readonly leaderEpoch: number;
  /** Whether the last stop of this directory was clean: then everything found in it is durable. */
  readonly wasClean: boolean;
}

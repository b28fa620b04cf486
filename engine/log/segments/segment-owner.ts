import type { Clock } from '../../clock.js';
import type { DataDirectory } from '../../disk/data-directory.js';
import type { Disk } from '../../disk/disk.js';
import type { FilePool } from '../../disk/file-pool.js';
import type { EngineLogger } from '../../logger.js';
import type { EngineCounters } from '../../metrics.js';
import type { Random } from '../../random.js';
import type { TurnSlices } from '../../turn-slices.js';
import type { LogSettings } from '../log-settings.js';
import type { IndexCache } from './index-cache.js';
import type { SegmentList } from './segment-list.js';

/** The owners of the data directory that segments need. */
export interface SegmentContext {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly files: FilePool;
  readonly indexCache: IndexCache;
  /** Cuts long work on the event loop into slices. */
  readonly slices: TurnSlices;
  readonly counters: EngineCounters;
  readonly logger: EngineLogger;
}

/** The log that segments belong to, as far as this room needs it. */
export interface SegmentOwner {
  readonly context: SegmentContext;
  /** Absolute path of the partition's folder. It exists once the first segment does. */
  readonly folder: string;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly life: {
    /** Whether the log was closed or deleted, or its disk has failed. */
    readonly hasEnded: boolean;
  };
}

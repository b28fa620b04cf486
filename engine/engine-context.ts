import type { Catalog } from './catalog/catalog.js';
import type { Clock } from './clock.js';
import type { DataDirectory } from './disk/data-directory.js';
import { descriptorsFor } from './disk/descriptor-limit.js';
import type { DirectoryIdentity } from './disk/directory-identity.js';
import type { Disk } from './disk/disk.js';
import { FilePool } from './disk/file-pool.js';
import type { EngineOptions } from './engine-options.js';
import { Gate } from './gate.js';
import { LIMITS } from './limits.js';
import { IndexCache } from './log/segments/index-cache.js';
import { Checkpoints } from './log/shared/checkpoints.js';
import type { LogContext } from './log/shared/log-context.js';
import { SyncRounds } from './log/shared/sync-rounds.js';
import { gatherByMicrotask, gatherByTurn } from './log/shared/write-gathering.js';
import type { EngineLogger } from './logger.js';
import { Cleaner, type resolveCompaction } from './maintenance/cleaner.js';
import { createJobPool } from './maintenance/pool.js';
import { newCounters } from './metrics.js';
import { OpeningProgress } from './opening-progress.js';
import { ProgressTeller } from './progress.js';
import type { Random } from './random.js';
import { TurnSlices } from './turn-slices.js';
import { UnpackBudget } from './unpack-budget.js';

/** What an engine has opened, or was given, before its logs have anything in common. */
interface ContextParts {
  readonly disk: Disk;
  readonly directory: DataDirectory;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: EngineLogger;
  readonly catalog: Catalog;
  readonly identity: DirectoryIdentity;
}

/** Makes what all logs of one data directory share. */
export function engineContext(
  parts: ContextParts,
  options: EngineOptions,
  compaction: ReturnType<typeof resolveCompaction>,
): LogContext {
  const { disk, directory, clock, random, logger, catalog, identity } = parts;
  const counters = newCounters();
  const syncRounds = new SyncRounds(directory, clock, counters);
  const slices = options.slices ?? new TurnSlices(clock);
  return {
    disk,
    directory,
    clock,
    random,
    logger,
    catalog,
    counters,
    syncRounds,
    gatherWrites: options.gatherWrites === 'turn' ? gatherByTurn(clock) : gatherByMicrotask,
    files: new FilePool(disk, {
      nowMs: () => clock.monotonicMs(),
      openMax: options.descriptorsOpenMax ?? descriptorsFor(LIMITS.descriptorsOpenMax),
      onCrowded: () => syncRounds.requestAll(),
    }),
    jobs:
      options.jobs ??
      // Beside compactions there is always a thread for short jobs.
      createJobPool({
        threadsMax: Math.max(2, compaction.threads + 1),
        queueMax: LIMITS.jobsQueuedMax,
      }),
    cleaner: new Cleaner(clock, compaction),
    indexCache: new IndexCache(disk, LIMITS.indexCacheBytes, counters, slices),
    checkpoints: new Checkpoints({
      directory,
      catalog,
      clock,
      syncRounds,
      counters,
      intervalMs: LIMITS.checkpointIntervalMs,
    }),
    slices,
    unpacking: new UnpackBudget(),
    progress: new OpeningProgress(new ProgressTeller(options.onProgress ?? null, clock, logger)),
    opening: new Gate(LIMITS.logsRecoveredAtOnce),
    rolling: new Gate(1),
    writeBack: new Gate(LIMITS.writeBacksRunningMax),
    cutting: new Gate(1),
    leaderEpoch: identity.uncleanOpens,
    wasClean: identity.wasClean,
  };
}

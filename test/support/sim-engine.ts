import { MemoryCatalog } from '../../engine/catalog/memory-catalog.js';
import type { Disk } from '../../engine/disk/disk.js';
import type { Engine } from '../../engine/engine.js';
import {
  type Catalog,
  DEFAULT_LOG_SETTINGS,
  type EngineOptions,
  type LogSettings,
  ManualClock,
  noLocker,
  openEngine,
  type PartitionLog,
  type PartitionName,
  seededRandom,
  TurnSlices,
  type WorkMeter,
} from '../../engine/index.js';
import { createInlineRunner } from '../../engine/maintenance/inline-runner.js';
import { restingClock } from './resting-clock.js';
import { SimDisk, type SimDiskOptions } from './sim-disk.js';

export const SIM_ROOT = '/data';

/** Everything that outlives a process: a disk and a catalog, both simulated, and the time. */
export interface SimWorld {
  readonly disk: SimDisk;
  readonly catalog: MemoryCatalog;
  readonly clock: ManualClock;
}

export interface SimOpenOptions {
  readonly seed?: number;
  readonly descriptorsOpenMax?: number;
  readonly onProgress?: EngineOptions['onProgress'];
  /** Stands between the engine and the disk: a mutation. */
  readonly wrap?: (disk: SimDisk) => Disk;
  readonly catalog?: Catalog;
  readonly logger?: EngineOptions['logger'];
  readonly compaction?: EngineOptions['compaction'];
  readonly gatherWrites?: EngineOptions['gatherWrites'];
  readonly meter?: WorkMeter;
}

export function newWorld(options: SimDiskOptions = {}): SimWorld {
  return { disk: new SimDisk(options), catalog: new MemoryCatalog(), clock: new ManualClock() };
}

/** Opens the engine in this world; its catalog may be opened once, as a process would. */
export function openWorld(world: SimWorld, options: SimOpenOptions = {}): Promise<Engine> {
  const disk = options.wrap ? options.wrap(world.disk) : world.disk;
  return openEngine(SIM_ROOT, {
    disk,
    clock: world.clock,
    random: seededRandom(options.seed ?? 1),
    jobs: createInlineRunner(disk, restingClock().resting),
    locker: noLocker,
    openCatalog: async () => options.catalog ?? world.catalog,
    onProgress: options.onProgress,
    ...(options.logger ? { logger: options.logger } : {}),
    ...(options.compaction ? { compaction: options.compaction } : {}),
    ...(options.meter ? { slices: new TurnSlices(world.clock, options.meter) } : {}),
    ...(options.gatherWrites ? { gatherWrites: options.gatherWrites } : {}),
    ...(options.descriptorsOpenMax ? { descriptorsOpenMax: options.descriptorsOpenMax } : {}),
  });
}

/** What the next process finds after the power failed now. The old process changes nothing more. */
export function cutPower(world: SimWorld, seed: number | 'strict' = 'strict'): SimWorld {
  const disk = world.disk.powerCut(seed === 'strict' ? seed : seededRandom(seed));
  world.disk.halt();
  return { disk, catalog: world.catalog.crash(), clock: world.clock };
}

/** What the next process finds after `kill -9` now: the page cache is whole. */
export function killProcess(world: SimWorld): SimWorld {
  const disk = world.disk.kill();
  world.disk.halt();
  return { disk, catalog: world.catalog.crash(), clock: world.clock };
}

/** What the next process finds after a clean stop. */
export async function stopCleanly(world: SimWorld, engine: Engine): Promise<SimWorld> {
  await engine.close();
  return { disk: world.disk.kill(), catalog: world.catalog.crash(), clock: world.clock };
}

export function settings(overrides: Partial<LogSettings> = {}): LogSettings {
  return { ...DEFAULT_LOG_SETTINGS, indexIntervalBytes: 200, ...overrides };
}

export function partition(number = 0, topic = 'events'): PartitionName {
  return { topic, topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', partition: number };
}

export function folderOf(name: PartitionName = partition()): string {
  return `${SIM_ROOT}/${name.topic}-${name.partition}`;
}

/** Opens a partition with the settings of `settings(overrides)`. */
export function openLog(
  engine: Engine,
  overrides: Partial<LogSettings> = {},
  name: PartitionName = partition(),
): Promise<PartitionLog> {
  return engine.openPartition(name, settings(overrides));
}

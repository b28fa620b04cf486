import { MemoryCatalog } from './catalog/memory-catalog.js';
import { type Clock, systemClock } from './clock.js';
import { noLocker } from './disk/directory-lock.js';
import { MemoryDisk } from './disk/memory-disk.js';
import type { EngineOptions } from './engine-options.js';
import { createInlineRunner } from './maintenance/inline-runner.js';

/** The path of an engine without a directory. */
export const MEMORY_PATH = ':memory:';

/** A disk, a catalog and a runner of jobs that are gone with the engine; nobody else has them. */
export function memoryWorld(
  clock: Clock = systemClock,
): Required<Pick<EngineOptions, 'disk' | 'locker' | 'openCatalog' | 'jobs'>> {
  const disk = new MemoryDisk({
    wallMs: () => clock.wallMs(),
    afterTurn: (run) => systemClock.afterTurn(run),
  });
  const catalogs = new Map<string, MemoryCatalog>();
  return {
    disk,
    locker: noLocker,
    openCatalog: async (path) => {
      // One that was closed is opened again with what it has written.
      const catalog = catalogs.get(path)?.crash() ?? new MemoryCatalog({ clock });
      catalogs.set(path, catalog);
      return catalog;
    },
    jobs: createInlineRunner(disk, clock),
  };
}

import { type EngineOptions, MemoryCatalog } from '../../engine/index.js';

type OpenCatalog = NonNullable<EngineOptions['openCatalog']>;
type Entries = NonNullable<ConstructorParameters<typeof MemoryCatalog>[1]>;

/**
 * Catalogs in memory for one temporary broker: to open and sync two of LMDB takes most of the time
 * of a start. What was committed is there again when a path is opened once more, as after a restart
 * in the same process; no other process could open it.
 */
export function temporaryCatalogs(): OpenCatalog {
  const byPath = new Map<string, Entries>();
  return async (path) => {
    const entries: Entries = byPath.get(path) ?? new Map();
    byPath.set(path, entries);
    return new MemoryCatalog({}, entries);
  };
}

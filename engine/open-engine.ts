import { Engine } from './engine.js';
import type { EngineOptions } from './engine-options.js';

/**
 * Opens a data directory, creating it if need be. When it resolves the directory is locked for this
 * process and marked as in use, so that a crash is noticed by the next open.
 *
 * Rejects DIRECTORY_LOCKED (naming the owner), NOT_A_DATA_DIRECTORY, FORMAT_TOO_NEW, DAMAGED_FILE,
 * CATALOG_DAMAGED, or with the errno of the disk.
 */
export function openEngine(path: string, options: EngineOptions = {}): Promise<Engine> {
  return Engine.open(path, options);
}

import { Engine } from './engine.js';
import type { EngineOptions } from './engine-options.js';
import { MEMORY_PATH, memoryWorld } from './memory-world.js';
import { ReadOnlyEngine } from './read-only/read-only-engine.js';
import type { ReadOnlyOptions } from './read-only/read-only-options.js';

/**
 * Opens a data directory, creating it if need be. When it resolves the directory is locked for this
 * process and marked as in use, so that a crash is noticed by the next open.
 *
 * With `readOnly: true` nothing is locked, made or changed, another process may be writing it, and
 * what that one makes durable comes into sight (`ReadOnlyEngine`).
 *
 * `':memory:'` is a directory in memory that nobody else has: no file is made, and it is gone when
 * the engine is closed.
 *
 * Rejects DIRECTORY_LOCKED (naming the owner), NOT_A_DATA_DIRECTORY, FORMAT_TOO_NEW, DAMAGED_FILE,
 * CATALOG_DAMAGED, or with the errno of the disk.
 */
export function openEngine(path: string, options: ReadOnlyOptions): Promise<ReadOnlyEngine>;
export function openEngine(path: string, options?: EngineOptions): Promise<Engine>;
export function openEngine(
  path: string,
  options: EngineOptions | ReadOnlyOptions = {},
): Promise<Engine | ReadOnlyEngine> {
  if (isReadOnly(options)) return ReadOnlyEngine.open(path, options);
  if (path !== MEMORY_PATH) return Engine.open(path, options);
  return Engine.open(path, { ...memoryWorld(options.clock), ...options });
}

function isReadOnly(options: EngineOptions | ReadOnlyOptions): options is ReadOnlyOptions {
  return (options as ReadOnlyOptions | null)?.readOnly === true;
}

import { EngineError } from '../errors.js';
import { type BackupSource, backUp } from './backup.js';
import { assertBackup, type Backup, type BackupOptions } from './backup-options.js';

/** The backups of one directory that are under way; a close ends them. */
export class Backups {
  readonly #source: BackupSource;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(source: BackupSource) {
    this.#source = source;
  }

  /** As `Engine.backup`. */
  async make(path: string, options: BackupOptions): Promise<Backup> {
    assertBackup(path, options);
    const stop = this.#stopping.signal;
    const signal = options.signal ? AbortSignal.any([options.signal, stop]) : stop;
    const made = backUp(this.#source, path, { ...options, signal });
    this.#running.add(made);
    try {
      return await made;
    } catch (error) {
      if (!stop.aborted) throw error;
      throw new EngineError('LOG_CLOSED', `the engine of ${this.#source.root} is closed`);
    } finally {
      this.#running.delete(made);
    }
  }

  /** Ends those that are under way; resolves when nothing of them is left. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.allSettled(this.#running);
  }
}

import type { Timer } from '../../clock.js';
import type { LogFile } from '../../disk/log-file.js';
import { LIMITS } from '../../limits.js';
import { WriteBack } from '../append/write-back.js';
import type { LogSettings } from '../log-settings.js';
import type { LogContext } from '../shared/log-context.js';
import type { SyncCapture, SyncTarget } from '../shared/sync-rounds.js';

/**
 * The files and folders of one log that no sync covers yet, and the time to ask for a sync although
 * no append waits.
 */
export class Unsynced {
  readonly #files = new Set<LogFile>();
  /** One of these files, mostly the active segment's; null when there is none. */
  #latest: LogFile | null = null;
  /** Folders with new names. */
  readonly #folders = new Set<string>();
  readonly #context: LogContext;
  readonly #target: SyncTarget;
  readonly #writeBack: WriteBack;
  #records = 0;
  #bytes = 0;
  #timer: Timer | null = null;
  /** Whether the sync rounds know that this log has something to sync. */
  #isNoted = false;

  constructor(context: LogContext, target: SyncTarget) {
    this.#context = context;
    this.#target = target;
    this.#writeBack = new WriteBack(context.counters, context.writeBack);
  }

  get files(): ReadonlySet<LogFile> {
    return this.#files;
  }

  /** The file has bytes, or a size, that no sync covers. */
  addFile(file: LogFile): void {
    if (file === this.#latest) return;
    this.#latest = file;
    this.#files.add(file);
    this.#note();
  }

  /** The folder got a new name. */
  addFolder(folder: string): void {
    this.#folders.add(folder);
    this.#note();
  }

  /** The file's bytes are not needed any more: it will be removed. */
  dropFile(file: LogFile): void {
    this.#files.delete(file);
    if (file === this.#latest) this.#latest = null;
    file.markClean();
  }

  #note(): void {
    if (this.#isNoted) return;
    this.#isNoted = true;
    this.#context.syncRounds.noteUnsynced(this.#target);
  }

  /**
   * Notes that `bytes` bytes with `records` records were written to the file, up to `end`
   * (exclusive).
   */
  wrote(file: LogFile, records: number, bytes: number, end: number): void {
    this.addFile(file);
    this.#records += records;
    this.#bytes += bytes;
    this.#writeBack.wrote(file, end - bytes, end);
  }

  /**
   * Asks for a sync under `interval` by count and age; under `os` only so that write-back starts
   * early and never stalls a later write.
   */
  syncInTime({ flush, flushRecords, flushMs }: LogSettings): void {
    const { syncRounds, clock } = this.#context;
    const isDue = !this.#writeBack.begin() && this.#bytes >= LIMITS.writeBackSyncBytes;
    if (isDue) syncRounds.request(this.#target);
    if (flush !== 'interval') return;
    if (this.#records >= flushRecords) syncRounds.request(this.#target);
    else if (this.#timer === null && flushMs !== Number.POSITIVE_INFINITY) {
      this.#timer = clock.schedule(flushMs, () => {
        this.#timer = null;
        syncRounds.request(this.#target);
      });
    }
  }

  /**
   * Hands everything to a round that is being submitted. Files written from now on are dirty again.
   */
  capture(done: () => void): SyncCapture {
    const files = [...this.#files];
    const writes = files.map((file) => file.writeCount);
    const folders = [...this.#folders];
    this.#files.clear();
    this.#latest = null;
    this.#folders.clear();
    this.#bytes = 0;
    this.#records = 0;
    this.stop();
    return {
      files,
      folders,
      done: () => {
        for (const [at, file] of files.entries()) file.markClean(writes[at]!);
        done();
      },
    };
  }

  /** Asks for no sync any more, and takes no part in rounds for all logs. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (!this.#isNoted) return;
    this.#isNoted = false;
    this.#context.syncRounds.forgetUnsynced(this.#target);
  }
}

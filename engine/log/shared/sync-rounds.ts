import type { Clock } from '../../clock.js';
import type { DataDirectory } from '../../disk/data-directory.js';
import type { DiskFile } from '../../disk/disk.js';
import type { LogFile } from '../../disk/log-file.js';
import { LIMITS } from '../../limits.js';
import type { EngineCounters } from '../../metrics.js';

/** The files and folders of one log for a round, as of the moment when the round is submitted. */
export interface SyncCapture {
  /**
   * Every file with bytes between the durable end and the captured end, oldest first: both sides of
   * a roll.
   */
  readonly files: readonly LogFile[];
  /** Folders that got new names since they were last synced. */
  readonly folders: readonly string[];
  /** Called once all of these are durable. */
  readonly done: () => void;
}

export interface SyncTarget {
  captureSync(): SyncCapture;
}

/**
 * Group commit for a whole data directory: one sync serves every waiter of every partition.
 *
 * 1. Logs ask for a sync; logs that ask while a round is under way gather for the next one.
 * 2. At the end of the turn the round is submitted: each log names the bytes that it has written by
 *    now. The round promises nothing that is written later.
 * 3. The files are synced (one or two by fdatasync, more by one syncfs where there is one), then
 *    the folders with new names.
 * 4. Each log moves its durable end to the captured end and answers its waiters.
 * 5. Appends that these answers set off join the next round, which is submitted once a turn has
 *    brought no more appends.
 *
 * A failed sync takes the directory offline; it is never tried again, because the kernel may have
 * dropped the pages.
 */
export class SyncRounds {
  readonly #directory: DataDirectory;
  readonly #clock: Clock;
  readonly #counters: EngineCounters;
  #wanted = new Set<SyncTarget>();
  /** Logs that have something to sync, whether or not it was asked for. */
  readonly #unsynced = new Set<SyncTarget>();
  #isAllWanted = false;
  #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];
  #running = false;

  constructor(directory: DataDirectory, clock: Clock, counters: EngineCounters) {
    this.#directory = directory;
    this.#clock = clock;
    this.#counters = counters;
  }

  /** Asks for a round that covers what the target has written when it is submitted. */
  request(target: SyncTarget): void {
    this.#wanted.add(target);
    this.#start();
  }

  /** The target has something to sync, from now until it is captured. */
  noteUnsynced(target: SyncTarget): void {
    this.#unsynced.add(target);
  }

  /** The target was captured, or has ended. */
  forgetUnsynced(target: SyncTarget): void {
    this.#unsynced.delete(target);
  }

  /** Asks for a round that covers every target that has something to sync when it is submitted. */
  requestAll(): void {
    this.#isAllWanted = true;
    this.#start();
  }

  #start(): void {
    if (this.#running) return;
    this.#running = true;
    this.#clock.afterTurn(() => void this.#run());
  }

  /**
   * Resolves when a round submitted after this call has made everything of these targets durable.
   */
  flush(targets: Iterable<SyncTarget>): Promise<void> {
    if (this.#directory.failure) return Promise.reject(this.#directory.failure);
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
      for (const target of targets) this.#wanted.add(target);
      this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#isAsked() && !this.#directory.failure) {
      const targets = this.#wanted;
      const waiters = this.#waiters;
      this.#wanted = new Set();
      this.#waiters = [];
      const captures: SyncCapture[] = [];
      for (const target of targets) captures.push(target.captureSync());
      const submittedMs = this.#clock.monotonicMs();
      try {
        await this.#sync(captures);
      } catch (error) {
        const failure = this.#directory.fail('a sync failed', error);
        for (const waiter of waiters) waiter.reject(failure);
        break;
      }
      this.#counters.syncRounds++;
      for (const capture of captures) capture.done();
      for (const waiter of waiters) waiter.resolve();
      await this.#gather(this.#clock.monotonicMs() - submittedMs);
    }
    this.#running = false;
    const failure = this.#directory.failure;
    if (!failure) return;
    this.#wanted.clear();
    for (const waiter of this.#waiters.splice(0)) waiter.reject(failure);
  }

  /**
   * Waits for the next requests of the clients that were just answered. Otherwise only the appends
   * that waited while the round ran would make the next round, and the two halves of the clients
   * would alternate for ever, at a sync each. Takes no longer than the round before did.
   */
  async #gather(roundMs: number): Promise<void> {
    const untilMs = this.#clock.monotonicMs() + roundMs;
    // The answers leave at the end of this turn.
    await this.#turn();
    for (let turn = 0; turn < LIMITS.syncGatheringTurnsMax; turn++) {
      const before = this.#counters.batchesAppended;
      await this.#turn();
      if (this.#counters.batchesAppended === before) return;
      if (this.#clock.monotonicMs() >= untilMs) return;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#clock.afterTurn(resolve));
  }

  #isAsked(): boolean {
    if (this.#isAllWanted) {
      this.#isAllWanted = false;
      for (const target of this.#unsynced) this.#wanted.add(target);
    }
    return this.#wanted.size > 0 || this.#waiters.length > 0;
  }

  async #sync(captures: readonly SyncCapture[]): Promise<void> {
    const files = captures.flatMap((capture) => capture.files);
    const folders = new Set(captures.flatMap((capture) => capture.folders));
    const { disk, root } = this.#directory;
    if (disk.syncFileSystem && files.length + folders.size >= LIMITS.syncFileSystemFiles) {
      this.#counters.fileSystemSyncs++;
      await disk.syncFileSystem(root);
      return;
    }
    // Files are pinned from submission to the end: a descriptor number that was reused would sync
    // another file.
    const pinned = captures.map((capture) => capture.files.map((file) => file.pin()));
    try {
      this.#counters.fileSyncs += files.length;
      // All syncs have ended before the pins are given back, even if the first one fails.
      const synced = await Promise.allSettled(pinned.map(syncInOrder));
      for (const result of synced) if (result.status === 'rejected') throw result.reason;
      for (const folder of folders) await disk.syncDirectory(folder);
    } finally {
      for (const file of files) file.unpin();
    }
  }
}

/**
 * Syncs one log's files, the older one first: a power cut in between must not leave a later segment
 * whole behind a torn one.
 */
async function syncInOrder(files: readonly DiskFile[]): Promise<void> {
  for (const file of files) await file.datasync();
}

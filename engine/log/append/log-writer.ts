import { assert } from '../../assert.js';
import type { Clock } from '../../clock.js';
import type { DataDirectory } from '../../disk/data-directory.js';
import type { FilePool } from '../../disk/file-pool.js';
import type { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { EngineCounters } from '../../metrics.js';
import type { Appended } from '../partition-log.js';
import { SETTLED } from '../segments/settled.js';
import type { LogContext } from '../shared/log-context.js';
import { afterMicrotasks, type WriteGathering } from '../shared/write-gathering.js';
import { type GroupBegin, WriteGroup } from './write-group.js';

/** The log's reaction to the outcome of a write. */
export interface WriteOutcome {
  wrote(group: WriteGroup): void;
  /**
   * Nothing of these groups is kept; they are all groups that were staged or queued, in order.
   * Returns the error that their appends got.
   */
  writeFailed(groups: readonly WriteGroup[], error: unknown): EngineError;
}

/**
 * Turns appends into gathered writes: all batches that arrive together for one log leave in one
 * writev(2), synchronously, because a page-cache write costs less than handing it to a thread.
 * While the directory's disk stalls, writes go through the thread pool instead, one at a time, from
 * copies; so do writes to a file without unsynced bytes while too many files have unsynced bytes.
 */
export class LogWriter {
  readonly #directory: DataDirectory;
  readonly #clock: Clock;
  readonly #counters: EngineCounters;
  readonly #files: FilePool;
  readonly #gather: WriteGathering;
  readonly #outcome: WriteOutcome;
  #staged: WriteGroup | null = null;
  readonly #queued: WriteGroup[] = [];
  #idle: Promise<void> = SETTLED;

  constructor(
    context: Pick<LogContext, 'directory' | 'clock' | 'counters' | 'files' | 'gatherWrites'>,
    outcome: WriteOutcome,
  ) {
    this.#directory = context.directory;
    this.#clock = context.clock;
    this.#counters = context.counters;
    this.#files = context.files;
    this.#gather = context.gatherWrites;
    this.#outcome = outcome;
  }

  /** Whether nothing is staged, queued or being written. */
  get isIdle(): boolean {
    return this.#staged === null && this.#queued.length === 0;
  }

  /** Whether a write is on the thread pool or waits for one. Rolling waits until it is not. */
  get isWritingAsynchronously(): boolean {
    return this.#queued.length > 0;
  }

  /** Whether the next batch joins a group, rather than beginning one. */
  get hasStaged(): boolean {
    return this.#staged !== null;
  }

  /**
   * Adds a stamped batch to this turn's group. One that begins a group says where. The promise
   * settles as that of an append.
   */
  stage(batch: Uint8Array, appended: Appended, begin: GroupBegin | null): Promise<Appended> {
    let group = this.#staged;
    if (group === null) {
      assert(begin !== null, 'a batch that begins a group says where');
      group = new WriteGroup(begin);
      this.#staged = group;
      this.#gather(this);
    }
    const wasSmall = group.bytes < LIMITS.writeWaitingBytes;
    const settled = group.add(batch, appended);
    if (wasSmall && group.bytes >= LIMITS.writeWaitingBytes) {
      afterMicrotasks(() => this.flush());
    }
    return settled;
  }

  /** Whether the group in the making should be flushed before more is added. */
  get isFull(): boolean {
    return this.#staged !== null && this.#staged.bytes >= LIMITS.writeGroupBytes;
  }

  /**
   * Writes the staged batches; returns the failure if there was one. During a stall they are queued
   * instead.
   */
  flush(): EngineError | null {
    const group = this.#staged;
    if (group === null) return null;
    this.#staged = null;
    if (this.#queued.length > 0 || this.#directory.writesAsynchronously || !this.#mayDirty(group)) {
      this.#enqueue(group);
      return null;
    }
    const startedMs = this.#clock.monotonicMs();
    try {
      this.#directory.assertOnline();
      group.segment.file.writevSync(group.buffers, group.mark.size);
    } catch (error) {
      return this.#outcome.writeFailed([group], error);
    }
    this.#directory.noteWrite(this.#clock.monotonicMs() - startedMs);
    this.#counters.writes++;
    this.#outcome.wrote(group);
    return null;
  }

  /** Resolves when everything staged by now was written or has failed. */
  async settled(): Promise<void> {
    this.flush();
    while (this.#queued.length > 0) await this.#idle;
  }

  #mayDirty({ segment }: WriteGroup): boolean {
    return segment.file.isDirty || this.#files.hasRoom;
  }

  #enqueue(group: WriteGroup): void {
    group.copy();
    this.#queued.push(group);
    if (this.#queued.length === 1) this.#idle = this.#drain();
  }

  async #drain(): Promise<void> {
    for (let group = this.#queued[0]; group; group = this.#queued[0]) {
      while (!this.#mayDirty(group)) await this.#files.whenRoom();
      const startedMs = this.#clock.monotonicMs();
      try {
        this.#directory.assertOnline();
        await group.segment.file.writev(group.buffers, group.mark.size);
      } catch (error) {
        const lost = this.#queued.splice(0);
        if (this.#staged) lost.push(this.#staged);
        this.#staged = null;
        this.#outcome.writeFailed(lost, error);
        return;
      }
      this.#directory.noteWrite(this.#clock.monotonicMs() - startedMs);
      this.#counters.writes++;
      this.#queued.shift();
      this.#outcome.wrote(group);
    }
  }
}

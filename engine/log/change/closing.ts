import { EngineError } from '../../errors.js';
import type { LogWriter } from '../append/log-writer.js';
import type { Durability } from '../durability/durability.js';
import type { PartitionName } from '../partition-log.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from '../state/log-life.js';
import type { Changes } from './changes.js';
import type { Compaction } from './compaction.js';

/** The log that ends. */
export interface EndingLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly segments: SegmentList;
  readonly life: LogLife;
  readonly staging: { readonly writer: LogWriter };
  readonly durability: Durability;
  readonly changes: Changes;
  readonly compaction: Compaction;
}

/** How a log ends: closed in two halves with a checkpoint in between, deleted, or failed. */
export class Closing {
  readonly #log: EndingLog;

  constructor(log: EndingLog) {
    this.#log = log;
  }

  /** A compaction that runs is given up, and none begins any more. */
  stopCompaction(): void {
    this.#log.compaction.stop();
  }

  /**
   * First half of a close: appends under way are finished, and the next checkpoint will cover them
   * and save all indexes.
   */
  async prepare(): Promise<void> {
    const { life, compaction, changes, durability } = this.#log;
    if (life.hasEnded) return;
    life.beginClose(this.#closedError());
    compaction.stop();
    await compaction.settled();
    await changes.settled();
    durability.prepareClose();
  }

  /** Second half, once that checkpoint was written: nothing is served any more. */
  async finish(): Promise<void> {
    const { context, segments, staging, compaction, durability } = this.#log;
    this.fail(this.#closedError());
    // The jobs of a compaction know the folder by name, and the name may soon belong to another
    // log.
    await compaction.settled();
    await staging.writer.settled();
    const work = context.slices.begin();
    for (const segment of segments.all()) {
      context.indexCache.forget(segment);
      await segment.saves.settled();
      await segment.file.close();
      const pause = work.did(1);
      if (pause !== null) await pause;
    }
    // Windows renames no folder in which a file is open.
    for (const { file } of segments.leaving) await file.close();
    for (const file of durability.unsynced.files) await file.close();
  }

  /** Every waiting call, and every later one, gets this error. */
  fail(error: EngineError): void {
    const { context, life, durability, compaction } = this.#log;
    if (!life.end(error)) return;
    durability.checkpoint.invalidate();
    compaction.stop();
    context.cleaner.forget(compaction);
    durability.end(error);
  }

  #closedError(): EngineError {
    const { topic, partition } = this.#log.name;
    return new EngineError('LOG_CLOSED', `${topic}-${partition} is closed`);
  }
}

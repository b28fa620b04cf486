import { storageError } from '../../disk/storage-error.js';
import { logStartKey } from '../durability/log-records.js';
import { writeLogStart } from '../durability/log-start-file.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import type { LogLife } from '../state/log-life.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import type { Watermark } from '../state/watermark.js';

/** The log whose start moves. */
export interface StartedLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly folder: string;
  readonly offsets: OffsetTracker;
  readonly epochs: LeaderEpochs;
  readonly life: LogLife;
  readonly watermark: Watermark;
}

/** The log start offset: moved durably, before anything below it goes. */
export class LogStart {
  readonly #log: StartedLog;

  constructor(log: StartedLog) {
    this.#log = log;
  }

  /** Writes the log start beside the log, where it is found again if the catalog is lost. */
  async writeBeside(offset: number): Promise<void> {
    const { context, folder } = this.#log;
    try {
      await writeLogStart(context.disk, folder, offset);
    } catch (error) {
      throw storageError(context.directory, `cannot write to ${folder}`, error);
    }
  }

  /**
   * The log starts at `offset`, durably. After that a crash may leave any of the segments below,
   * and none of them is missed.
   */
  async moveTo(offset: number): Promise<void> {
    const { context, name, folder, life, offsets } = this.#log;
    const { catalog, directory } = context;
    try {
      await catalog.write([{ key: logStartKey(name), value: offset }]);
    } catch (error) {
      throw storageError(directory, `cannot store the log start offset of ${folder}`, error);
    }
    life.assertServing();
    offsets.startedAt(offset);
  }

  /** Tells listeners, and forgets epochs that ended below the start. */
  moved(): void {
    const { epochs, offsets, watermark } = this.#log;
    epochs.truncateStart(offsets.logStart);
    watermark.notify();
  }
}

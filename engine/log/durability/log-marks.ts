import type { CatalogKey } from '../../catalog/catalog.js';
import { storageError } from '../../disk/storage-error.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { LeaderEpochs } from '../state/leader-epochs.js';
import { foreignEpochsKey, gapsKey } from './log-records.js';

/** The log that is marked. */
interface MarkedLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly folder: string;
  readonly epochs: LeaderEpochs;
}

/**
 * Marks in the catalog about the order of a log's batches. A mark is durable before the first batch
 * that is out of order: otherwise that batch would count as damage after a crash.
 */
export class LogMarks {
  readonly #log: MarkedLog;
  #hasGaps: boolean;

  constructor(log: MarkedLog, hasGaps: boolean) {
    this.#log = log;
    this.#hasGaps = hasGaps;
  }

  get hasGaps(): boolean {
    return this.#hasGaps;
  }

  /** Offsets may be left out once it resolves. */
  async takesGap(): Promise<void> {
    if (this.#hasGaps) return;
    await this.#write(gapsKey(this.#log.name));
    this.#hasGaps = true;
  }

  /** Epochs need not rise once it resolves. */
  async takesForeignEpochs(): Promise<void> {
    if (!this.#log.epochs.areOwn) return;
    await this.#write(foreignEpochsKey(this.#log.name));
    this.#log.epochs.noteForeign();
  }

  /** The log has begun again, and the catalog has no marks any more. */
  forget(): void {
    this.#hasGaps = false;
  }

  async #write(key: CatalogKey): Promise<void> {
    const { context, folder } = this.#log;
    try {
      await context.catalog.write([{ key, value: true }]);
    } catch (error) {
      throw storageError(context.directory, `cannot note what ${folder} holds`, error);
    }
  }
}

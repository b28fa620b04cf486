import { type Clock, EngineError, type Timer } from '../../engine/index.js';
import { SERVER_LIMITS } from '../limits.js';
import type { Logger } from '../logging/log.js';
import type { Partition } from './partition.js';

export interface RetentionOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** From the end of one run to the beginning of the next. */
  readonly intervalMs: number;
  /** The partitions as they are when a run begins. */
  partitions(): Iterable<Partition>;
}

/**
 * Lets every partition delete the segments that its settings allow, one partition after another,
 * again and again until stopped.
 */
export class Retention {
  readonly #options: RetentionOptions;
  #timer: Timer | null = null;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** Resolves when no partition is touched any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  #schedule(): void {
    const { clock, intervalMs } = this.#options;
    this.#timer = clock.schedule(intervalMs, () => {
      this.#running = this.#run().then(() => {
        if (!this.#stopped) this.#schedule();
      });
      return this.#running;
    });
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    for (const [at, { name, log }] of [...this.#options.partitions()].entries()) {
      // Most partitions have nothing to delete, and are asked within one turn.
      if (
        at % SERVER_LIMITS.retentionPartitionsPerTurn ===
        SERVER_LIMITS.retentionPartitionsPerTurn - 1
      ) {
        await new Promise<void>((resolve) => clock.afterTurn(resolve));
      }
      if (this.#stopped) return;
      try {
        // The log says which segments it deletes, and why.
        await log.maintenance.applyRetention();
      } catch (error) {
        // The partition was deleted meanwhile, or the disk has failed: that has been logged
        // elsewhere.
        if (error instanceof EngineError) continue;
        const fields = { topic: name.topic, partition: name.partition, error };
        this.#options.logger.error(fields, 'retention failed in an unexpected way');
      }
    }
  }
}

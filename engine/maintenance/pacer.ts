import type { Clock } from '../clock.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';

/** Keeps a job below a rate of disk bytes, and ends it when it is told to. */
export class Pacer {
  readonly #clock: Pick<Clock, 'monotonicMs' | 'schedule'>;
  readonly #bytesPerSecond: number;
  readonly #stop: Int32Array;
  readonly #startedMs: number;
  #bytes = 0;

  /**
   * `stop` is four bytes shared with the owner that may end the job: any value but zero ends it. A
   * rate of Infinity is no bound.
   */
  constructor(
    clock: Pick<Clock, 'monotonicMs' | 'schedule'>,
    bytesPerSecond: number,
    stop: SharedArrayBuffer,
  ) {
    this.#clock = clock;
    this.#bytesPerSecond = bytesPerSecond;
    this.#stop = new Int32Array(stop);
    this.#startedMs = clock.monotonicMs();
  }

  /**
   * Notes bytes that were read or written; resolves when more may be. Throws ABORTED when the job
   * is to end.
   */
  async spent(bytes: number): Promise<void> {
    this.#bytes += bytes;
    for (;;) {
      if (Atomics.load(this.#stop, 0) !== 0) {
        throw new EngineError('ABORTED', 'the job was told to end');
      }
      const dueMs = this.#startedMs + (this.#bytes / this.#bytesPerSecond) * 1000;
      const waitMs = dueMs - this.#clock.monotonicMs();
      // Less than a millisecond is owed until the next call.
      if (!(waitMs >= 1)) return;
      await new Promise<void>((resolve) => {
        this.#clock.schedule(Math.min(waitMs, LIMITS.pacerNapMs), resolve);
      });
    }
  }
}

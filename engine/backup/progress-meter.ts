import type { Clock } from '../clock.js';
import { LIMITS } from '../limits.js';
import type { BackupOptions } from './backup-options.js';

/** Tells how far a backup is, a few times a second. */
export class ProgressMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #tell: BackupOptions['onProgress'];
  #done = 0;
  #total = 0;
  #toldMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Pick<Clock, 'monotonicMs'>, tell: BackupOptions['onProgress']) {
    this.#clock = clock;
    this.#tell = tell;
  }

  begin(total: number): void {
    this.#total = total;
  }

  did(bytes: number): void {
    this.#done += bytes;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#toldMs < LIMITS.progressIntervalMs) return;
    this.#toldMs = nowMs;
    this.#say();
  }

  end(): void {
    this.#done = this.#total;
    this.#say();
  }

  #say(): void {
    this.#tell?.({ phase: 'backup', done: this.#done, total: this.#total, unit: 'bytes' });
  }
}

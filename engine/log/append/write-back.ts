import type { LogFile } from '../../disk/log-file.js';
import type { Gate } from '../../gate.js';
import { LIMITS } from '../../limits.js';
import type { EngineCounters } from '../../metrics.js';

/**
 * Sends the written bytes of a log to the device, a piece at a time and without a sync. An append
 * that comes during a sync of tens of megabytes waits for it, the event loop with it
 * (docs/durability.md has the figures); a sync that finds them written is short.
 */
export class WriteBack {
  readonly #counters: EngineCounters;
  readonly #gate: Gate;
  #file: LogFile | null = null;
  /** Positions in that file: bytes before `#from` were sent already. */
  #from = 0;
  #end = 0;
  #isRunning = false;
  /** False once it was found that this disk cannot. */
  #works = true;

  /**
   * All logs of the directory share the gate: a device whose queue is full holds the threads, and
   * syncs need them too.
   */
  constructor(counters: EngineCounters, gate: Gate) {
    this.#counters = counters;
    this.#gate = gate;
  }

  /**
   * The file was written from `from` to `end` (exclusive). The last sync of the file before writes
   * its remaining bytes.
   */
  wrote(file: LogFile, from: number, end: number): void {
    if (file !== this.#file || from < this.#from) {
      this.#file = file;
      this.#from = from;
    }
    this.#end = end;
  }

  /**
   * Begins with the next piece, if there is one and the one before has been handed over. Returns
   * whether this disk can do that.
   */
  begin(): boolean {
    if (!this.#works) return false;
    const size = this.#end - this.#from;
    if (this.#file === null || this.#isRunning || size < LIMITS.writeBackBytes) return true;
    void this.#send(this.#file, this.#from, size);
    this.#from = this.#end;
    return true;
  }

  /** Never rejects: the sync that covers the bytes reports a failure. */
  async #send(file: LogFile, position: number, size: number): Promise<void> {
    this.#isRunning = true;
    try {
      this.#works = await this.#gate.run(() => {
        this.#counters.writeBacks++;
        return file.startWriteBack(position, size);
      });
    } catch {
      // The file is gone, or cannot be opened. The next file may be sent.
    }
    this.#isRunning = false;
  }
}

import type { ConnectionInfo } from '../../net/dispatcher.js';

/** What takes its place in logs in the order in which its connection sent it. */
export interface OrderedCall {
  /** All of it at once. */
  run(): void;
  /** All of it, with pauses. Never rejects. */
  runInSlices(): Promise<void>;
}

/**
 * Requests of so many batches, or of so many that make the files of their logs, that others are
 * served while they are appended; what comes behind one on its connection waits for it.
 */
export class LongCalls {
  readonly #last = new WeakMap<ConnectionInfo, Promise<void>>();
  #count = 0;

  /** Whether any is under way. */
  get areUnderWay(): boolean {
    return this.#count > 0;
  }

  inOrder(connection: ConnectionInfo, call: OrderedCall, isLong: boolean): void {
    const before = this.#last.get(connection);
    if (!isLong && before === undefined) {
      call.run();
      return;
    }
    this.#count += 1;
    const made = this.#make(before, call).finally(() => {
      this.#count -= 1;
      if (this.#last.get(connection) === made) this.#last.delete(connection);
    });
    this.#last.set(connection, made);
  }

  async #make(before: Promise<void> | undefined, call: OrderedCall): Promise<void> {
    if (before !== undefined) await before;
    await call.runInSlices();
  }
}

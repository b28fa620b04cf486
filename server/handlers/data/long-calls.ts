import type { ConnectionInfo } from '../../net/dispatcher.js';

/**
 * A call whose batches take their places in logs in the order in which its connection sent them.
 */
export interface OrderedCall {
  /** Runs the whole call at once. */
  run(): void;
  /** Runs the whole call, with pauses. Never rejects. */
  runInSlices(): Promise<void>;
}

/**
 * Requests with too many batches for one turn, or too many that make the files of their logs: other
 * requests are served while they are appended, and later requests of the same connection wait for
 * them.
 */
export class LongCalls {
  readonly #last = new WeakMap<ConnectionInfo, Promise<void>>();
  #count = 0;

  /** Whether a long call is under way. */
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

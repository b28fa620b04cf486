import { Fifo } from '../fifo.js';
import type { Turn } from '../turn.js';
import { type FilePacingLimits, fileBytesLeft, isPaced } from './file-pacing.js';

/**
 * Deals out the bytes of files that leave in a turn of the event loop among the connections of a
 * broker, as `file-pacing.ts` says. Connections that may not send now wait in one queue; a
 * connection that has sent goes to its end.
 */
export class FileTurns {
  readonly #turn: Turn;
  readonly #limits: FilePacingLimits;
  readonly #waiting = new Fifo<() => void>();
  /** The number of the turn to which `#inTurnBytes` belong, when it was last asked for. */
  #number = -1;
  #inTurnBytes = 0;
  #sinceBriskBytes: number;
  #armed = false;
  /** Whether the asking connection is the first of the queue. */
  #serving = false;

  constructor(turn: Turn, limits: FilePacingLimits) {
    this.#turn = turn;
    this.#limits = limits;
    this.#sinceBriskBytes = limits.pacedBytes;
  }

  /** Notes a request of a client that gets small answers. */
  brisk(): void {
    this.#sinceBriskBytes = 0;
  }

  /** Bytes of a file that the asking connection may send now; 0 when it has to `wait`. */
  get leftBytes(): number {
    const sinceBriskBytes = this.#sinceBriskBytes;
    if (isPaced({ sinceBriskBytes }, this.#limits)) {
      if (this.#waiting.length > 0 && !this.#serving) return 0;
      const number = this.#turn.current();
      if (number !== this.#number) {
        this.#number = number;
        this.#inTurnBytes = 0;
      }
    }
    return fileBytesLeft({ sinceBriskBytes, inTurnBytes: this.#inTurnBytes }, this.#limits);
  }

  spend(bytes: number): void {
    this.#inTurnBytes += bytes;
    this.#sinceBriskBytes += bytes;
  }

  /** Runs `run` once, in a later turn, behind those that wait already. */
  wait(run: () => void): void {
    this.#waiting.push(run);
    this.#arm();
  }

  #arm(): void {
    if (this.#armed) return;
    this.#armed = true;
    this.#turn.next(() => {
      this.#armed = false;
      this.#serve();
    });
  }

  #serve(): void {
    this.#serving = true;
    try {
      // A connection that comes back in this very turn is not served twice.
      for (let left = this.#waiting.length; left > 0 && this.leftBytes > 0; left--) {
        const run = this.#waiting.peek()!;
        this.#waiting.drop();
        run();
      }
    } finally {
      this.#serving = false;
      if (this.#waiting.length > 0) this.#arm();
    }
  }
}

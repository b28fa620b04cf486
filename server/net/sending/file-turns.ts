import { Fifo } from '../fifo.js';
import type { Turn } from '../turn.js';
import { type FilePacingLimits, fileBytesLeft, isPaced } from './file-pacing.js';

/**
 * Deals out the bytes of files that leave in a turn of the event loop among the connections of a
 * broker, as `file-pacing.ts` says. Who may not send now waits in one line with the others; whoever
 * has had its turn stands behind them.
 */
export class FileTurns {
  readonly #turn: Turn;
  readonly #limits: FilePacingLimits;
  readonly #waiting = new Fifo<() => void>();
  /** The turn to which `#inTurnBytes` belong, as far as it was asked. */
  #number = -1;
  #inTurnBytes = 0;
  #sinceBriskBytes: number;
  #armed = false;
  /** Whether whoever asks is the first in the line. */
  #serving = false;

  constructor(turn: Turn, limits: FilePacingLimits) {
    this.#turn = turn;
    this.#limits = limits;
    this.#sinceBriskBytes = limits.pacedBytes;
  }

  /** A request has come from a client that gets small answers. */
  brisk(): void {
    this.#sinceBriskBytes = 0;
  }

  /** How many bytes of a file the asking connection may send now; 0 when it has to `wait`. */
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

  /** Runs `run` once, in a later turn, when those before it have had theirs. */
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
      // Who comes back in this very turn is not served twice.
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

import type { Appended } from '../partition-log.js';
import type { LogLife } from '../state/log-life.js';
import type { AppendQueue } from './append-queue.js';
import { type PieceLog, ReplicaPiece } from './replica-piece.js';

/** The log that a leader's batches go to. */
export interface FollowingLog extends PieceLog {
  readonly life: LogLife;
}

/** The marks in the catalog about the order of the log's batches. */
interface OrderMarks {
  readonly hasGaps: boolean;
  takesGap(): Promise<void>;
  takesForeignEpochs(): Promise<void>;
}

/** THE APPEND PATH of a follower: batches of a leader, as they are. */
export class ReplicaAppends {
  readonly #log: FollowingLog;
  readonly #queue: AppendQueue;
  readonly #marks: OrderMarks;

  constructor(log: FollowingLog, queue: AppendQueue, marks: OrderMarks) {
    this.#log = log;
    this.#queue = queue;
    this.#marks = marks;
  }

  /**
   * Appends a leader's piece, at once where that is possible. Rejects with the problem of a bad
   * piece.
   */
  async append(bytes: Buffer): Promise<Appended> {
    this.#log.leadership.assertTakesLeaders();
    const queue = this.#queue;
    const piece = queue.isTaken ? null : new ReplicaPiece(this.#log, bytes);
    if (piece === null || this.#isNews(piece)) {
      return queue.take(() => this.#appendWhenReady(piece ?? bytes));
    }
    return this.#tryAppend(piece) ?? queue.take(() => this.#appendWhenReady(piece));
  }

  /** Whether the log's marks lack what the piece does to the order of batches. */
  #isNews({ leavesGap, breaksEpochs }: ReplicaPiece): boolean {
    return (leavesGap && !this.#marks.hasGaps) || (breaksEpochs && this.#log.epochs.areOwn);
  }

  #tryAppend(piece: ReplicaPiece): Promise<Appended> | null {
    this.#log.life.assertServing();
    return piece.append();
  }

  /** Appends as soon as the log and the writer allow it. Called only at the front of the queue. */
  async #appendWhenReady(given: ReplicaPiece | Buffer): Promise<{ appended: Promise<Appended> }> {
    const piece = Buffer.isBuffer(given) ? new ReplicaPiece(this.#log, given) : given;
    if (piece.leavesGap) await this.#marks.takesGap();
    if (piece.breaksEpochs) await this.#marks.takesForeignEpochs();
    for (;;) {
      const appended = this.#tryAppend(piece);
      if (appended !== null) return { appended };
      await this.#log.active.whenReady();
    }
  }
}

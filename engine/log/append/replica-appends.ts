import type { Appended } from '../partition-log.js';
import { type AppendLog, whenAppendable } from './append.js';
import type { AppendQueue } from './append-queue.js';
import { ReplicaPiece } from './replica-piece.js';

/** The log that a leader's batches go to. */
export interface FollowingLog extends AppendLog {
  readonly marks: { takesGap(): Promise<void>; takesForeignEpochs(): Promise<void> };
}

/** Appends a leader's piece, at once where it can be. Throws what is wrong with it. */
export function appendPiece(
  log: FollowingLog,
  queue: AppendQueue,
  bytes: Buffer,
): Promise<Appended> {
  const piece = queue.isTaken ? null : new ReplicaPiece(log, bytes);
  if (piece === null || isNews(log, piece)) {
    return queue.take(() => appendSettled(log, piece ?? bytes));
  }
  return piece.append() ?? queue.take(() => appendSettled(log, piece));
}

/** Whether the log is yet to say what the piece does to its order. */
function isNews(log: FollowingLog, { leavesGap, breaksEpochs }: ReplicaPiece): boolean {
  return (leavesGap && !log.hasGaps) || (breaksEpochs && log.epochs.areOwn);
}

/** As soon as the log and the writer let it. Called only in a turn of the queue. */
async function appendSettled(
  log: FollowingLog,
  given: ReplicaPiece | Buffer,
): Promise<{ appended: Promise<Appended> }> {
  const piece = Buffer.isBuffer(given) ? new ReplicaPiece(log, given) : given;
  if (piece.leavesGap) await log.marks.takesGap();
  if (piece.breaksEpochs) await log.marks.takesForeignEpochs();
  for (;;) {
    const appended = piece.append();
    if (appended !== null) return { appended };
    await whenAppendable(log);
  }
}

import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { PartitionLog } from '../log/partition-log.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import { shown } from '../shown.js';
import type { CursorStore, StoredCursor } from './cursor-store.js';
import type { Follower, FollowOptions } from './follow.js';
import { assertOffset, type Place, placeOf } from './place.js';

/** The options of `EventLog.cursor`. */
export interface CursorOptions {
  /** Where a cursor that is new begins. Default 'start'. */
  readonly from?: Place | undefined;
}

/** The log that a cursor reads. */
interface CursorLog<Value> {
  readonly partition: PartitionLog;
  readonly ended: Promise<void> | null;
  follow(options: FollowOptions): Follower<Value>;
}

/**
 * A place in a log that outlives the process: the next record that a worker of this name has to
 * handle. Whoever opens a name takes it over, and the one before can no longer move it.
 */
export class Cursor<Value = Buffer> {
  readonly name: string;
  readonly #log: CursorLog<Value>;
  readonly #store: CursorStore;
  readonly #token: number;

  /** Made by `EventLog.cursor`. */
  constructor(name: string, log: CursorLog<Value>, store: CursorStore, token: number) {
    this.name = name;
    this.#log = log;
    this.#store = store;
    this.#token = token;
  }

  /** Offset of the next record to be handled. Throws CURSOR_FENCED where it was deleted. */
  get position(): number {
    return this.#stored().position;
  }

  /** Offsets from the position, or the start of the log where that is behind it, to the end. */
  get lag(): number {
    const { logStartOffset, highWatermark } = this.#log.partition;
    return Math.max(0, highWatermark - Math.max(this.position, logStartOffset));
  }

  /**
   * Moves the position to `offset`, that of the next record to be handled: forward, or back to
   * have records again. Durable when it resolves, and never before the records below it.
   *
   * Rejects CURSOR_FENCED when somebody has opened the cursor since, or it was deleted;
   * OFFSET_OUT_OF_RANGE beyond the end of the log; LOG_CLOSED, STORAGE_FULL, STORAGE_OFFLINE.
   */
  async commit(offset: number): Promise<void> {
    assertOffset(offset);
    const { partition } = this.#log;
    this.#assertMine();
    if (offset < 0 || offset > partition.highWatermark) {
      throw new EngineError(
        'OFFSET_OUT_OF_RANGE',
        `the log ends at ${partition.highWatermark}: a cursor cannot be at ${offset}`,
        { offset },
      );
    }
    if (offset > partition.durableEndOffset) {
      await partition.flush();
      this.#assertMine();
    }
    // A truncation may have come in between, and has moved the cursor down then.
    const position = Math.min(offset, partition.highWatermark);
    await this.#store.move(partition.name.topicId, this.name, { position, token: this.#token });
  }

  /**
   * The records from the position on, as `EventLog.follow` gives them; `commit` moves the position,
   * reading does not. Throws CURSOR_FENCED, and OFFSET_OUT_OF_RANGE, with the first record, where
   * records from the position on were deleted: commit the log's start to go on there.
   */
  follow(options: Omit<FollowOptions, 'from'> = {}): Follower<Value> {
    assertOptionsObject('follow', options);
    assertKnownOptions('follow', options, ['signal', 'live']);
    this.#assertMine();
    return this.#log.follow({ ...options, from: this.position });
  }

  /** Forgets the cursor. Rejects CURSOR_FENCED when it is somebody else's. */
  async delete(): Promise<void> {
    this.#assertMine();
    await this.#store.delete(this.#log.partition.name.topicId, this.name);
  }

  #assertMine(): void {
    if (this.#log.ended !== null) {
      throw new EngineError('LOG_CLOSED', `the log of the cursor '${this.name}' is closed`);
    }
    if (this.#stored().token === this.#token) return;
    throw new EngineError('CURSOR_FENCED', `the cursor '${this.name}' was opened again since`);
  }

  #stored(): StoredCursor {
    const stored = this.#store.get(this.#log.partition.name.topicId, this.name);
    if (stored !== null) return stored;
    throw new EngineError('CURSOR_FENCED', `the cursor '${this.name}' was deleted`);
  }
}

/** Opens a cursor as `EventLog.cursor` promises. */
export async function openCursor<Value>(
  name: string,
  options: CursorOptions,
  log: CursorLog<Value>,
  store: CursorStore,
): Promise<Cursor<Value>> {
  const { partition } = log;
  if (typeof name !== 'string' || name === '' || name.length > LIMITS.nameLengthMax) {
    throw new EngineError(
      'INVALID_NAME',
      `a cursor's name is text of 1 to ${LIMITS.nameLengthMax} characters, not ${shown(name)}`,
    );
  }
  assertOptionsObject('cursor', options);
  assertKnownOptions('cursor', options, ['from']);
  const from = await placeOf(partition, 'from', options.from ?? 'start');
  if (from < 0 || from > partition.highWatermark) {
    throw new EngineError('OFFSET_OUT_OF_RANGE', `the log has no offset ${from}`, { offset: from });
  }
  if (log.ended !== null) {
    throw new EngineError('LOG_CLOSED', `the log '${partition.name.topic}' is closed`);
  }
  const { topicId } = partition.name;
  const token = await store.take(topicId, name, from, partition.highWatermark);
  return new Cursor(name, log, store, token);
}

import type { FieldInput } from '../batch/builder.js';
import { EngineError } from '../errors.js';
import { assertKnownOptions, assertOptionsObject } from '../nearest-name.js';
import type { TurnSlices } from '../turn-slices.js';
import type { EventLog } from './event-log.js';
import type { EventReader } from './event-reader.js';
import { followLog } from './follow.js';
import type { Place } from './place.js';
import { TableFold } from './table-fold.js';
import { TableFollower } from './table-follower.js';
import type { OnUnreadable } from './table-options.js';
import { assertKey, type TableRecord, tableReader } from './table-records.js';

/** One record of a table's log, as a change of its key. */
export interface TableChange<Value = Buffer> {
  readonly key: string;
  /** Null: the key was deleted. */
  readonly value: Value | null;
  /** What the key had before; undefined where it had nothing, or `from` has left that out. */
  readonly previous: Value | undefined;
  /** Offset of the record. */
  readonly offset: number;
}

/** The options of `Table.changes`. */
export interface TableChangesOptions {
  /** As of `EventLog.follow`. Default: what the table does not show yet. */
  readonly from?: Place | undefined;
  /** Ends the iteration with an AbortError. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The last value of each key of a compacted log, in memory: a Map that follows the log, whoever
 * appends to it. Made by `engine.table(name)`. It does not keep the process alive.
 *
 * Methods throw or reject with `EngineError`: LOG_CLOSED after `close`, or the end of the log or of
 * the engine; INVALID_VALUE once it has met a record that it cannot read; STORAGE_OFFLINE;
 * CORRUPT_BATCH.
 */
export class Table<Value = Buffer, Input = FieldInput> {
  readonly name: string;
  /** The log of the table: what is appended to it beside the table counts as well. */
  readonly log: EventLog<Value, Input>;
  readonly #reader: EventReader<TableRecord | null>;
  readonly #follower: TableFollower;

  private constructor(log: EventLog<Value, Input>, reader: EventReader<TableRecord | null>) {
    this.name = log.name;
    this.log = log;
    this.#reader = reader;
    this.#follower = new TableFollower(log.partition, reader);
  }

  /** Made by `Engine.table`; filled when it resolves. */
  static async open<Value, Input>(
    log: EventLog<Value, Input>,
    onUnreadable: OnUnreadable,
    slices: TurnSlices,
  ): Promise<Table<Value, Input>> {
    const table = new Table(log, tableReader(log.valueEncoding, onUnreadable, slices));
    await table.#follower.filled;
    return table;
  }

  /** How many keys have a value. */
  get size(): number {
    return this.#fold().entries.size;
  }

  has(key: string): boolean {
    return this.#fold().entries.has(key);
  }

  /**
   * The last value of the key; undefined without one. It is the table's own, the same at each call:
   * to change it, `set` another.
   */
  get(key: string): Value | undefined {
    return this.#fold().entries.get(key)?.value as Value | undefined;
  }

  /** Keys with their values, oldest key first. What changes meanwhile may be seen or not. */
  *entries(): IterableIterator<[key: string, value: Value]> {
    for (const [key, { value }] of this.#fold().entries) yield [key, value as Value];
  }

  [Symbol.iterator](): IterableIterator<[key: string, value: Value]> {
    return this.entries();
  }

  /**
   * Appends the value. Resolves with its offset when the append counts (`flush` of the log), and
   * the table shows it, unless a later record of the key has come. Rejects as `EventLog.append`,
   * and INVALID_RECORD for a key that is no text or a value of null, which is `delete`.
   */
  async set(key: string, value: Input): Promise<number> {
    if (value !== null && value !== undefined) return this.#append(key, value);
    throw new EngineError('INVALID_RECORD', `${value} is no value: delete(key) deletes a key`);
  }

  /**
   * Appends a tombstone: the key is gone when it resolves, with the offset of the tombstone. It
   * makes no difference whether there was such a key.
   */
  delete(key: string): Promise<number> {
    return this.#append(key, null);
  }

  async #append(key: string, value: Input | null): Promise<number> {
    this.#assertOpen();
    assertKey(key);
    const { baseOffset } = await this.log.append({ key, value });
    await this.#follower.passed(baseOffset);
    return baseOffset;
  }

  /**
   * Iterates over changes as they come, in the order of the log, one for each record that has a
   * key; a reader that is slow reads later from the log. Without `from` it begins behind what the
   * table shows, and notes what each key has (a copy of the Map, which shares its values); from an
   * offset on, `previous` knows only what it has come by. Ends when the log is closed; throws as
   * `follow`.
   */
  changes(options: TableChangesOptions = {}): AsyncIterableIterator<TableChange<Value>> {
    assertOptionsObject('changes', options);
    assertKnownOptions('changes', options, ['from', 'signal']);
    const fold = this.#fold();
    const { from = fold.position, signal } = options;
    const before = new TableFold(0, options.from === undefined ? fold.entries : []);
    return changesOf(before, followLog(this.log.partition, { from, signal }, this.#reader));
  }

  /** Ends the table, at once. The log stays open. */
  close(): void {
    this.#follower.stop(new EngineError('LOG_CLOSED', `the table '${this.name}' is closed`));
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #fold(): TableFold {
    this.#assertOpen();
    return this.#follower.fold;
  }

  #assertOpen(): void {
    const { failure } = this.#follower;
    if (failure !== null) throw failure;
    if (this.log.ended === null) return;
    throw new EngineError('LOG_CLOSED', `the log of the table '${this.name}' is closed`);
  }
}

/** Ends the follower at its own `return`, also while it waits. */
function changesOf<Value>(
  before: TableFold,
  records: ReturnType<typeof followLog<TableRecord | null>>,
): AsyncIterableIterator<TableChange<Value>> {
  return {
    async next() {
      for (;;) {
        const next = await records.next();
        if (next.done) return { done: true, value: undefined };
        const change = before.apply(next.value);
        if (change !== null) return { done: false, value: change as TableChange<Value> };
      }
    },
    async return() {
      await records.return?.();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

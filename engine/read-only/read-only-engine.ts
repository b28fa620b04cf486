import { join, resolve } from 'node:path';
import { type Clock, systemClock, type Timer } from '../clock.js';
import { DataDirectory } from '../disk/data-directory.js';
import { descriptorsFor } from '../disk/descriptor-limit.js';
import { readIdentity } from '../disk/directory-identity.js';
import { partitionFolderName } from '../disk/file-names.js';
import { FilePool } from '../disk/file-pool.js';
import { nodeDisk } from '../disk/node-disk.js';
import type { CursorStore } from '../embedded/cursor-store.js';
import { EventLog, type EventLogOwner } from '../embedded/event-log.js';
import { resolveOptions } from '../embedded/event-log-options.js';
import type { LogInfo } from '../embedded/log-infos.js';
import { assertLogName } from '../embedded/log-name.js';
import type { ValueEncoding } from '../embedded/value-encoding.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type { ReadContext } from '../log/read/readable-log.js';
import { IndexCache } from '../log/segments/index-cache.js';
import { LogLife } from '../log/state/log-life.js';
import { silentLogger } from '../logger.js';
import { newCounters } from '../metrics.js';
import { nearestName } from '../nearest-name.js';
import { partitionFolders, readTopicId } from '../partition-folder.js';
import { systemRandom } from '../random.js';
import { TurnSlices } from '../turn-slices.js';
import { UnpackBudget } from '../unpack-budget.js';
import { FolderView } from './folder-view.js';
import { readOnlyDisk } from './read-only-disk.js';
import { ReadOnlyLog, readOnly } from './read-only-log.js';
import {
  assertReading,
  assertReadingLog,
  type ReadOnlyLogOptions,
  type ReadOnlyOptions,
} from './read-only-options.js';

type AnyEventLog = EventLog<unknown, unknown>;

/** A log that is read, with its wrapping for programs. */
interface OpenLog {
  readonly reading: ReadOnlyLog;
  readonly log: AnyEventLog;
}

/**
 * A data directory that another process writes, or none: it is read without a lock and without a
 * change to any file, and what the owner appends comes into sight once it is durable.
 */
export class ReadOnlyEngine implements EventLogOwner {
  /** Absolute path of the data directory. */
  readonly path: string;
  readonly slices: TurnSlices;
  readonly refusal = readOnly('nothing is appended, deleted or cut');
  readonly #context: ReadContext;
  readonly #clock: Clock;
  readonly #pollIntervalMs: number;
  readonly #open = new Map<string, Promise<OpenLog>>();
  #poll: Timer | null = null;
  #closing: Promise<void> | null = null;

  private constructor(context: ReadContext, pollIntervalMs: number) {
    this.path = context.directory.root;
    this.slices = context.slices;
    this.#context = context;
    this.#clock = context.clock;
    this.#pollIntervalMs = pollIntervalMs;
    this.#schedule();
  }

  /** Opens a directory, as `openEngine` promises with `readOnly`. */
  static async open(path: string, options: ReadOnlyOptions): Promise<ReadOnlyEngine> {
    assertReading(path, options);
    const root = resolve(path);
    const given = options.disk ?? nodeDisk;
    const clock = options.clock ?? systemClock;
    await readIdentity(given, root);
    const disk = readOnlyDisk(given);
    const slices = options.slices ?? new TurnSlices(clock);
    const counters = newCounters();
    const context: ReadContext = {
      disk,
      directory: new DataDirectory(root, disk),
      clock,
      random: systemRandom,
      files: new FilePool(disk, {
        nowMs: () => clock.monotonicMs(),
        openMax: options.descriptorsOpenMax ?? descriptorsFor(LIMITS.descriptorsOpenMax),
      }),
      indexCache: new IndexCache(disk, LIMITS.indexCacheBytes, counters, slices),
      slices,
      counters,
      logger: options.logger ?? silentLogger,
      unpacking: new UnpackBudget(),
    };
    return new ReadOnlyEngine(context, options.pollIntervalMs ?? LIMITS.readOnlyPollMs);
  }

  /**
   * The log with this name, for reading; opening an open one again gives the same object. `flush()`
   * resolves when everything that was written by the call is in sight. What changes a log is
   * refused: READ_ONLY.
   *
   * Rejects NO_SUCH_LOG, with the nearest name (a log has no folder before its first record),
   * INVALID_NAME, INVALID_SETTING, LOG_CLOSED after `close`.
   */
  log(name: string, options?: ReadOnlyLogOptions): Promise<EventLog>;
  log(name: string, options: ReadOnlyLogOptions<'utf8'>): Promise<EventLog<string>>;
  log<Value>(name: string, options: ReadOnlyLogOptions<'json'>): Promise<EventLog<Value, Value>>;
  async log(
    name: string,
    options: ReadOnlyLogOptions<ValueEncoding> = {},
  ): Promise<EventLog<unknown, unknown>> {
    this.#assertOpen();
    assertLogName(name);
    assertReadingLog(options);
    for (let opening = this.#open.get(name); opening; opening = this.#open.get(name)) {
      const opened = await opening;
      this.#assertOpen();
      if (opened.log.ended !== null || opened.reading.hasEnded) {
        if (this.#open.get(name) === opening) this.#open.delete(name);
        continue;
      }
      const { valueEncoding } = opened.log;
      if (options.valueEncoding === undefined || options.valueEncoding === valueEncoding) {
        return opened.log;
      }
      const message = `the log '${name}' is open with valueEncoding ${valueEncoding}: close it first`;
      throw new EngineError('INVALID_SETTING', message);
    }
    const opening = this.#read(name, options);
    this.#open.set(name, opening);
    opening.catch(() => this.#open.delete(name));
    return (await opening).log;
  }

  async #read(name: string, options: ReadOnlyLogOptions<ValueEncoding>): Promise<OpenLog> {
    const { disk } = this.#context;
    const folder = join(this.path, partitionFolderName(name, 0));
    const topicId = readTopicId(disk, folder);
    if (topicId === null) throw await this.#noSuchLog(name);
    const resolved = resolveOptions(options);
    const view = new FolderView(this.#context, folder, topicId, resolved.settings, new LogLife());
    const reading = new ReadOnlyLog({ topic: name, topicId, partition: 0 }, view);
    await reading.refresh();
    if (reading.hasEnded) throw await this.#noSuchLog(name);
    return { reading, log: new EventLog(reading, resolved, this.#clock, this) };
  }

  async #noSuchLog(name: string): Promise<EngineError> {
    const names = (await this.logs()).map((info) => info.name);
    const nearest = nearestName(name, names);
    const advice = nearest === null ? '' : `: did you mean '${nearest}'?`;
    const message = `${this.path} has no log '${name}', or no record of it yet${advice}`;
    return new EngineError('NO_SUCH_LOG', message, { path: this.path });
  }

  /** The logs that have records, open or not, in the order of their names. */
  async logs(): Promise<LogInfo[]> {
    this.#assertOpen();
    const folders = await partitionFolders(this.#context.disk, this.path);
    const infos: LogInfo[] = [];
    for (const { topic: name, partition, topicId } of folders) {
      if (partition !== 0 || topicId === null) continue;
      const opened = await this.#open.get(name)?.catch(() => null);
      const isOpen = opened != null && opened.log.topicId === topicId && !opened.reading.hasEnded;
      infos.push({
        name,
        topicId,
        isOpen,
        startOffset: isOpen ? opened.log.startOffset : null,
        endOffset: isOpen ? opened.log.endOffset : null,
        sizeBytes: isOpen ? opened.log.sizeBytes : null,
      });
    }
    return infos.sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** Closes all files; followers end. Calling it again returns the same promise. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#poll?.cancel();
    for (const opening of this.#open.values()) {
      const opened = await opening.catch(() => null);
      await opened?.reading.end(this.#closedError());
      await opened?.reading.settled();
    }
    await this.#context.files.close();
    this.#context.directory.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For its logs. */
  get cursors(): CursorStore {
    throw this.refusal;
  }

  /** For its logs. */
  async closed(log: AnyEventLog): Promise<void> {
    const opened = await this.#open.get(log.name);
    if (opened?.log !== log) return;
    this.#open.delete(log.name);
    await opened.reading.end(new EngineError('LOG_CLOSED', `the log '${log.name}' is closed`));
  }

  /** For its logs. */
  assertDeletable(): void {
    throw this.refusal;
  }

  /** Not called: see `assertDeletable`. */
  async deleted(): Promise<void> {}

  #schedule(): void {
    this.#poll = this.#clock.schedule(this.#pollIntervalMs, () => void this.#lookAtAll());
  }

  async #lookAtAll(): Promise<void> {
    for (const opening of [...this.#open.values()]) {
      try {
        await (await opening).reading.refresh();
      } catch (error) {
        const { logger } = this.#context;
        logger.warn({ directory: this.path, error }, 'a log could not be looked at; tried again');
      }
    }
    if (this.#closing === null) this.#schedule();
  }

  #assertOpen(): void {
    if (this.#closing) throw this.#closedError();
  }

  #closedError(): EngineError {
    return new EngineError('LOG_CLOSED', `the engine of ${this.path} is closed`);
  }
}

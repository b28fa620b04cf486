import type { Timer } from '../clock.js';
import { storageError } from '../disk/storage-error.js';
import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import { tombstoneKey } from '../log/durability/log-records.js';
import type { PartitionLog } from '../log/partition-log.js';
import type { LogContext } from '../log/shared/log-context.js';
import type { LogDirectory } from '../log-directory.js';
import { newUuid } from '../random.js';
import type { TurnSlices } from '../turn-slices.js';
import { CursorStore } from './cursor-store.js';
import { EventLog, type EventLogOwner } from './event-log.js';
import {
  assertSameOptions,
  type EventLogOptions,
  type ResolvedOptions,
  resolveOptions,
} from './event-log-options.js';
import { infoOf, type LogInfo } from './log-infos.js';
import { assertDistinctName, assertLogName } from './log-name.js';
import { NAMES_PREFIX, nameKey } from './name-records.js';
import type { ValueEncoding } from './value-encoding.js';

/** A log of any encoding. */
export type AnyEventLog = EventLog<unknown, unknown>;

/** A log that a program made by name, with its files. */
export interface NamedLog {
  readonly name: string;
  readonly topicId: string;
}

/**
 * The logs that programs open by name in one data directory; each name gives one object for as long
 * as it is open.
 */
export class EventLogs implements EventLogOwner {
  readonly cursors: CursorStore;
  readonly refusal = null;
  /** Why no log is deleted; null where they may be. */
  #kept: EngineError | null = null;
  readonly #context: LogContext;
  readonly #partitions: LogDirectory;
  readonly #open = new Map<string, Promise<AnyEventLog>>();
  #retention: Timer | null = null;
  #isClosed = false;

  constructor(context: LogContext, partitions: LogDirectory) {
    this.cursors = new CursorStore(context);
    this.#context = context;
    this.#partitions = partitions;
  }

  /** Opens the log of this name, as `Engine.log` promises. */
  async open(name: string, options: EventLogOptions<ValueEncoding>): Promise<AnyEventLog> {
    assertLogName(name);
    const resolved = resolveOptions(options);
    for (let opening = this.#open.get(name); opening; opening = this.#open.get(name)) {
      const log = await opening;
      this.#assertOpen();
      if (log.ended) {
        await log.ended;
        continue;
      }
      const { codec, valueEncoding, topicId, pendingBytesMax, whenFull, partition } = log;
      const own = { codec, valueEncoding, topicId, pendingBytesMax, whenFull };
      const current = { ...partition.settings, ...own };
      assertSameOptions(name, options, current);
      return log;
    }
    this.#assertOpen();
    const created = this.#create(name, resolved);
    this.#open.set(name, created);
    created.catch(() => this.#open.delete(name));
    return created;
  }

  /** The log of this name while it is open; null when it is not. */
  async whileOpen(name: string): Promise<AnyEventLog | null> {
    const log = await this.#open.get(name)?.catch(() => null);
    return log?.ended === null ? log : null;
  }

  /** The id in the folder of the log with this name; null without files. */
  idOnDisk(name: string): Promise<string | null> {
    return this.#partitions.topicIdOnDisk({ topic: name, partition: 0 });
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new EngineError('LOG_CLOSED', 'the engine is closed');
  }

  async #create(name: string, resolved: ResolvedOptions): Promise<AnyEventLog> {
    const { settings } = resolved;
    const topicId = await this.#topicId(name, resolved.topicId);
    const partition = await this.#partitions.open({ topic: name, topicId, partition: 0 }, settings);
    this.#retention ??= this.#scheduleRetention();
    return new EventLog(partition, resolved, this.#context.clock, this);
  }

  /** From now on a deletion is refused with `reason`; null takes it back. */
  keep(reason: EngineError | null): void {
    this.#kept = reason;
  }

  assertDeletable(): void {
    if (this.#kept) throw this.#kept;
  }

  /**
   * Records in, records out, over a partition that is opened and closed elsewhere, or what stands
   * before it. Throws INVALID_SETTING.
   */
  over(
    partition: PartitionLog,
    options: EventLogOptions<ValueEncoding>,
    owner: Omit<EventLogOwner, 'slices' | 'cursors'>,
  ): AnyEventLog {
    const { cursors, slices } = this;
    const { clock } = this.#context;
    return new EventLog(partition, resolveOptions(options), clock, { ...owner, cursors, slices });
  }

  /** The logs of the directory that have a name, open or not, by name. */
  async infos(): Promise<LogInfo[]> {
    this.#assertOpen();
    const infos: LogInfo[] = [];
    for (const { key, value } of this.#context.catalog.range(NAMES_PREFIX)) {
      const name = String(key[1]);
      const topicId = String(value);
      if (this.#isDeleted(topicId)) continue;
      infos.push(infoOf(this.#context, name, topicId, await this.whileOpen(name)));
    }
    return infos;
  }

  /**
   * The id of the log with this name: from the catalog, from its folder, or new. Durable in the
   * catalog when it resolves.
   */
  async #topicId(name: string, wantedId: string | null): Promise<string> {
    const { catalog, directory, random } = this.#context;
    directory.assertOnline();
    const known = await this.#knownId(name);
    if (known !== null && wantedId !== null && known !== wantedId) {
      throw new EngineError(
        'INVALID_SETTING',
        `the log '${name}' has the topicId ${known}, not ${wantedId}`,
      );
    }
    const topicId = known ?? wantedId ?? newUuid(random);
    if (this.#isDeleted(topicId)) {
      throw new EngineError('INVALID_SETTING', `the topicId ${topicId} is that of a deleted log`);
    }
    if (this.#liveId(name) === topicId) return topicId;
    if (known === null) {
      const names = [...catalog.range(NAMES_PREFIX)].map(({ key }) => String(key[1]));
      assertDistinctName(name, names);
    }
    try {
      await catalog.write([{ key: nameKey(name), value: topicId }]);
    } catch (error) {
      throw storageError(directory, `cannot store the id of the log '${name}'`, error);
    }
    return topicId;
  }

  /**
   * The id by the catalog, or by the folder: also where the catalog's has no files, and a broker
   * has made a topic of the name since.
   */
  async #knownId(name: string): Promise<string | null> {
    const live = this.#liveId(name);
    if (live !== null && this.#partitions.hasRecords(live, 0)) return live;
    return (await this.idOnDisk(name)) ?? live;
  }

  /**
   * The logs that were opened by name, as far as their folders are there and theirs: a name alone
   * says nothing, since a folder comes with the first record, and may be set aside.
   */
  async named(): Promise<NamedLog[]> {
    const named: NamedLog[] = [];
    for (const { key } of this.#context.catalog.range(NAMES_PREFIX)) {
      const name = String(key[1]);
      const topicId = this.#liveId(name);
      if (topicId === null) continue;
      const found = await this.idOnDisk(name);
      if (found === topicId) named.push({ name, topicId });
    }
    return named;
  }

  /** The id that the name has in the catalog, unless it is that of a deletion under way. */
  #liveId(name: string): string | null {
    const topicId = this.#context.catalog.get(nameKey(name)) as string | undefined;
    return topicId === undefined || this.#isDeleted(topicId) ? null : topicId;
  }

  #isDeleted(topicId: string): boolean {
    return this.#context.catalog.get(tombstoneKey(topicId, 0)) !== undefined;
  }

  get slices(): TurnSlices {
    return this.#context.slices;
  }

  async closed(log: AnyEventLog): Promise<void> {
    this.#open.delete(log.name);
    await this.#partitions.close(log.partition.name);
  }

  async deleted(log: AnyEventLog): Promise<void> {
    await this.#partitions.delete(log.partition.name);
    this.#open.delete(log.name);
  }

  /**
   * Refuses further appends through these logs; resolves when earlier appends have reached the
   * partitions, which the engine closes next.
   */
  async prepareClose(): Promise<void> {
    this.#isClosed = true;
    this.#retention?.cancel();
    const opened = await Promise.allSettled(this.#open.values());
    for (const log of opened) if (log.status === 'fulfilled') await log.value.prepareClose();
  }

  #scheduleRetention(): Timer {
    return this.#context.clock.schedule(LIMITS.retentionCheckMs, () => {
      this.#retention = this.#scheduleRetention();
      void this.#applyRetention();
    });
  }

  async #applyRetention(): Promise<void> {
    for (const opening of [...this.#open.values()]) {
      try {
        await (await opening).partition.maintenance.applyRetention();
      } catch (error) {
        if (error instanceof EngineError && error.code === 'LOG_CLOSED') continue;
        this.#context.logger.warn({ error }, 'retention could not be applied; it is tried again');
      }
    }
  }
}

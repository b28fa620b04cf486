import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { leaderEpoch } from '../../engine/batch/header.js';
import { scanBatchAt } from '../../engine/batch/validate.js';
import { EngineError, type LogSettings, type PartitionName } from '../../engine/index.js';
import { buildAppend, planProducer } from './append-plan.js';
import {
  between,
  isSame,
  lookupOf,
  outcomeOf,
  ranges,
  rejectsCode,
  sameBatches,
  sizeFrom,
  throwsCode,
} from './checks.js';
import { type ModelBatch, ModelLog, splitBatches } from './model-log.js';
import type { AppendOperation, ConcurrentOperation, CrashKind, Operation } from './operations.js';
import { expectedRetention } from './retention-oracle.js';
import { fullSettings, turn, type World } from './world.js';

/** An append under way. */
interface Pending {
  readonly batch: ModelBatch;
  readonly flush: LogSettings['flush'];
}

/** A history that a crash may leave a prefix of. */
interface History {
  readonly batches: readonly ModelBatch[];
  /** Everything below this offset is there. */
  readonly atLeast: number;
}

/**
 * How a sequence ended: as the model has it, or at a power cut that lost a page in the middle of
 * what was not synced.
 */
export type Outcome = 'agreed' | 'lost-page';

const PAGE_BYTES = 4096;

/**
 * Runs a sequence of operations on a log and on the model, side by side. Rejects at the first
 * difference.
 */
export class SequenceRun {
  readonly #world: World;
  #settings: LogSettings;
  #name: PartitionName;
  #lives = 0;
  #model = new ModelLog();
  /**
   * What must survive a power cut, and what must survive the end of the process (exclusive
   * offsets).
   */
  #durableEnd = 0;
  #writtenEnd = 0;
  /** Log start offsets that a crash may find: the one that was promised, or one further on. */
  #promisedStart = 0;
  #truncations: History[] = [];
  #hasRetention = false;
  #isDeleting = false;
  #safeEnd = 0;
  /** Segments that begin below this offset hold an unknown part of what was once there. */
  #remainsBelow = 0;

  constructor(world: World, settings: Partial<LogSettings>) {
    this.#world = world;
    this.#settings = fullSettings(settings);
    this.#name = this.#newName();
  }

  async run(operations: readonly Operation[], done: (count: number) => void): Promise<Outcome> {
    await this.#world.open(this.#name, this.#settings);
    for (const [at, operation] of operations.entries()) {
      done(at);
      if ((await this.#execute(operation)) === 'lost-page') return 'lost-page';
      this.#checkEnds();
    }
    await this.#reopen();
    await this.#checkAll();
    await this.#world.settle(this.#world.engine.close());
    return 'agreed';
  }

  #newName(): PartitionName {
    return {
      topic: 'events',
      topicId: `topic${String(this.#lives++).padStart(17, '0')}`,
      partition: 0,
    };
  }

  async #execute(operation: Operation): Promise<Outcome> {
    const world = this.#world;
    switch (operation.kind) {
      case 'burst':
        await this.#burst(operation.operations);
        break;
      case 'read':
        await this.#read(operation);
        break;
      case 'follow':
        await this.#follow(operation.from, operation.maxBytes);
        break;
      case 'out-of-range':
        for (const offset of [this.#model.start - 1, this.#model.end + 1, -1]) {
          throwsCode('OFFSET_OUT_OF_RANGE', () =>
            world.log.read({ offset, maxBytes: 1, minOneBatch: true, isolation: 'log-end' }),
          );
        }
        break;
      case 'time-lookup':
        await this.#lookUpTime(operation.at);
        break;
      case 'largest-time':
        await this.#largestTime();
        break;
      case 'epoch-end':
        deepStrictEqual(
          world.log.epochs.endOf(operation.epoch),
          this.#model.endOfEpoch(operation.epoch, world.engine.leaderEpoch),
        );
        break;
      case 'advance':
        world.clock.advance(operation.byMs);
        await turn();
        break;
      case 'settings':
        this.#settings = { ...this.#settings, ...operation.settings };
        world.log.updateSettings(this.#settings);
        break;
      case 'reopen':
        await this.#reopen();
        await this.#checkAll();
        break;
      case 'recreate':
        await this.#recreate();
        break;
      case 'fault':
        return this.#fault(operation);
      case 'crash':
        return this.#crash(operation);
      default:
        await this.#burst([operation]);
    }
    return 'agreed';
  }

  // --- what may run at once ---

  async #burst(operations: readonly ConcurrentOperation[]): Promise<void> {
    await this.#world.settle(Promise.all(this.#start(operations)));
    this.#truncations = [];
    if (this.#hasRetention) this.#adoptStart();
    this.#promisedStart = this.#model.start;
  }

  /** The model takes each operation at the call, since the log takes them in the order of calls. */
  #start(operations: readonly ConcurrentOperation[]): Promise<void>[] {
    this.#safeEnd = this.#world.log.highWatermark;
    this.#isDeleting = false;
    this.#hasRetention = operations.some(({ kind }) => kind === 'retention');
    const isAlone = operations.length === 1;
    return operations.map((operation) => this.#startOne(operation, isAlone));
  }

  #startOne(operation: ConcurrentOperation, isAlone: boolean): Promise<void> {
    const { log } = this.#world;
    const model = this.#model;
    switch (operation.kind) {
      case 'append':
        return this.#append(operation);
      case 'truncate': {
        const offset = between(model.start, model.end, operation.to);
        const end = model.boundary(offset);
        this.#truncations.push({ batches: model.batches, atLeast: end });
        this.#lowerEnds(end);
        model.truncate(offset);
        this.#safeEnd = Math.min(this.#safeEnd, end);
        return log.truncateTo(offset, { evenCommitted: true });
      }
      case 'delete-before': {
        const offset = between(model.start, Math.max(model.start, this.#safeEnd), operation.to);
        this.#isDeleting = true;
        model.startAt(offset);
        return log.deleteBefore(offset).then((start) => {
          if (!this.#hasRetention) strictEqual(start >= offset, true, 'the answered log start');
          this.#promisedStart = Math.max(this.#promisedStart, offset);
        });
      }
      case 'retention':
        return this.#retain(isAlone);
      case 'roll':
        return log.maintenance.roll();
      case 'flush': {
        const { end } = model;
        const truncations = this.#truncations.length;
        return log.flush().then(() => {
          if (truncations === this.#truncations.length && this.#truncations.length === 0) {
            this.#durableEnd = Math.max(this.#durableEnd, end);
          }
        });
      }
      case 'peek':
        return this.#peek(operation.from);
    }
  }

  #lowerEnds(end: number): void {
    this.#durableEnd = Math.min(this.#durableEnd, end);
    this.#writtenEnd = Math.min(this.#writtenEnd, end);
  }

  async #append(operation: AppendOperation): Promise<void> {
    const model = this.#model;
    const { log } = this.#world;
    const plan = planProducer(model, operation);
    const bytes = buildAppend(operation, plan, this.#world.clock.wallMs());
    const count = plan?.count ?? operation.records.length;
    const verdict = plan
      ? model.judge(plan.id, plan.epoch, plan.base, (plan.base + count - 1) % 2 ** 31)
      : 'append';
    if (typeof verdict === 'object') {
      const found = await outcomeOf(log.append(bytes));
      if (this.#wasTruncatedAway(verdict.lastOffset, found)) return;
      strictEqual(found.error, undefined);
      const { baseOffset: base, lastOffset, duplicate } = found.value!;
      deepStrictEqual(
        { base, lastOffset, duplicate },
        { base: verdict.baseOffset, lastOffset: verdict.lastOffset, duplicate: true },
      );
      return;
    }
    if (verdict !== 'append') {
      const { error } = await outcomeOf(log.append(bytes));
      ok(error, `a batch was taken that should have been refused: ${verdict}`);
      strictEqual(error.code, verdict);
      return;
    }
    const batch = model.append(bytes, count, this.#world.engine.leaderEpoch);
    if (plan) model.noteProducer(plan.id, plan.epoch, plan.base, batch);
    await this.#answered({ batch, flush: this.#settings.flush }, log.append(bytes));
  }

  async #answered(
    { batch, flush }: Pending,
    answer: Promise<{ baseOffset: number; lastOffset: number; duplicate: boolean }>,
  ): Promise<void> {
    const found = await outcomeOf(answer);
    if (this.#wasTruncatedAway(batch.lastOffset, found)) return;
    if (found.error) throw found.error;
    const { baseOffset: base, lastOffset, duplicate } = found.value!;
    deepStrictEqual(
      { base, lastOffset, duplicate },
      { base: batch.baseOffset, lastOffset: batch.lastOffset, duplicate: false },
    );
    strictEqual(leaderEpoch(batch.bytes), this.#world.engine.leaderEpoch);
    if (!this.#model.batches.includes(batch)) return;
    this.#writtenEnd = Math.max(this.#writtenEnd, lastOffset + 1);
    if (flush === 'ack') this.#durableEnd = Math.max(this.#durableEnd, lastOffset + 1);
  }

  /**
   * An append that a truncation of the same burst cut off may have been answered before, or is
   * told.
   */
  #wasTruncatedAway(lastOffset: number, found: { error?: EngineError }): boolean {
    const wasCut = this.#truncations.some(({ atLeast }) => lastOffset >= atLeast);
    return wasCut && found.error?.code === 'OFFSET_OUT_OF_RANGE';
  }

  async #retain(isAlone: boolean): Promise<void> {
    const expected = expectedRetention(this.#model, this.#world.log, this.#world.clock.wallMs());
    const first = this.#world.log.state.segments.first?.baseOffset ?? 0;
    const went = await this.#world.log.maintenance.applyRetention();
    if (isAlone && first >= this.#remainsBelow) {
      deepStrictEqual(went, { segments: expected.segments, bytes: expected.bytes });
      this.#model.startAt(expected.start);
    }
  }

  /**
   * After retention among other operations: the start is where some segment began, at or above the
   * promised one.
   */
  #adoptStart(): void {
    const start = this.#world.log.logStartOffset;
    ok(start >= this.#model.start, `the log starts at ${start}, not from ${this.#model.start} on`);
    const isBoundary =
      start === this.#model.start ||
      start === this.#model.end ||
      this.#model.batches.some((batch) => batch.baseOffset === start);
    ok(isBoundary, `retention stopped within a batch, at ${start}`);
    this.#model.startAt(start);
    this.#hasRetention = false;
  }

  /**
   * A read while other things go on: its bytes are what the model has, unless that was cut since.
   */
  async #peek(from: number): Promise<void> {
    const { log } = this.#world;
    const batches = this.#model.batches;
    const offset = between(log.logStartOffset, log.highWatermark, from);
    const { slice } = log.read({
      offset,
      maxBytes: 1000,
      minOneBatch: true,
      isolation: 'high-watermark',
    });
    if (slice === null) return;
    try {
      const bytes = await slice.bytes();
      if (this.#truncations.length === 0) this.#expectBatches(splitBatches(bytes), batches, offset);
    } finally {
      slice.release();
    }
  }

  // --- questions ---

  async #read(operation: Operation & { kind: 'read' }): Promise<void> {
    const { start, end } = this.#model;
    const offset = between(start, end, operation.from);
    const { maxBytes, minOneBatch, isolation } = operation;
    const found = this.#world.log.read({ offset, maxBytes, minOneBatch, isolation });
    deepStrictEqual(
      [found.logStartOffset, found.highWatermark, found.lastStableOffset, found.logEndOffset],
      [start, end, end, end],
    );
    const batches = await this.#take(found.slice);
    const first = this.#model.batches.findIndex((batch) => batch.lastOffset >= offset);
    const expected: ModelBatch[] = [];
    let bytes = 0;
    const { segments } = this.#world.log.state;
    for (const batch of first < 0 ? [] : this.#model.batches.slice(first)) {
      const isFirst = expected.length === 0;
      if (!isFirst && segments.all().some(({ baseOffset: base }) => base === batch.baseOffset))
        break;
      bytes += batch.bytes.length;
      if (bytes > maxBytes && !(isFirst && minOneBatch)) break;
      expected.push(batch);
    }
    sameBatches(batches, expected);
  }

  async #follow(from: number, maxBytes: number): Promise<void> {
    let offset = between(this.#model.start, this.#model.end, from);
    const seen: ModelBatch[] = [];
    while (offset < this.#model.end) {
      const { slice } = this.#world.log.read({
        offset,
        maxBytes,
        minOneBatch: true,
        isolation: 'high-watermark',
      });
      const batches = await this.#take(slice);
      ok(batches.length > 0, `nothing comes at offset ${offset}`);
      seen.push(...batches);
      offset = batches.at(-1)!.lastOffset + 1;
    }
    const first = seen[0]?.baseOffset ?? this.#model.end;
    sameBatches(
      seen,
      this.#model.batches.filter((batch) => batch.baseOffset >= first),
    );
  }

  async #take(slice: { bytes(): Promise<Buffer>; release(): void } | null): Promise<ModelBatch[]> {
    if (slice === null) return [];
    const bytes = await this.#world.settle(slice.bytes());
    slice.release();
    return splitBatches(bytes);
  }

  #expectBatches(seen: ModelBatch[], known: readonly ModelBatch[], offset: number): void {
    const first = known.findIndex((batch) => batch.lastOffset >= offset);
    sameBatches(seen, known.slice(first, first + seen.length));
  }

  async #lookUpTime(share: number): Promise<void> {
    const records = this.#model.records();
    const times = records.map(({ timestamp }) => Number(timestamp));
    const lowest = Math.min(...times, this.#world.clock.wallMs()) - 2;
    const timestampMs = between(lowest, Math.max(...times, lowest) + 2, share);
    const found = await this.#world.settle(this.#world.log.offsetForTimestamp(timestampMs));
    const expected = records.find(({ timestamp }) => timestamp >= timestampMs);
    deepStrictEqual(found, expected ? lookupOf(expected) : null);
  }

  async #largestTime(): Promise<void> {
    const records = this.#model.records();
    const largest = Math.max(...records.map(({ timestamp }) => Number(timestamp)));
    const found = await this.#world.settle(this.#world.log.offsetOfLargestTimestamp());
    const expected = records.find(({ timestamp }) => timestamp === largest && timestamp >= 0);
    deepStrictEqual(found, expected ? lookupOf(expected) : null);
  }

  #checkEnds(): void {
    const { log } = this.#world;
    const { start, end, batches } = this.#model;
    deepStrictEqual(
      { start: log.logStartOffset, end: log.logEndOffset, highWatermark: log.highWatermark },
      { start, end, highWatermark: end },
    );
    const first = log.state.segments.first?.baseOffset ?? end;
    if (first < this.#remainsBelow) return;
    const size = batches
      .filter((batch) => batch.baseOffset >= first)
      .reduce((sum, batch) => sum + batch.bytes.length, 0);
    strictEqual(log.sizeBytes, size);
  }

  /** Everything, read from the start, batch for batch; and whole by their own checksums. */
  async #checkAll(): Promise<void> {
    const { readable } = this.#model;
    const seen = await this.#readAll();
    sameBatches(seen, readable);
    for (const { bytes } of seen) strictEqual(scanBatchAt(bytes, 0, bytes.length), bytes.length);
    await this.#largestTime();
    await this.#lookUpTime(0.5);
    for (const { epoch } of this.#model.knownEpochs) {
      const { log, engine } = this.#world;
      const expected = this.#model.endOfEpoch(epoch, engine.leaderEpoch);
      deepStrictEqual(log.epochs.endOf(epoch), expected);
    }
  }

  async #readAll(): Promise<ModelBatch[]> {
    const { log } = this.#world;
    const seen: ModelBatch[] = [];
    for (let offset = log.logStartOffset; offset < log.highWatermark; ) {
      const { slice } = log.read({
        offset,
        maxBytes: 100_000,
        minOneBatch: true,
        isolation: 'high-watermark',
      });
      const batches = await this.#take(slice);
      if (batches.length === 0) break;
      seen.push(...batches);
      offset = batches.at(-1)!.lastOffset + 1;
    }
    return seen;
  }

  // --- ends of lives ---

  async #reopen(): Promise<void> {
    const epoch = this.#world.engine.leaderEpoch;
    await this.#world.settle(this.#world.engine.close());
    this.#world.stopped();
    await this.#world.open(this.#name, this.#settings);
    strictEqual(this.#world.engine.wasClean, true);
    strictEqual(this.#world.engine.leaderEpoch, epoch);
    this.#recovered();
  }

  async #recreate(): Promise<void> {
    await this.#world.settle(this.#world.engine.deletePartition(this.#name));
    throwsCode('LOG_CLOSED', () =>
      this.#world.log.read({ offset: 0, maxBytes: 1, minOneBatch: true, isolation: 'log-end' }),
    );
    this.#name = this.#newName();
    this.#world.log = (await this.#world.settle(
      this.#world.engine.openPartition(this.#name, this.#settings),
    )) as World['log'];
    this.#model = new ModelLog();
    this.#remainsBelow = 0;
    this.#recovered();
  }

  #recovered(): void {
    this.#durableEnd = this.#model.end;
    this.#writtenEnd = this.#model.end;
    this.#promisedStart = this.#model.start;
    this.#truncations = [];
    this.#hasRetention = false;
    this.#isDeleting = false;
  }

  async #crash(operation: Operation & { kind: 'crash' }): Promise<Outcome> {
    const running = this.#start(operation.operations);
    for (const promise of running) promise.catch(() => {});
    for (let at = 0; at < operation.turns; at++) await turn();
    return this.#die(operation.how, operation.seed);
  }

  async #die(how: CrashKind, seed: number): Promise<Outcome> {
    const { log } = this.#world;
    const known = Math.max(
      this.#durableEnd,
      this.#truncations.length > 0 || log.durableEndOffset > this.#model.end
        ? 0
        : log.durableEndOffset,
    );
    const atLeast = how === 'kill' ? Math.max(known, this.#writtenEnd) : known;
    const epoch = this.#world.engine.leaderEpoch;
    const unsynced = this.#unsyncedPages(known);
    this.#world.crash(how, seed);
    try {
      await this.#world.open(this.#name, this.#settings);
    } catch (error) {
      const isLoss = how === 'pages' && unsynced > 1;
      if (isLoss && error instanceof EngineError && error.code === 'DAMAGED_LOG')
        return 'lost-page';
      throw error;
    }
    strictEqual(this.#world.engine.wasClean, false);
    strictEqual(this.#world.engine.leaderEpoch, epoch + 1);
    const found = this.#world.log.logStartOffset;
    const isKnown = found === this.#model.start || found === this.#promisedStart;
    if (!isKnown && !this.#hasRetention && how === 'pages') return 'lost-page';
    ok(isKnown || this.#hasRetention || this.#isDeleting, `the log starts at ${found}`);
    await this.#adopt(atLeast, how);
    this.#recovered();
    await this.#checkAll();
    return 'agreed';
  }

  /**
   * How many pages, at most, the bytes behind `offset` lie in. Where truncations ran, what they cut
   * is there too.
   */
  #unsyncedPages(offset: number): number {
    const histories = [this.#model.batches, ...this.#truncations.map(({ batches }) => batches)];
    let bytes = 0;
    let count = 0;
    for (const batch of new Set(histories.flat())) {
      if (batch.lastOffset < offset) continue;
      bytes += batch.bytes.length;
      count++;
    }
    const segments = this.#world.log.state.segments.all().filter(({ file }) => file.isDirty).length;
    return count < 2 ? 0 : Math.ceil(bytes / PAGE_BYTES) + segments;
  }

  /** The model becomes what the crash has left, after making sure that it may. */
  async #adopt(atLeast: number, how: CrashKind): Promise<void> {
    const { log } = this.#world;
    const model = this.#model;
    const start = log.logStartOffset;
    ok(start >= this.#promisedStart, `the log starts at ${start}, below ${this.#promisedStart}`);
    const seen = await this.#readAll();
    const dataEnd = (seen.at(-1)?.lastOffset ?? log.logEndOffset - 1) + 1;
    strictEqual(dataEnd, log.logEndOffset, 'reading everything reaches the log end');
    const histories: History[] = [{ batches: model.batches, atLeast }, ...this.#truncations];
    const history = histories.find(({ batches, atLeast: least }) => {
      const end = Math.max((batches.at(-1)?.lastOffset ?? -1) + 1, start);
      if (log.logEndOffset < least || log.logEndOffset > end) return false;
      const expected = batches.filter(
        ({ lastOffset }) => lastOffset >= start && lastOffset < log.logEndOffset,
      );
      return isSame(seen, expected);
    });
    if (!history) {
      throw new Error(
        `after the crash the log holds ${ranges(seen)} from ${start} to ${log.logEndOffset}; it should hold, at least to the offset named, ${histories
          .map((one) => `${ranges(one.batches)} (${one.atLeast})`)
          .join(' or ')}`,
      );
    }
    model.survive(history.batches, log.logEndOffset);
    model.end = log.logEndOffset;
    // Batches below the log start may be gone, with what they told of epochs and producers.
    const first = log.state.segments.first?.baseOffset ?? log.logEndOffset;
    const isEmpty = log.state.segments.count === 0;
    const endsThere = history.batches.some(({ lastOffset }) => lastOffset === log.logEndOffset - 1);
    // Without a batch left it is unknown whether deletion or the power cut has taken the last one.
    const lostBelowStart =
      (how === 'pages' && (seen.length === 0 || start > this.#promisedStart)) ||
      sizeFrom(model.batches, first) !== log.sizeBytes ||
      (isEmpty && model.batches.length > 0) ||
      (!endsThere && log.logEndOffset > 0);
    if (isEmpty) model.batches = [];
    if (lostBelowStart) this.#remainsBelow = start;
    model.start = Math.min(model.start, start);
    model.startAt(start);
    // Where two histories hold the same batches, it is unknown which of them it was.
    const isUnsure = this.#truncations.length > 0;
    if (isUnsure || lostBelowStart) model.epochs = [...log.state.epochs.entries()];
    for (const producer of model.producers.values()) {
      if (!isUnsure && !lostBelowStart) continue;
      producer.isCertain = false;
      producer.next = null;
      if (isUnsure) producer.batches = [];
    }
  }

  async #fault(operation: Operation & { kind: 'fault' }): Promise<Outcome> {
    const world = this.#world;
    const { fault, short, append } = operation;
    const { log } = world;
    const batch = buildAppend(append, null, world.clock.wallMs());
    if (fault === 'full-disk-at-roll') {
      if ((log.state.segments.active?.size ?? 0) === 0) return 'agreed';
      if (world.fail(fault, short))
        await rejectsCode('STORAGE_FULL', world.settle(log.maintenance.roll()));
      return 'agreed';
    }
    if (!world.fail(fault, short)) return 'agreed';
    if (fault === 'full-disk') {
      await rejectsCode('STORAGE_FULL', world.settle(log.append(batch)));
      return 'agreed';
    }
    if (fault === 'failed-index-save') {
      await this.#burst([append, { kind: 'roll' }, append]);
      return 'agreed';
    }
    const pending = this.#model.append(batch, append.records.length, world.engine.leaderEpoch);
    const answered = outcomeOf(log.append(batch));
    const flushed = outcomeOf(log.flush());
    const [appended, flush] = await world.settle(Promise.all([answered, flushed]));
    strictEqual(flush.error?.code, 'STORAGE_OFFLINE');
    if (appended.error) strictEqual(appended.error.code, 'STORAGE_OFFLINE');
    else this.#writtenEnd = pending.lastOffset + 1;
    await rejectsCode('STORAGE_OFFLINE', world.settle(log.append(batch)));
    // What failed shows as clean in the page cache, which the next process trusts at first sight.
    return this.#die('kill', 0);
  }
}

import {
  baseOffset,
  batchSize,
  HEADER_SIZE,
  isTransactional,
  lastOffsetDelta,
  maxTimestamp,
} from '../../engine/batch/header.js';
import { stampBatch } from '../../engine/batch/stamp.js';
import type { FileSlice } from '../../engine/disk/file-slice.js';
import { EngineError, type EngineErrorCode } from '../../engine/errors.js';
import type { KnownPartitions } from '../../engine/folder-claims.js';
import type { LogSettings } from '../../engine/log/log-settings.js';
import type {
  Appended,
  AppendOrigin,
  HighWatermarkRule,
  KnownProducer,
  LogEpochs,
  LogLayout,
  LogMaintenance,
  LogWatermark,
  PartitionLog,
  PartitionName,
  ReadRequest,
  ReadResult,
  TimestampLookup,
} from '../../engine/log/partition-log.js';
import type { LogHost } from '../../server/partition/partitions.js';

/** Bytes in memory that behave like a slice of a file, and know whether they were given back. */
export class MemorySlice {
  readonly position = 0;
  readonly file = { fd: -1 };
  readonly size: number;
  readonly content: Buffer;
  releases = 0;

  constructor(content: Buffer) {
    this.content = content;
    this.size = content.length;
  }

  readSync(into: Buffer, at: number): number {
    return this.content.copy(into, 0, at);
  }

  async read(into: Buffer, at: number): Promise<number> {
    return this.readSync(into, at);
  }

  isResident(): boolean {
    return true;
  }

  async warm(): Promise<void> {}

  cutShortAt(at: number): Error {
    return new Error(`cut short at ${at}`);
  }

  async bytes(): Promise<Buffer> {
    return Buffer.from(this.content);
  }

  release(): void {
    this.releases += 1;
  }
}

/**
 * A log in an array, for tests of what stands before the log. Batches are not checked beyond their
 * length; what a log promises about order, offsets and the high watermark holds. While `holding`,
 * promises wait for `sync`.
 */
export class MemoryLog implements PartitionLog {
  readonly name: PartitionName;
  readonly slices: MemorySlice[] = [];
  settings: LogSettings;
  logStartOffset = 0;
  logEndOffset = 0;
  highWatermark = 0;
  durableEndOffset = 0;
  /** Set to make an open transaction hold readers back. */
  stableEnd: number | null = null;
  holding = false;
  readonly layout: LogLayout = { hasGaps: false, blockBefore: async (offset) => offset - 1 };
  /** The next append is refused with it. */
  refuseNext: EngineError | null = null;
  /** Every read throws it. */
  readError: Error | null = null;
  reads = 0;
  producersKnown: readonly KnownProducer[] = [];
  readonly batches: Buffer[] = [];
  readonly #listeners = new Set<() => void>();
  #pending: (() => void)[] = [];
  #rule: HighWatermarkRule = ({ promisedEnd }) => promisedEnd;
  readonly epochs: LogEpochs & { current: number } = {
    current: 0,
    lead: (epoch) => {
      this.epochs.current = epoch;
    },
    follow: () => {},
    endOf: (leaderEpoch) =>
      leaderEpoch === this.epochs.current
        ? { leaderEpoch, endOffset: this.logEndOffset }
        : { leaderEpoch: -1, endOffset: -1 },
    at: () => this.epochs.current,
  };
  readonly watermark: LogWatermark = {
    setRule: (rule) => {
      this.#rule = rule;
    },
    advance: () => this.#advance(),
    onAdvance: (listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
  };
  readonly maintenance: LogMaintenance = {
    applyRetention: async () => ({ segments: 0, bytes: 0 }),
    compact: async () => ({ passes: 0, recordsRemoved: 0, bytesRemoved: 0 }),
    roll: async () => {},
    scrub: async () => ({ batches: 0, damaged: null }),
  };

  constructor(name: PartitionName, settings: LogSettings, leaderEpoch: number) {
    this.name = name;
    this.settings = settings;
    this.epochs.current = leaderEpoch;
  }

  get lastStableOffset(): number {
    return Math.min(this.stableEnd ?? this.highWatermark, this.highWatermark);
  }

  get sizeBytes(): number {
    return this.batches.reduce((sum, batch) => sum + batch.length, 0);
  }

  updateSettings(settings: LogSettings): void {
    this.settings = settings;
  }

  async append(batch: Buffer, origin?: AppendOrigin): Promise<Appended> {
    if (origin === 'replica' && baseOffset(batch) !== this.logEndOffset)
      throw failure('UNEXPECTED_OFFSET');
    if (this.refuseNext !== null) {
      const error = this.refuseNext;
      this.refuseNext = null;
      throw error;
    }
    if (batch.length < HEADER_SIZE || batchSize(batch) !== batch.length)
      throw failure('CORRUPT_BATCH');
    if (batch.length > this.settings.maxBatchBytes) throw failure('BATCH_TOO_LARGE');
    if (isTransactional(batch)) throw new Error('a transactional batch reached the log');
    const first = this.logEndOffset;
    stampBatch(batch, { baseOffset: first, leaderEpoch: this.epochs.current });
    this.batches.push(batch);
    this.logEndOffset = first + lastOffsetDelta(batch) + 1;
    if (this.holding) await new Promise<void>((resolve) => this.#pending.push(resolve));
    else this.#makeDurable();
    return {
      baseOffset: first,
      lastOffset: first + lastOffsetDelta(batch),
      appendTimeMs: -1,
      logStartOffset: this.logStartOffset,
      duplicate: false,
    };
  }

  /** Headers of batches that were refused in front of it. */
  readonly refusals: Buffer[] = [];
  refused(header: Buffer): void {
    this.refusals.push(header);
  }

  /** What a sync would do: promises are kept, and the high watermark moves. */
  sync(): void {
    this.#makeDurable();
    const pending = this.#pending;
    this.#pending = [];
    for (const resolve of pending) resolve();
  }

  read({ offset, maxBytes, minOneBatch, isolation }: ReadRequest): ReadResult {
    this.reads += 1;
    if (this.readError !== null) throw this.readError;
    if (offset < this.logStartOffset || offset > this.logEndOffset)
      throw failure('OFFSET_OUT_OF_RANGE');
    const end =
      isolation === 'log-end'
        ? this.logEndOffset
        : isolation === 'high-watermark'
          ? this.highWatermark
          : this.lastStableOffset;
    const found: Buffer[] = [];
    let bytes = 0;
    for (const batch of this.batches) {
      const last = baseOffset(batch) + lastOffsetDelta(batch);
      if (last < offset || last >= end) continue;
      const isFirst = found.length === 0 && minOneBatch;
      if (!isFirst && bytes + batch.length > maxBytes) break;
      found.push(batch);
      bytes += batch.length;
    }
    const slice = found.length === 0 ? null : new MemorySlice(Buffer.concat(found));
    if (slice !== null) this.slices.push(slice);
    return {
      slice: slice as unknown as FileSlice | null,
      emptyUpTo: offset,
      logStartOffset: this.logStartOffset,
      highWatermark: this.highWatermark,
      lastStableOffset: this.lastStableOffset,
      logEndOffset: this.logEndOffset,
    };
  }

  /** What a fetch waits for before it reads; set by a test. */
  warming: Promise<void> | null = null;
  warm(): Promise<void> | null {
    return this.warming;
  }

  async offsetForTimestamp(timestampMs: number | bigint): Promise<TimestampLookup | null> {
    const batch = this.batches.find((each) => maxTimestamp(each) >= timestampMs);
    return batch === undefined ? null : lookupOf(batch, this.epochs.current);
  }

  async offsetOfLargestTimestamp(): Promise<TimestampLookup | null> {
    const [largest] = [...this.batches].sort(
      (a, b) => Number(maxTimestamp(b)) - Number(maxTimestamp(a)),
    );
    return largest === undefined ? null : lookupOf(largest, this.epochs.current);
  }

  knownProducers(): Iterable<KnownProducer> {
    return this.producersKnown;
  }

  async deleteBefore(offset: number): Promise<number> {
    if (offset < 0 || offset > this.highWatermark) throw failure('OFFSET_OUT_OF_RANGE');
    this.logStartOffset = Math.max(this.logStartOffset, offset);
    this.#tell();
    return this.logStartOffset;
  }

  async truncateTo(offset: number): Promise<void> {
    this.logEndOffset = offset;
  }

  async beginAt(offset: number): Promise<void> {
    this.batches.length = 0;
    this.logStartOffset = offset;
    this.logEndOffset = offset;
  }

  async flush(): Promise<void> {
    this.sync();
  }

  #advance(): void {
    const ends = { writtenEnd: this.logEndOffset, durableEnd: this.durableEndOffset };
    const next = this.#rule({ ...ends, promisedEnd: this.durableEndOffset });
    if (next <= this.highWatermark) return;
    this.highWatermark = next;
    this.#tell();
  }

  #makeDurable(): void {
    this.durableEndOffset = this.logEndOffset;
    this.#advance();
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/** An engine of memory logs. What it is asked for can be looked at, delayed and refused. */
export class MemoryEngine implements LogHost {
  readonly leaderEpoch: number;
  readonly logs = new Map<string, MemoryLog>();
  readonly deleted: PartitionName[] = [];
  readonly opened: PartitionName[] = [];
  /** Folders that `setAsideStrays` looks at, by `topicId-partition`. */
  readonly folders = new Set<string>();
  /** Opening `topic-partition` is refused with it. */
  readonly refuseOpen = new Map<string, EngineError>();
  deleteError: EngineError | null = null;
  /** Awaited by every open and delete. */
  gate: Promise<void> = Promise.resolve();

  constructor(leaderEpoch = 0) {
    this.leaderEpoch = leaderEpoch;
  }

  async openPartition(name: PartitionName, settings: LogSettings): Promise<PartitionLog> {
    this.opened.push(name);
    await this.gate;
    const refusal = this.refuseOpen.get(`${name.topic}-${name.partition}`);
    if (refusal !== undefined) throw refusal;
    const key = `${name.topicId}-${name.partition}`;
    let log = this.logs.get(key);
    if (log === undefined) {
      log = new MemoryLog(name, settings, this.leaderEpoch);
      this.logs.set(key, log);
    }
    return log;
  }

  openMany<Result>(_count: number, work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  readonly closed: PartitionName[] = [];
  async closePartition(name: PartitionName): Promise<void> {
    await this.gate;
    this.closed.push(name);
  }

  async deletePartition(name: PartitionName): Promise<void> {
    await this.gate;
    if (this.deleteError !== null) throw this.deleteError;
    this.deleted.push(name);
    this.logs.delete(`${name.topicId}-${name.partition}`);
  }

  async setAsideStrays({ live, leaving }: KnownPartitions): Promise<string[]> {
    const leavers = [...leaving].flatMap(([name, ids]) => ids.map((id) => [name, id] as const));
    const known = new Set(
      [...live, ...leavers].map(([name, id]) => `${id}${name.slice(name.lastIndexOf('-'))}`),
    );
    return [...this.folders].filter((folder) => !known.has(folder));
  }

  /** The log of a topic's partition, by name. */
  log(topic: string, partition = 0): MemoryLog {
    for (const log of this.logs.values()) {
      if (log.name.topic === topic && log.name.partition === partition) return log;
    }
    throw new Error(`${topic}-${partition} is not open`);
  }
}

function failure(code: EngineErrorCode): EngineError {
  return new EngineError(code, `${code} from the memory log`);
}

function lookupOf(batch: Buffer, leaderEpoch: number): TimestampLookup {
  return { offset: baseOffset(batch), timestampMs: maxTimestamp(batch), leaderEpoch };
}

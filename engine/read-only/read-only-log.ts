import { EngineError } from '../errors.js';
import { LIMITS } from '../limits.js';
import type {
  LogEpochs,
  LogLayout,
  LogMaintenance,
  LogWatermark,
  PartitionLog,
  PartitionName,
  ReadRequest,
  ReadResult,
  TimestampLookup,
} from '../log/partition-log.js';
import { blockBefore } from '../log/read/block-before.js';
import { readLog } from '../log/read/read.js';
import { largestTimestamp, lookupTimestamp } from '../log/read/timestamp-lookup.js';
import { warmForRead } from '../log/read/warm-read.js';
import type { FolderView } from './folder-view.js';

/** What is refused in a directory that is open for reading, and what to do instead. */
export function readOnly(what: string): EngineError {
  const message = `${what}: the directory is open for reading, and its owner alone changes it`;
  return new EngineError('READ_ONLY', message);
}

/**
 * A log of another process, for reading. What its owner makes durable comes into sight by
 * `refresh`; what it deletes or compacts does so too, and a read that comes in between waits.
 */
export class ReadOnlyLog implements PartitionLog {
  readonly name: PartitionName;
  readonly #view: FolderView;
  readonly #listeners = new Set<() => void>();
  #looking: Promise<void> | null = null;
  #next: Promise<void> | null = null;

  constructor(name: PartitionName, view: FolderView) {
    this.name = name;
    this.#view = view;
  }

  /** When it resolves, everything that was written by the call is in sight, and durable. */
  refresh(): Promise<void> {
    if (this.#looking === null) {
      this.#looking = this.#look().finally(() => {
        this.#looking = null;
      });
      return this.#looking;
    }
    // The look that is under way may have passed over what was written since it began.
    this.#next ??= this.#looking
      .catch(() => {})
      .then(() => {
        this.#next = null;
        return this.refresh();
      });
    return this.#next;
  }

  async #look(): Promise<void> {
    const view = this.#view;
    if (view.life.hasEnded) return;
    let found: 'same' | 'changed' | 'gone';
    try {
      found = await view.look();
    } catch (error) {
      // Files are closed under a look that is under way.
      if (view.life.hasEnded) return;
      throw error;
    }
    if (view.life.hasEnded || found === 'same') return;
    if (found === 'gone') {
      await this.end(new EngineError('LOG_CLOSED', `the log '${this.name.topic}' was deleted`));
    } else {
      this.#wasDoubted = false;
      this.#tell();
    }
  }

  /** Nothing is served any more; followers end. */
  async end(reason: EngineError): Promise<void> {
    if (!this.#view.life.end(reason)) return;
    this.#tell();
    this.#listeners.clear();
    await this.#view.close();
  }

  /** Resolves when no look is under way; after `end` there comes no other. */
  async settled(): Promise<void> {
    while (this.#looking !== null) await this.#looking.catch(() => {});
  }

  get hasEnded(): boolean {
    return this.#view.life.hasEnded;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  get logStartOffset(): number {
    return this.#view.offsets.logStart;
  }
  get logEndOffset(): number {
    return this.#view.offsets.logEnd;
  }
  get highWatermark(): number {
    return this.#view.offsets.highWatermark.offset;
  }
  get lastStableOffset(): number {
    return this.highWatermark;
  }
  get durableEndOffset(): number {
    return this.highWatermark;
  }
  get sizeBytes(): number {
    return this.#view.segments.sizeBytes;
  }
  get settings(): PartitionLog['settings'] {
    return this.#view.settings;
  }

  read(request: ReadRequest): ReadResult {
    try {
      return readLog(this.#view, request);
    } catch (error) {
      throw this.#judge(error);
    }
  }

  warm(request: ReadRequest, isWanted: () => boolean): Promise<void> | null {
    if (this.#isDoubted) return this.#lookAgain();
    try {
      const warming = warmForRead(this.#view, request, isWanted);
      return warming?.catch((error: unknown) => this.#again(error)) ?? null;
    } catch (error) {
      return this.#again(error);
    }
  }

  /** Whether a read has met what does not fit the last look. */
  #isDoubted = false;

  /**
   * A file that has gone, or bytes that do not fit, may be those of a segment that was replaced
   * since the last look: then the read is to be made again, behind the next one.
   */
  #judge(error: unknown): unknown {
    if (!(error instanceof EngineError)) return error;
    const mayBeOld = error.code === 'CORRUPT_BATCH' && !this.#wasDoubted;
    if (error.code !== 'INDEX_REBUILDING' && !mayBeOld) return error;
    this.#view.doubt();
    this.#isDoubted = true;
    return mayBeOld ? new EngineError('INDEX_REBUILDING', error.message, { cause: error }) : error;
  }

  #wasDoubted = false;

  async #again(error: unknown): Promise<void> {
    const judged = this.#judge(error);
    if (!(judged instanceof EngineError) || judged.code !== 'INDEX_REBUILDING') throw judged;
    await this.#lookAgain();
  }

  async #lookAgain(): Promise<void> {
    await this.refresh();
    this.#isDoubted = false;
    this.#wasDoubted = true;
  }

  offsetForTimestamp(timestampMs: number | bigint): Promise<TimestampLookup | null> {
    return this.#lookUp(() => lookupTimestamp(this.#view, timestampMs));
  }

  offsetOfLargestTimestamp(): Promise<TimestampLookup | null> {
    return this.#lookUp(() => largestTimestamp(this.#view));
  }

  async #lookUp<Found>(look: () => Promise<Found>): Promise<Found> {
    for (let tries = 1; ; tries++) {
      this.#view.life.assertServing();
      try {
        return await look();
      } catch (error) {
        if (tries >= LIMITS.readOnlyTriesMax) throw error;
        await this.#again(error);
      }
    }
  }

  readonly layout: LogLayout = {
    // Unknown: its owner may compact it, or follow a compacted log.
    hasGaps: true,
    blockBefore: (offset, maxBytes) =>
      this.#lookUp(() => blockBefore(this.#view, offset, maxBytes)),
  };

  readonly watermark: LogWatermark = {
    setRule: () => {
      throw readOnly('a high watermark has no rule');
    },
    advance: () => void this.refresh().catch(() => {}),
    onAdvance: (listener) => {
      this.#listeners.add(listener);
      return () => void this.#listeners.delete(listener);
    },
  };

  readonly epochs: LogEpochs = {
    current: -1,
    lead: () => {
      throw readOnly('nothing is led');
    },
    follow: () => {
      throw readOnly('nothing is followed');
    },
    endOf: () => ({ leaderEpoch: -1, endOffset: -1 }),
    at: () => -1,
  };

  readonly maintenance: LogMaintenance = {
    applyRetention: refused('no segment is deleted'),
    compact: refused('nothing is compacted'),
    roll: refused('no segment is begun'),
    scrub: refused('nothing is scrubbed here (odradek scrub reads a directory in use)'),
  };

  updateSettings(): void {
    throw readOnly('settings are not changed');
  }
  refused(): void {
    throw readOnly('nothing is appended');
  }
  knownProducers(): [] {
    return [];
  }
  readonly append = refused('nothing is appended');
  readonly deleteBefore = refused('nothing is deleted');
  readonly truncateTo = refused('nothing is cut off');
  readonly beginAt = refused('no log begins anew');

  /** As `refresh`. */
  flush(): Promise<void> {
    return this.refresh();
  }
}

function refused(what: string): () => Promise<never> {
  return () => Promise.reject(readOnly(what));
}

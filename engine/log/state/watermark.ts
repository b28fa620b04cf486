import { hasErrno } from '../../disk/errno.js';
import type { LogSettings } from '../log-settings.js';
import type { HighWatermarkRule } from '../partition-log.js';
import type { Segment } from '../segments/segment.js';
import type { SegmentList } from '../segments/segment-list.js';
import type { LogContext } from '../shared/log-context.js';
import type { LogLife } from './log-life.js';
import { type LogPosition, NOWHERE, type OffsetTracker } from './offset-tracker.js';

/** The log whose high watermark it is. */
export interface WatermarkLog {
  readonly context: LogContext;
  readonly settings: LogSettings;
  readonly segments: SegmentList;
  readonly offsets: OffsetTracker;
  readonly life: LogLife;
  readonly durability: {
    /** Notes that the next checkpoint has something to write. */
    markDirty(): void;
  };
}

/** Finds the batch that holds an offset, or the first one behind it; null where there is none. */
type FindBatch = (
  offset: number,
) => { readonly segment: Segment; readonly position: number } | null;

/** Moves a log's high watermark by the rule of its owner, and tells listeners. */
export class Watermark {
  readonly #log: WatermarkLog;
  readonly #findBatch: FindBatch;
  /** Null for the promised end. */
  #rule: HighWatermarkRule | null;
  readonly #listeners = new Set<() => void>();

  constructor(log: WatermarkLog, rule: HighWatermarkRule | null, findBatch: FindBatch) {
    this.#log = log;
    this.#findBatch = findBatch;
    this.#rule = rule;
  }

  /** The end up to which the log's flush promise holds. */
  get promised(): LogPosition {
    const { offsets, settings } = this.#log;
    return settings.flush === 'ack' ? offsets.durable : offsets.written;
  }

  setRule(rule: HighWatermarkRule): void {
    this.#rule = rule;
    this.#move();
  }

  /** Asks the rule again, unless the log has ended. */
  advance(): void {
    if (!this.#log.life.hasEnded) this.#move();
  }

  #move(): void {
    const { offsets } = this.#log;
    const { promised } = this;
    const wanted =
      this.#rule?.({
        writtenEnd: offsets.written.offset,
        durableEnd: offsets.durable.offset,
        promisedEnd: promised.offset,
      }) ?? promised.offset;
    if (wanted <= offsets.highWatermark.offset) return;
    const position = this.#positionOf(wanted, () => this.#move());
    if (position === null || !offsets.committed(position)) return;
    // The end by the log's own promise can be found again after a restart; that of a rule cannot.
    if (this.#rule !== null) this.#log.durability.markDirty();
    this.notify();
  }

  /** Asks the rule for the first time, and finds the position of the high watermark. */
  begin(): void {
    this.#move();
    this.#place();
  }

  #place(): void {
    const { offsets } = this.#log;
    const { offset, segmentBase } = offsets.highWatermark;
    if (segmentBase !== NOWHERE) return;
    try {
      const position = this.#positionOf(offset, () => this.#place());
      if (position !== null) offsets.placeHighWatermark(position);
    } catch (error) {
      // Until the high watermark moves, records before the damage are not read either.
      if (!hasErrno(error, 'CORRUPT_BATCH')) throw error;
    }
  }

  /**
   * Null while the index is being rebuilt; after that `again` is called, and listeners are told.
   */
  #positionOf(offset: number, again: () => void): LogPosition | null {
    try {
      return this.#lookUp(offset);
    } catch (error) {
      if (!hasErrno(error, 'INDEX_REBUILDING')) throw error;
      void this.#whenRebuilt(offset, again);
      return null;
    }
  }

  /** The next read of the segment reports a failure of the rebuild. */
  async #whenRebuilt(offset: number, again: () => void): Promise<void> {
    const log = this.#log;
    const segment = log.segments.floor(offset);
    if (segment === undefined) return;
    const { indexIntervalBytes } = log.settings;
    const isLive = (): boolean => !segment.isRetired && !log.life.hasEnded;
    try {
      const loaded = await log.context.indexCache.load(segment, indexIntervalBytes, isLive);
      if (loaded === null || log.life.hasEnded) return;
      again();
      this.notify();
    } catch (error) {
      log.context.logger.error(
        { file: segment.file.path, error },
        'an index could not be rebuilt: the high watermark stays where it is until it moves',
      );
    }
  }

  #lookUp(offset: number): LogPosition {
    const { written } = this.#log.offsets;
    if (offset === this.promised.offset) return this.promised;
    if (offset >= written.offset) return written;
    const found = this.#findBatch(offset);
    if (!found) return written;
    return { offset, segmentBase: found.segment.baseOffset, position: found.position };
  }

  onAdvance(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  notify(): void {
    for (const listener of this.#listeners) listener();
  }

  /** Tells all listeners a last time: the log has ended. */
  end(): void {
    this.notify();
    this.#listeners.clear();
  }
}

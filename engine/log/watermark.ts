import type { LogParts } from './log-parts.js';
import type { LogPosition } from './offset-tracker.js';
import type { HighWatermarkRule } from './partition-log.js';
import { findBatch } from './read.js';

/** Moves a log's high watermark by the rule that its owner passed in, and tells who listens. */
export class Watermark {
  readonly #log: LogParts;
  /** Null for the promised end. */
  #rule: HighWatermarkRule | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(log: LogParts) {
    this.#log = log;
  }

  /** The end of what the log's flush promise has kept. */
  get promised(): LogPosition {
    const { offsets, settings } = this.#log;
    return settings.flush === 'ack' ? offsets.durable : offsets.written;
  }

  setRule(rule: HighWatermarkRule): void {
    this.#rule = rule;
    this.advance();
  }

  /** Asks the rule again. */
  advance(): void {
    const { offsets } = this.#log;
    const { promised } = this;
    const wanted =
      this.#rule?.({
        writtenEnd: offsets.written.offset,
        durableEnd: offsets.durable.offset,
        promisedEnd: promised.offset,
      }) ?? promised.offset;
    if (wanted <= offsets.highWatermark.offset) return;
    if (offsets.committed(this.#positionOf(wanted))) this.notify();
  }

  #positionOf(offset: number): LogPosition {
    const { written } = this.#log.offsets;
    if (offset === this.promised.offset) return this.promised;
    if (offset >= written.offset) return written;
    const found = findBatch(this.#log, offset);
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

  /** Tells everybody a last time: the log has ended. */
  end(): void {
    this.notify();
    this.#listeners.clear();
  }
}

import type { CatalogChange } from '../../catalog/catalog.js';
import { LIMITS } from '../../limits.js';
import type { LogSettings } from '../log-settings.js';
import type { PartitionName } from '../partition-log.js';
import type { LogContext } from '../shared/log-context.js';
import type { OffsetTracker } from '../state/offset-tracker.js';
import {
  hasWrittenFrom,
  type NextBatch,
  type ProducerPage,
  type ProducerSnapshot,
} from '../state/producer.js';
import type { ProducerStates } from '../state/producer-state.js';
import { encodeProducers, producerPageKey, type RecordedProducers } from './producer-records.js';

/** The producers in a checkpoint, and the changes of the catalog beside it. */
export interface ProducerChanges {
  readonly recorded: RecordedProducers;
  readonly pages: readonly CatalogChange[];
}

/** The log that the producers write to. */
interface ProducersLog {
  readonly context: LogContext;
  readonly name: PartitionName;
  readonly settings: LogSettings;
  readonly offsets: OffsetTracker;
  readonly producers: ProducerStates;
}

const NONE: ReadonlyMap<number, NextBatch> = new Map();

/**
 * The contribution of one log's producers to its checkpoints. As long as one page holds them all
 * they are a part of the checkpoint; else each page has a key of its own, and those that have
 * changed are written, the bulk of many before the checkpoint.
 *
 * A page may be ahead of the checkpoint: it holds the batches that were durable when it was
 * written, and recovery skips batches that a producer is known to have sent. But a page must not
 * lag behind the checkpoint, nor hold batches that may still be lost.
 */
export class ProducerCheckpoints {
  readonly #log: ProducersLog;
  /** Pages that were taken for a checkpoint, and are not known to be in the catalog. */
  #taken: readonly ProducerPage[] = [];
  /** The number of pages at that time. Newer pages hold nothing that the checkpoint needs. */
  #pageCount = 0;

  constructor(log: ProducersLog) {
    this.#log = log;
  }

  /** Forgets some of the producers that were silent for too long. */
  expire(): void {
    const { context, settings, producers } = this.#log;
    producers.expire(context.clock.wallMs() - settings.producerExpirationMs);
  }

  /** As `begin`, for all producers that a cut at `offset` changes, too. */
  beginCut(offset: number): void {
    this.#log.producers.changedFrom(offset);
    this.begin();
  }

  /** Takes all changes until now into the next checkpoint. */
  begin(): void {
    const { pages } = this.#log.producers;
    this.#taken = [...new Set([...this.#taken, ...pages.takeDirty()])];
    this.#pageCount = pages.count;
  }

  /**
   * Writes pages, in slices, until few are left for the checkpoint itself; null where few there
   * are. Called when everything that `begin` has seen is durable. Gives up when `isWanted` says no.
   * Rejects as the catalog does.
   */
  writeAhead(isWanted: () => boolean): Promise<void> | null {
    const isMuch = this.#taken.length > LIMITS.producerPagesWithCheckpointMax;
    return isMuch ? this.#writeAhead(isWanted) : null;
  }

  async #writeAhead(isWanted: () => boolean): Promise<void> {
    const { catalog, slices } = this.#log.context;
    const taken = this.#taken;
    const work = slices.begin();
    for (let from = 0; from < taken.length; from += LIMITS.producerPagesAtATime) {
      if (!isWanted()) return;
      const endOffset = this.#log.offsets.durable.offset;
      const changes: CatalogChange[] = [];
      for (const page of taken.slice(from, from + LIMITS.producerPagesAtATime)) {
        changes.push(this.#changeOf(page, endOffset, NONE));
        const pause = work.did(LIMITS.producersPerPage);
        if (pause !== null) await pause;
      }
      if (!isWanted()) return;
      await catalog.write(changes);
    }
    // A truncation may have called `beginCut` meanwhile.
    if (this.#taken === taken) this.#taken = [];
  }

  /**
   * The changes as of `endOffset` (exclusive), up to which everything is durable. `firstAbove`: see
   * `ProducerStates.truncateEnd`.
   */
  changesAt(endOffset: number, firstAbove: ReadonlyMap<number, NextBatch> = NONE): ProducerChanges {
    const producerPages = this.#pageCount > 1 ? this.#pageCount : 0;
    if (producerPages > 0) {
      const pages = this.#taken.map((page) => this.#changeOf(page, endOffset, firstAbove));
      return { recorded: { producers: [], producerPages }, pages };
    }
    const all = this.#log.producers.pages.all();
    const producers = all.flatMap((page) => snapshotOf(page, endOffset, firstAbove));
    for (const page of this.#taken) this.#written(page, endOffset);
    return { recorded: { producers, producerPages }, pages: [] };
  }

  /** The changes are durable. */
  done(): void {
    this.#taken = [];
  }

  #changeOf(
    page: ProducerPage,
    endOffset: number,
    firstAbove: ReadonlyMap<number, NextBatch>,
  ): CatalogChange {
    this.#written(page, endOffset);
    const value = encodeProducers(snapshotOf(page, endOffset, firstAbove));
    return { key: producerPageKey(this.#log.name, page.number), value };
  }

  /** Batches that are not durable yet come with a later checkpoint. */
  #written(page: ProducerPage, endOffset: number): void {
    page.written();
    const isBehind = page.producers.some((producer) => hasWrittenFrom(producer, endOffset));
    if (isBehind) this.#log.producers.pages.changed(page);
  }
}

function snapshotOf(
  { producers }: ProducerPage,
  endOffset: number,
  firstAbove: ReadonlyMap<number, NextBatch>,
): ProducerSnapshot {
  return producers.map((producer) => [
    producer.id,
    producer.stateAt(endOffset, firstAbove.get(producer.id)),
  ]);
}

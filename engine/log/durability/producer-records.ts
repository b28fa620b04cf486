import type { Catalog, CatalogChange, CatalogKey } from '../../catalog/catalog.js';
import { LIMITS } from '../../limits.js';
import type { TurnSlices } from '../../turn-slices.js';
import type { PartitionName } from '../partition-log.js';
import {
  nextAfter,
  type ProducerBatch,
  type ProducerSnapshot,
  type ProducerState,
} from '../state/producer.js';
import { ProducerStates } from '../state/producer-state.js';

/** A producer as it is stored: an array of numbers, since there can be thousands of producers. */
export type StoredProducer = [producerId: number, ...numbers: number[]];

/** The producers in a log's checkpoint. */
export interface RecordedProducers {
  /** The producers that stand in the checkpoint itself: all, or none. */
  readonly producers: ProducerSnapshot;
  /** Number of pages of producers beside the checkpoint. */
  readonly producerPages: number;
}

const NUMBERS_PER_BATCH = 6;

export function producerPageKey(name: PartitionName, page: number): CatalogKey {
  return ['log', name.topicId, name.partition, 'producers', page];
}

/** The producers of a log as its checkpoint knows them; null where a page of them is missing. */
export async function readProducers(
  catalog: Catalog,
  name: PartitionName,
  checkpoint: RecordedProducers | null,
  slices: TurnSlices,
): Promise<ProducerStates | null> {
  const producers = new ProducerStates();
  if (checkpoint === null) return producers;
  const work = slices.begin();
  for (let page = 0; page < checkpoint.producerPages; page++) {
    const stored = catalog.get(producerPageKey(name, page)) as StoredProducer[] | undefined;
    if (stored === undefined) return null;
    producers.restorePage(decodeProducers(stored));
    const pause = work.did(stored.length);
    if (pause !== null) await pause;
  }
  producers.restore(checkpoint.producers);
  return producers;
}

/**
 * Removes all pages of a log, also those that no checkpoint has counted, the last ones first: the
 * next call finds pages that an interrupted call has left. Resolves when that is durable.
 */
export async function forgetProducers(
  catalog: Catalog,
  name: PartitionName,
  slices: TurnSlices,
): Promise<void> {
  const work = slices.begin();
  let count = 0;
  for (; catalog.get(producerPageKey(name, count)) !== undefined; count++) {
    const pause = work.did(LIMITS.producersPerPage);
    if (pause !== null) await pause;
  }
  for (let end = count; end > 0; end -= LIMITS.producerPagesAtATime) {
    const changes: CatalogChange[] = [];
    for (let page = Math.max(0, end - LIMITS.producerPagesAtATime); page < end; page++) {
      changes.push({ key: producerPageKey(name, page), value: undefined });
    }
    await catalog.write(changes);
  }
}

export function encodeProducers(snapshot: ProducerSnapshot): StoredProducer[] {
  return snapshot.map(([producerId, state]) => [producerId, ...encodeProducer(state)]);
}

export function decodeProducers(stored: readonly StoredProducer[]): ProducerSnapshot {
  return stored.map(([producerId, ...numbers]) => [producerId, decodeProducer(numbers)] as const);
}

/** Six numbers a batch; of a producer without one, three. */
function encodeProducer({ next, heardMs, batches }: ProducerState): number[] {
  if (batches.length === 0) return [next.epoch, next.sequence, heardMs];
  return batches.flatMap((batch) => [
    batch.epoch,
    batch.baseSequence,
    batch.lastSequence,
    batch.baseOffset,
    batch.lastOffset,
    batch.timestampMs,
  ]);
}

function decodeProducer(numbers: readonly number[]): ProducerState {
  const batches = numbers.length < NUMBERS_PER_BATCH ? [] : decodeBatches(numbers);
  const last = batches.at(-1);
  if (last) return { next: nextAfter(last), heardMs: last.timestampMs, batches };
  const [epoch, sequence, heardMs] = numbers as [number, number, number];
  return { next: { epoch, sequence }, heardMs, batches };
}

function decodeBatches(numbers: readonly number[]): ProducerBatch[] {
  const batches: ProducerBatch[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_PER_BATCH) {
    batches.push({
      epoch: numbers[at]!,
      baseSequence: numbers[at + 1]!,
      lastSequence: numbers[at + 2]!,
      baseOffset: numbers[at + 3]!,
      lastOffset: numbers[at + 4]!,
      timestampMs: numbers[at + 5]!,
    });
  }
  return batches;
}

import { EngineError } from '../../errors.js';
import { LIMITS } from '../../limits.js';
import type { KnownProducer } from '../partition-log.js';
import {
  findProducerBatch,
  hasWrittenFrom,
  isLater,
  type NextBatch,
  Producer,
  type ProducerBatch,
  type ProducerPage,
  type ProducerSnapshot,
  type ProducerState,
} from './producer.js';
import { ProducerPages } from './producer-pages.js';

/**
 * The batches of each idempotent producer in one log: enough to recognise a batch that is sent
 * again, and a gap. Rebuilt from the log behind the last checkpoint.
 */
export class ProducerStates {
  readonly #producers = new Map<number, Producer>();
  readonly #countMax: number;
  readonly pages = new ProducerPages();

  constructor(countMax: number = LIMITS.producersPerLogMax) {
    this.#countMax = countMax;
  }

  get count(): number {
    return this.#producers.size;
  }

  /** Takes in the producers of a checkpoint: the next checkpoint must write them again. */
  restore(snapshot: ProducerSnapshot): void {
    for (const [producerId, state] of snapshot) {
      const page = this.pages.withRoom();
      this.#restoreOne(producerId, state, page);
      this.pages.changed(page);
    }
  }

  /** Takes in the next page as it was written. */
  restorePage(snapshot: ProducerSnapshot): void {
    const page = this.pages.append();
    for (const [producerId, state] of snapshot) this.#restoreOne(producerId, state, page);
  }

  /** A producer that was forgotten and came back may stand in two pages after a crash. */
  #restoreOne(id: number, state: ProducerState, page: ProducerPage): void {
    const other = this.#producers.get(id);
    if (other !== undefined && isLater(other, state)) {
      this.pages.changed(page);
      return;
    }
    if (other !== undefined) this.#forget(other);
    this.#begin(new Producer(id, page, state.next, state.heardMs, [...state.batches]));
  }

  /**
   * Judges a batch that is about to be appended. Returns the original when it was appended before,
   * null when it is new. An unknown producer may begin with any sequence (KIP-360).
   *
   * @throws EngineError STALE_PRODUCER_EPOCH, OUT_OF_ORDER_SEQUENCE (neither the next batch nor one
   * of the last five)
   */
  check(
    producerId: number,
    epoch: number,
    baseSequence: number,
    lastSequence: number,
  ): ProducerBatch | null {
    const producer = this.#producers.get(producerId);
    if (producer === undefined) return null;
    if (epoch === producer.epoch) {
      if (baseSequence === producer.nextSequence) return null;
      const original = findProducerBatch(producer, baseSequence, lastSequence);
      if (original !== null) return original;
    } else if (epoch < producer.epoch) {
      throw new EngineError(
        'STALE_PRODUCER_EPOCH',
        `producer ${producerId} now has epoch ${producer.epoch}, the batch has ${epoch}`,
      );
    } else if (baseSequence === 0) return null;
    const expected = epoch === producer.epoch ? producer.nextSequence : 0;
    throw new EngineError(
      'OUT_OF_ORDER_SEQUENCE',
      `producer ${producerId} sent sequence ${baseSequence} in epoch ${epoch}, ${expected} is next`,
    );
  }

  /** Notes a batch that was appended. Batches come in offset order. */
  add(producerId: number, batch: ProducerBatch): void {
    let producer = this.#producers.get(producerId);
    if (producer === undefined) {
      const next = { epoch: batch.epoch, sequence: batch.baseSequence };
      producer = this.#new(producerId, next, batch.timestampMs);
    } else if (hasWrittenFrom(producer, batch.lastOffset)) {
      // Recovery reads batches again that the checkpoint already has.
      return;
    }
    producer.note(batch);
    if (!producer.page.isDirty) this.pages.changed(producer.page);
  }

  /**
   * Notes a batch that was refused although its producer will send it again: no other batch of an
   * unknown producer is taken until this one comes, or the epoch rises. A known producer's next
   * batch is known already.
   */
  expect(producerId: number, next: NextBatch, nowMs: number): void {
    if (this.#producers.has(producerId)) return;
    this.pages.changed(this.#new(producerId, next, nowMs).page);
  }

  /**
   * Takes back a batch that was noted and not written, with all of its producer from `startOffset`
   * on. Called for each of them, oldest first: the first one is what the producer must send again,
   * where nothing of it is left.
   */
  takeBack(producerId: number, first: NextBatch, startOffset: number): void {
    const producer = this.#producers.get(producerId);
    producer?.cut(startOffset, first);
  }

  /**
   * The producers with remembered batches; the list is live, so that a slow reader sees later
   * states.
   */
  *known(): Iterable<KnownProducer> {
    for (const { id, epoch, batches } of this.#producers.values()) {
      const last = batches.at(-1);
      if (last === undefined) continue;
      const { lastSequence, timestampMs } = last;
      yield { producerId: id, epoch, lastSequence, lastAppendMs: timestampMs };
    }
  }

  /** Producers with a batch at or above `offset`, but none below it that is remembered. */
  beganBehind(offset: number): number[] {
    const found: number[] = [];
    for (const { id, batches } of this.#producers.values()) {
      if (batches.length > 0 && batches[0]!.lastOffset >= offset) found.push(id);
    }
    return found;
  }

  /** Lets the next checkpoint write producers with a batch at or above `offset` again. */
  changedFrom(offset: number): void {
    for (const producer of this.#producers.values()) {
      if (hasWrittenFrom(producer, offset)) this.pages.changed(producer.page);
    }
  }

  /**
   * Forgets batches at and above `offset`: they were cut off the log. `firstCut` has the first
   * removed batch of each producer that has no batch left, as far as it is known: it must send that
   * batch next.
   */
  truncateEnd(offset: number, firstCut: ReadonlyMap<number, NextBatch>): void {
    for (const producer of this.#producers.values()) {
      if (!hasWrittenFrom(producer, offset)) continue;
      producer.cut(offset, firstCut.get(producer.id));
      this.pages.changed(producer.page);
    }
  }

  /** Forgets all producers: the log begins again, empty. */
  forgetAll(): void {
    for (const producer of [...this.#producers.values()]) this.#forget(producer);
  }

  /**
   * Forgets producers that were last heard of before `beforeMs`: looks at about a thousand of them,
   * others at each call.
   */
  expire(beforeMs: number): void {
    for (const { producers } of this.pages.nextOnes()) {
      for (const producer of [...producers]) {
        if (producer.heardMs < beforeMs) this.#forget(producer);
      }
    }
  }

  /** A new producer, in the place of one that was silent for long where there are too many. */
  #new(id: number, next: NextBatch, heardMs: number): Producer {
    if (this.#producers.size >= this.#countMax) this.#forgetSilent();
    const page = this.pages.withRoom();
    const producer = new Producer(id, page, next, heardMs, []);
    this.#begin(producer);
    return producer;
  }

  #begin(producer: Producer): void {
    this.#producers.set(producer.id, producer);
    this.pages.add(producer);
  }

  #forget(producer: Producer): void {
    this.#producers.delete(producer.id);
    this.pages.remove(producer);
  }

  #forgetSilent(): void {
    let silent: Producer | undefined;
    for (const { producers } of this.pages.nextOnes()) {
      for (const producer of producers) {
        if (silent === undefined || producer.heardMs < silent.heardMs) silent = producer;
      }
    }
    if (silent !== undefined) this.#forget(silent);
  }
}
